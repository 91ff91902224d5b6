"""What the office has of each client and each of its processes, and the socket on which it listens."""

import asyncio
import ipaddress
import socket
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from booking.errors import BadInputError
from booking.office.protocol import LONGEST_LINE, StepEvent, encode, format_address
from booking.processes.group import Process
from booking.processes.journal import Message
from booking.steps import Step
from booking.text.words import printable

BACKLOG = 1024
"""Connections that wait until the office takes them."""
FAREWELL = 2.0
"""Seconds that a client has to read the last response before it is cut off."""
MOST_IGNORED = 1 << 22
"""Bytes that are read from a client that was turned away, so that it can read why, before it is cut off."""
PIECE = 1 << 14

_OUTSIDE = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}
"""Addresses for documentation (RFC 5737, RFC 3849): the system has a route to them, and nothing is ever sent."""


class Client:
    """One connection: `watch` tells that it hears each event at once, `leaving` that it got its last response.

    `events` are those of its latest request.
    """

    def __init__(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.number = number
        self.name = ""
        self.watch = False
        self.leaving = False
        self.events: list[StepEvent] = []
        self._reader = reader
        self._writer = writer

    @property
    def label(self) -> str:
        """Return what the screen calls it: its number, and its name once it has given one."""
        return f"client {self.number} ({printable(self.name)})" if self.name else f"client {self.number}"

    @property
    def origin(self) -> str:
        """Return the HOST:PORT that it comes from."""
        return format_address(*self._writer.get_extra_info("peername")[:2])

    @property
    def is_present(self) -> bool:
        """Return whether it can still hear a response, as far as is known."""
        return not self._writer.is_closing()

    @property
    def read(self) -> int | None:
        """Return the count that its purchase was based on, None if it was torn or never read."""
        reads = [event.value for event in self.events if event.step == Step.READ and isinstance(event.value, int)]
        return reads[-1] if reads else None

    async def next_line(self) -> bytes | None:
        """Return the next line without its end, the start of one that is too long, None once the client hangs up."""
        try:
            return (await self._reader.readuntil(b"\n"))[:-1]
        except asyncio.LimitOverrunError:
            return await self._reader.read(LONGEST_LINE)
        except (asyncio.IncompleteReadError, ConnectionError):  # half a line at the end is forgotten
            return None

    def send(self, document: dict[str, Any]) -> None:
        """Send a line; a client that does not read its responses is not waited for."""
        if self.is_present:
            self._writer.write(encode(document))
            if self._writer.transport.get_write_buffer_size():
                self.hang_up()

    async def see_off(self) -> None:
        """Give the client time to read its last response; what it still sends is read, or it would never see that."""
        with suppress(OSError):  # TimeoutError is one
            self._writer.write_eof()
            async with asyncio.timeout(FAREWELL):
                for _ in range(MOST_IGNORED // PIECE):
                    if not await self._reader.read(PIECE):
                        return

    def hang_up(self) -> None:
        """End the connection; closing the socket is not enough, because forked processes have copies of it."""
        with suppress(OSError):
            self._writer.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
        self._writer.transport.abort()


class Worker:
    """One process of the office, and the client that it serves now."""

    def __init__(self, process: Process, requests: Connection) -> None:
        self.process = process
        self.client: Client | None = None
        self.has_ended = False
        self._requests = requests
        self._result: asyncio.Future[Message | None] | None = None

    async def carry_out(self, client: Client, pay_s: float | None) -> Message | None:
        """Serve one request and return its last message; None if the process ends before."""
        if self.has_ended:
            return None
        self.client, self._result = client, asyncio.get_running_loop().create_future()
        self.send((client.number, pay_s))
        return await self._result

    def send(self, request: tuple[int, float | None] | None) -> None:
        """Send one request, or None to end the process; a process that was killed is noticed later."""
        with suppress(OSError):
            self._requests.send(request)

    def finish(self, message: Message | None) -> None:
        """Note the last message of the request, if there is one; None if the process has ended."""
        if message is None:
            self.has_ended = True
            self._requests.close()
        if self.client and self._result:
            self.client = None
            self._result.set_result(message)


class Listener:
    """The listening socket of the office. Port 0 takes a free one.

    Raise BadInputError if the address does not belong to this machine or is in use.
    """

    def __init__(self, host: str, port: int) -> None:
        try:
            family, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
            dual = family == socket.AF_INET6 and socket.has_dualstack_ipv6()
            self.socket = socket.create_server(place[:2], family=family, backlog=BACKLOG, dualstack_ipv6=dual)
        except (OSError, ValueError, OverflowError) as error:
            reason = (getattr(error, "strerror", None) or "it is not an address").partition(" (while ")[0]
            raise BadInputError(
                f"cannot listen on {ascii(host)[1:-1]}:{port}: {reason}; use --port 0 for a free port"
            ) from None
        self.host, self.port = self.socket.getsockname()[:2]
        self._ip = ipaddress.ip_address(self.host.partition("%")[0])

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
        return format_address(_own_host(self.socket.family) if self._ip.is_unspecified else self.host, self.port)


def _own_host(family: int) -> str:
    """Return the address of this machine in its network, else its name."""
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((_OUTSIDE[socket.AddressFamily(family)], 9))
        return str(probe.getsockname()[0])
    return socket.gethostname()
