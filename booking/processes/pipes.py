"""The start method fork, with the little that a plain sale needs of it.

The standard library's contexts and pipes import pickle, sockets and temporary files, which takes longer than a sale.
A forked child inherits all that it needs, so its pipes are bare descriptors.
"""

import math
import os
import select
from typing import TYPE_CHECKING, Any, cast

from booking.processes.forked import forking
from booking.storage.files import write_all

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import BaseContext

_LENGTH = 4
"""Bytes before each message that tell how long it is."""
_CLOSED = -1


class ForkContext:
    """What `multiprocessing.get_context("fork")` is: the library itself is imported when one of its parts is used."""

    def get_start_method(self, allow_none: bool = False) -> str:  # noqa: FBT001, FBT002 - the library's own form
        """Return "fork"."""
        del allow_none
        return "fork"

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a context has
        with forking:  # a fork in the middle of an import leaves half of it
            from multiprocessing import get_context  # noqa: PLC0415 - 6 ms that only few sales need

            return getattr(get_context("fork"), name)


class PipeEnd:
    """One end of a pipe, with the verbs of `multiprocessing.connection.Connection` that a sale uses."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def fileno(self) -> int:
        """Return the descriptor; raises OSError for a closed end."""
        if self._descriptor == _CLOSED:
            raise OSError("this end of the pipe is closed")
        return self._descriptor

    def close(self) -> None:
        """Close this end; a second time it does nothing."""
        descriptor, self._descriptor = self._descriptor, _CLOSED
        if descriptor != _CLOSED:
            os.close(descriptor)

    def __del__(self) -> None:
        """Close what nobody can use any more."""
        self.close()

    def poll(self, timeout: float | None = 0.0) -> bool:
        """Wait up to so many seconds, None for ever, and return whether there is a message or the other end is gone."""
        poll = select.poll()
        poll.register(self.fileno(), select.POLLIN)
        return bool(poll.poll(None if timeout is None else math.ceil(max(0.0, timeout) * 1e3)))

    def send_bytes(self, message: bytes) -> None:
        """Send one message; whole, and not mixed with others, where it is shorter than PIPE_BUF (pipe(7))."""
        write_all(self.fileno(), len(message).to_bytes(_LENGTH, "big") + message)

    def recv_bytes(self) -> bytes:
        """Return the next message; raises EOFError when the other end is closed everywhere."""
        return self._exactly(int.from_bytes(self._exactly(_LENGTH), "big"))

    def _exactly(self, size: int) -> bytes:
        content = b""
        while len(content) < size:
            part = os.read(self.fileno(), size - len(content))
            if not part:
                raise EOFError
            content += part
        return content


def one_way(context: "BaseContext") -> "tuple[Connection, Connection]":
    """Return the two ends of a pipe, the one to read from first. Raises OSError where the system has no room for it."""
    if context.get_start_method() != "fork":
        return context.Pipe(duplex=False)
    reading, writing = os.pipe()
    return cast("Connection", PipeEnd(reading)), cast("Connection", PipeEnd(writing))
