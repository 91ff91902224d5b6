"""What children tell their parent: one short message at a time, through one pipe for all of them.

The system keeps the messages of one pipe in one order and never mixes two of them when they are shorter than
PIPE_BUF (pipe(7)). So a message that was sent before another step began arrives before that step's messages. A child
that is killed has already sent all that it did.
"""

import marshal
import os
import select
import time
from multiprocessing.connection import Connection
from pathlib import Path
from traceback import extract_tb
from typing import Literal, NamedTuple, Protocol, TypeAlias

Phase: TypeAlias = Literal["call", "return"]
Value: TypeAlias = int | str | None

READY = "ready"
END = "end"
FAILED = "failed"
"""The word of a child that ends with an exception; `error` is the line that says which."""
IDLE = "idle"
"""The word that a watcher gets, from NOBODY, after a while without messages; no child sends it."""
NOBODY = 0
"""The number of a sender that speaks for no buyer."""
PARENT_GONE = 143
"""The exit code of a child that ends because its parent has ended."""

_LONGEST_ERROR = getattr(select, "PIPE_BUF", 512) // 2
"""In bytes of UTF-8: with the rest the message still fits into PIPE_BUF."""
_FOLDERS = (str(Path(__file__).parents[1]), str(Path(os.__file__).parent), "<frozen ")
"""Where our own code and the standard library lie."""


class Message(NamedTuple):
    """One message: `word` is the name of a step, READY, END or FAILED; `value` belongs to it.

    For END the value is the outcome and `error` says why the buyer could not go on. `t_ns` is the monotonic clock in
    nanoseconds, the same for all processes of one machine. `train` is which of several trains a step touches.
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
    """Takes note of a step: its name, whether it begins or has ended, and its value."""

    def __call__(self, word: str, phase: Phase, value: Value = None, /) -> None:
        """Take note of it."""


class Journal:
    """The child's end of the pipe."""

    def __init__(self, buyer: int, pipe: Connection) -> None:
        self._buyer = buyer
        self._pid = os.getpid()
        self._pipe = pipe

    def record(self, word: str, phase: Phase, value: Value = None, error: str | None = None, *, train: int = 1) -> None:
        """Send one message; end this process if its parent is gone."""
        value = str(value) if isinstance(value, str) else value  # `marshal` refuses the member of an enumeration
        content = (self._buyer, self._pid, time.monotonic_ns(), str(word), phase, value, error and _short(error), train)
        try:
            self._pipe.send_bytes(marshal.dumps(content))
        except OSError:
            os._exit(PARENT_GONE)


def failure_line(error: BaseException) -> str:
    """Return what an exception says, on one line, with the file and the line that raised it.

    If code of somebody's own led to it, that is the innermost line of theirs, and none of ours or of the library.
    """
    text = f"{type(error).__name__}: {error}".rstrip(": ")
    frames = extract_tb(error.__traceback__)
    own = [frame for frame in frames if not frame.filename.startswith(_FOLDERS)] or frames
    return f"{text} ({Path(own[-1].filename).name} line {own[-1].lineno})" if own else text


def _short(error: str) -> str:
    """Return the text on one line, cut so that the message is sent in one piece."""
    line = " ".join(error.split()).encode("utf-8", "backslashreplace")
    return line[:_LONGEST_ERROR].decode("utf-8", "ignore")


def receive(pipe: Connection) -> Message:
    """Return the next message. Raise EOFError when every child has closed its end."""
    return Message(*marshal.loads(pipe.recv_bytes()))  # noqa: S302 - a process of ours has sent it
