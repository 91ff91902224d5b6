"""What the office knows of a client and of a process, and by which rules it serves."""

import socket
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

from booking.errors import InconclusiveError
from booking.office.protocol import Lines, Request, StepEvent
from booking.office.screen import label
from booking.processes.group import Process, ProcessGroup
from booking.processes.journal import READY, receive
from booking.steps import Step

PIECE = 1 << 14
"""Bytes taken from a socket at once: few, so that the lines in them delay the others only a little."""
POLL = 0.02
"""Seconds between two looks into the journal on Windows, which cannot wait for pipes and sockets at once."""
FAREWELL = 2.0
"""Seconds that a client has to read the last response before it is cut off."""
MOST_MISTAKES = 10
"""Requests of one client that are refused; the next mistake ends the connection."""
MOST_IGNORED = 1 << 22
"""Bytes that are read from a client that was turned away, so that it can read why, before it is cut off."""
ROUND = 0.1
"""Seconds between two looks at who has been silent for too long, and at which processes have ended."""


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

    @property
    def read(self) -> int | None:
        """Return the count that its purchase was based on, None if it was torn or never read."""
        reads = [event.value for event in self.events if event.step == Step.READ and isinstance(event.value, int)]
        return reads[-1] if reads else None

    def receive(self) -> bytes | None:
        """Return what has arrived, b"" at the end of the connection, None if nothing has."""
        try:
            return self.socket.recv(PIECE)
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def send(self, line: bytes) -> bool:
        """Send a line and return whether all of it went; a client that does not read is not waited for."""
        try:
            return self.socket.send(line) == len(line)
        except OSError:
            return False

    def hang_up(self) -> None:
        """End the connection; closing the socket is not enough, because forked processes have copies of it."""
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


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


def await_ready(group: ProcessGroup, workers: int) -> None:
    """Wait until so many processes are ready. Raise InconclusiveError if one ends before."""
    ready = 0
    while ready < workers:
        if group.inbox.poll(ROUND):
            message = receive(group.inbox)
            if message.word != READY:
                raise InconclusiveError(f"a process of the office could not start: {message.error}")
            ready += 1
        elif any(process.exitcode is not None for process in group.processes):
            raise InconclusiveError("a process of the office ended before it was ready; use fewer, or try again")
