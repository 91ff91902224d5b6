"""Addresses, HOST:PORT, and the socket that listens at one."""

import ipaddress
import os
import socket
import socketserver
from contextlib import suppress
from typing import Any

from booking.errors import BadInputError
from booking.text.words import printable

LOOPBACK = "127.0.0.1"
HIGHEST_PORT = 65535
_OUTSIDE = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}
"""Addresses for documentation (RFC 5737, RFC 3849): the system has a route to them, and nothing is ever sent."""


def parse_address(text: str) -> tuple[str, int]:
    """Return host and port of "127.0.0.1:5000" or "[::1]:5000". Raise BadInputError for anything else."""
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") if host.startswith("[") else host
    if not host or not printable(host) == host or not (port.isascii() and port.isdigit()) or len(port) > 5:  # noqa: PLR2004
        raise BadInputError(f"--at is {text!a:.60}; use HOST:PORT, for example {LOOPBACK}:5000")
    if not 1 <= int(port) <= HIGHEST_PORT:
        raise BadInputError(f"port {int(port)} does not exist; use the one that the office printed")
    return host, int(port)


def format_address(host: str, port: int) -> str:
    """Return an address as people write it; the inverse of `parse_address`."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach this numeric address."""
    return ipaddress.ip_address(host.partition("%")[0]).is_loopback


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

    def get_request(self) -> tuple[socket.socket, tuple[Any, ...]]:
        """Return the next connection, in non-blocking mode, and the client's address.

        Raise OSError if the client has hung up already.
        """
        connection, place = super().get_request()
        try:
            connection.setblocking(False)  # noqa: FBT003
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError:
            connection.close()
            raise
        return connection, place

    @property
    def address(self) -> str:
        """Return the HOST:PORT at which it listens."""
        return format_address(self.host, self.port)

    @property
    def public_address(self) -> str:
        """Return a HOST:PORT at which clients reach it: 0.0.0.0 means every address of this machine, so name one."""
        everywhere = ipaddress.ip_address(self.host.partition("%")[0]).is_unspecified
        return format_address(_own_host(self.address_family) if everywhere else self.host, self.port)


def _own_host(family: int) -> str:
    """Return the address of this machine in its network, else its name."""
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((_OUTSIDE[socket.AddressFamily(family)], 9))
        return str(probe.getsockname()[0])
    return socket.gethostname()
