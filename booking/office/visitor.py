"""A connected client, as the office sees it."""

import contextlib
import socket
from dataclasses import dataclass, field

from booking.office import story
from booking.office.protocol import LONGEST_LINE, Lines, Refusal, Request, parse_request, too_long

PIECE = 1 << 14
"""Bytes taken from a socket at once: few, so that the lines in them hold up nobody for long."""

MOST_IGNORED = 1 << 22
"""Bytes that are read from a client that was turned away, so that it can read why, before it is cut off."""


@dataclass(eq=False)
class Visitor:
    """One connection. `since` is when it was last served, in seconds of the monotonic clock.

    `request` is what the office is carrying out for it, `again` tells that a second clerk does so, and `refused`
    counts what it refused. `leaving` tells that the office has said its last word and waits until the client has
    read it; `gone` tells that the socket is closed.
    """

    number: int
    socket: socket.socket
    since: float
    name: str = ""
    request: Request | None = None
    refused: int = 0
    again: bool = False
    leaving: bool = False
    gone: bool = False
    _lines: Lines = field(default_factory=Lines)
    _ignored: int = 0

    @property
    def label(self) -> str:
        """Return what the screen calls it."""
        return story.who(self.number, self.name)

    @property
    def has_left(self) -> bool:
        """Return whether it takes no more answers."""
        return self.leaving or self.gone

    def hear(self) -> bool:
        """Take what has arrived and return whether the connection goes on; half a line at its end is forgotten."""
        try:
            piece = self.socket.recv(PIECE)
        except BlockingIOError:
            return True
        except OSError:
            return False
        if self.leaving:
            self._ignored += len(piece)
            return bool(piece) and self._ignored < MOST_IGNORED
        self._lines.feed(piece)
        return bool(piece)

    def next_request(self) -> Request | Refusal | None:
        """Return what the next whole line asks for, None while there is none."""
        line = self._lines.take()
        if line is not None:
            return parse_request(line)
        return too_long() if len(self._lines) >= LONGEST_LINE else None

    def tell(self, line: bytes) -> bool:
        """Send a line and return whether it went: one that does not read its answers is not waited for."""
        try:
            return self.socket.send(line) == len(line)
        except OSError:
            return False

    def bow_out(self) -> None:
        """Say no more; what the client still sends is read and forgotten, or it would never see the last answer."""
        self.leaving = True
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Close the socket."""
        self.gone = True
        self.socket.close()
