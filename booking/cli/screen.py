"""What the terminal shows: output that survives its console and its reader."""

import contextlib
import io
import os
import sys
from typing import Any

_STANDARD_OUTPUT = 1


def prepare() -> None:
    """Let a console that lacks a character show a question mark, and a reader that has gone stop nothing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    if isinstance(sys.stdout, io.TextIOWrapper) and not sys.stdout.isatty():
        sys.stdout = _unstoppable(sys.stdout)


def _unstoppable(stream: io.TextIOWrapper) -> io.TextIOWrapper:
    if not isinstance(getattr(stream.buffer, "raw", stream.buffer), io.FileIO):
        return stream
    raw = _Unstoppable(stream.fileno(), "wb", closefd=False)
    buffered = isinstance(stream.buffer, io.BufferedWriter)  # it is not, with PYTHONUNBUFFERED
    return io.TextIOWrapper(
        io.BufferedWriter(raw) if buffered else raw,
        encoding=stream.encoding,
        errors="replace",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


class _Unstoppable(io.FileIO):
    """A pipe whose reader may leave, as `head` does: what it does not want to read is thrown away."""

    def write(self, content: Any, /) -> int:  # noqa: ANN401 - any buffer, for which 3.11 has no name
        """Write, or pretend to where nobody reads any more."""
        try:
            return super().write(content) or 0
        except BrokenPipeError:
            return memoryview(content).nbytes


def give_up_output() -> None:
    """Throw away what is still to be printed: its disk is full, and the attempt at the end would fail too."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), _STANDARD_OUTPUT)
