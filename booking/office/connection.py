"""What the office has of each client and each process, the socket that listens, and by which rules it serves."""

import ipaddress
import os
import socket
import socketserver
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from booking.errors import BadInputError, InconclusiveError
from booking.office.protocol import Lines, Request, StepEvent, format_address
from booking.processes.group import Process, ProcessGroup
from booking.processes.journal import READY, receive
from booking.steps import Step
from booking.text.words import printable

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

_OUTSIDE = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}
"""Addresses for documentation (RFC 5737, RFC 3849): the system has a route to them, and nothing is ever sent."""


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
        """Return what the screen calls it: its number, and its name once it has given one."""
        return f"client {self.number} ({printable(self.name)})" if self.name else f"client {self.number}"

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


class Listener(socketserver.TCPServer):
    """The listening socket of the office. Port 0 takes a free one.

    Raise BadInputError if the address does not belong to this machine or is in use.
    """

    request_queue_size = 1024
    allow_reuse_address = os.name == "posix"  # on Windows the same option would let two offices share a port

    def __init__(self, host: str, port: int) -> None:
        try:
            family, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
            self.address_family = family
            super().__init__(place[:2], socketserver.BaseRequestHandler)  # type: ignore[arg-type]
        except (OSError, ValueError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or "it is not an address"
            raise BadInputError(
                f"cannot listen on {ascii(host)[1:-1]}:{port}: {reason}; use --port 0 for a free port"
            ) from None
        self.socket.setblocking(False)  # noqa: FBT003
        self.host, self.port = self.socket.getsockname()[:2]
        self._ip = ipaddress.ip_address(self.host.partition("%")[0])

    def get_request(self) -> tuple[socket.socket, tuple[Any, ...]]:
        """Return the next connection, in non-blocking mode, and the client's address.

        Raise OSError if the client has hung up already.
        """
        connection, place = super().get_request()
        connection.setblocking(False)  # noqa: FBT003
        with suppress(OSError):  # reading will tell that it has ended
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection, place

    @property
    def is_loopback(self) -> bool:
        """Return whether only this machine can reach it."""
        return self._ip.is_loopback

    @property
    def address(self) -> str:
        """Return the HOST:PORT at which it listens."""
        return format_address(self.host, self.port)

    @property
    def public_address(self) -> str:
        """Return a HOST:PORT at which clients reach it: 0.0.0.0 means every address of this machine, so name one."""
        return format_address(_own_host(self.address_family) if self._ip.is_unspecified else self.host, self.port)


def _own_host(family: int) -> str:
    """Return the address of this machine in its network, else its name."""
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((_OUTSIDE[socket.AddressFamily(family)], 9))
        return str(probe.getsockname()[0])
    return socket.gethostname()
