"""What a buyer's process tells the parent, one short message at a time, through one pipe for all of them.

The system keeps the messages of one pipe in one order and never mixes two of them when they are shorter than
PIPE_BUF (pipe(7)), so the order in which they arrive is an order in which they were sent, whoever sent them:
a message that was sent before another step began arrives before that step's messages. A killed buyer has
already sent all that it did.
"""

import marshal
import os
import select
import time
from typing import TYPE_CHECKING, NamedTuple, Protocol

from booking.history.history import Phase, Value

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

READY = "ready"
END = "end"
SILENCE = "silence"
"""What a watcher gets, from buyer 0, when nobody has said anything for a while; no buyer sends it."""
NOBODY = 0
"""The number that a clerk or a worker gives where it speaks for no buyer."""
PARENT_GONE = 143

_LONGEST_ERROR = getattr(select, "PIPE_BUF", 512) // 2
"""In bytes of UTF-8: with the rest the message still fits into PIPE_BUF."""


class Message(NamedTuple):
    """One message: `word` is the name of a step, READY or END; `value` belongs to it.

    For END the value is the outcome and `error` says what the disk refused. `t_ns` is the monotonic clock in
    nanoseconds, the same for all processes of one machine. `train` is which of two trains a step touches.
    """

    buyer: int
    pid: int
    t_ns: int
    word: str
    phase: str
    value: Value
    error: str | None = None
    train: int = 1


class Record(Protocol):
    """What a desk tells of its steps: the step's name, whether it begins or has ended, and its value."""

    def __call__(self, word: str, phase: Phase, value: Value = None, /) -> None:
        """Take note of it."""


class Journal:
    """The buyer's end of the pipe."""

    def __init__(self, buyer: int, pipe: "Connection") -> None:
        self._buyer = buyer
        self._pid = os.getpid()
        self._pipe = pipe

    def record(self, word: str, phase: Phase, value: Value = None, error: str | None = None, *, train: int = 1) -> None:
        """Send one message; a process whose parent is gone has nobody to tell and ends."""
        error = error and _short(error)
        message = Message(self._buyer, self._pid, time.monotonic_ns(), word, phase, value, error, train)
        try:
            self._pipe.send_bytes(encoded(message))
        except OSError:
            os._exit(PARENT_GONE)


def _short(error: str) -> str:
    """Return the text on one line, cut where a message would no longer be sent in one piece."""
    line = " ".join(error.split()).encode("utf-8", "backslashreplace")
    return line[:_LONGEST_ERROR].decode("utf-8", "ignore")


def encoded(message: Message) -> bytes:
    """Return the message as `receive` takes it; the processes are one program, so Python's own form will do."""
    buyer, pid, t_ns, word, phase, value, error, train = message
    return marshal.dumps((buyer, pid, t_ns, str(word), phase, _plain(value), error, train))


def _plain(value: Value) -> Value:
    """Return a number or a text of Python's own, which the member of an enumeration is not."""
    if value is None:
        return None
    return int(value) if isinstance(value, int) else str(value)


def receive(pipe: "Connection") -> Message:
    """Return the next message; raises EOFError when every buyer has closed its end."""
    return Message(*marshal.loads(pipe.recv_bytes()))  # noqa: S302 - a process of ours has sent it
