"""Standard output that survives its console and its reader."""

import io
import os
import sys
import warnings
from contextlib import suppress
from typing import Any

_STANDARD_OUTPUT = 1


def prepare() -> None:
    """Show a question mark for a character that the console lacks, and go on when the reader of a pipe has left.

    A warning takes one line on standard error.
    """
    warnings.showwarning = _show_warning
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    output = sys.stdout
    if not isinstance(output, io.TextIOWrapper) or output.isatty():
        return
    if isinstance(getattr(output.buffer, "raw", output.buffer), io.FileIO):  # and no buffer in memory
        raw = _PatientFile(output.fileno(), "wb", closefd=False)
        sys.stdout = io.TextIOWrapper(
            io.BufferedWriter(raw),
            encoding=output.encoding,
            errors="replace",
            line_buffering=output.line_buffering,
            write_through=output.write_through,
        )


class _PatientFile(io.FileIO):
    """A pipe whose reader may leave, as `head` does: what nobody reads is thrown away."""

    def write(self, content: Any, /) -> int:  # noqa: ANN401 - any buffer, for which 3.11 has no name
        """Write, or pretend to if the reader has left."""
        try:
            return super().write(content) or 0
        except BrokenPipeError:
            return memoryview(content).nbytes


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    with suppress(OSError):
        print(f"booking: warning: {message}", file=sys.stderr)  # noqa: T201 - typer need not be imported for it


def give_up_output() -> None:
    """Throw away what is still to be printed: its disk is full, and the attempt at exit would fail too."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), _STANDARD_OUTPUT)
