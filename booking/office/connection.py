"""What the office knows of a client and of a process, and by which rules it serves."""

import socket
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

from booking.office.protocol import Lines, Request, StepEvent
from booking.office.screen import label
from booking.processes.group import Process


@dataclass(frozen=True)
class Rules:
    """How the office serves. `workers` 0 gives each client its own process.

    `clients` is how many may be connected at once, `idle` how many seconds one may be silent, and `timeout` how many
    seconds a purchase waits for the lock; None waits without a limit.
    """

    workers: int
    clients: int
    idle: float = 30.0
    timeout: float | None = None


@dataclass(eq=False)
class Client:
    """One connection. `since` is when it was last served, in seconds of the monotonic clock.

    `request` is being carried out for it, `events` are those of its purchase, `retried` tells that a second process
    is at it, and `mistakes` counts the refused requests. `leaving` tells that it got the last response and may read
    it; `gone` tells that the socket is closed.
    """

    number: int
    socket: socket.socket
    since: float
    name: str = ""
    request: Request | None = None
    events: list[StepEvent] = field(default_factory=list)
    retried: bool = False
    mistakes: int = 0
    leaving: bool = False
    gone: bool = False
    ignored: int = 0
    lines: Lines = field(default_factory=Lines)
    worker: "Worker | None" = None

    @property
    def label(self) -> str:
        """Return what the screen calls it."""
        return label(self.number, self.name)

    @property
    def has_left(self) -> bool:
        """Return whether it takes no more responses."""
        return self.leaving or self.gone


@dataclass(eq=False)
class Worker:
    """One process of the office; it serves only `owner`, if it has one, and is serving `client` now."""

    process: Process
    requests: Connection
    owner: Client | None
    client: Client | None = None

    def send(self, request: tuple[int, float | None] | None) -> None:
        """Send one request, or None to end the process; a process that was killed is noticed later."""
        with suppress(OSError):
            self.requests.send(request)
