"""Lines on a terminal: whether there is one, the light before a sale, and a bar for long work."""

import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

INTERVAL = 0.1
"""Seconds between two pictures."""

_BAR = 30
_WIDTH = 40
_MOST_COLUMNS = 79


def on_terminal() -> bool:
    """Return whether standard error is a terminal."""
    return sys.stderr is not None and sys.stderr.isatty()


def show_light(left: float) -> None:
    """Show on a terminal how many seconds are left until a sale starts; at 0 the light is green and the line ends."""
    if not on_terminal():
        return
    seconds = math.ceil(left)
    light = "GREEN   go!" if not seconds else f"{'YELLOW' if seconds == 1 else 'RED':<8}starts in {seconds} s"
    sys.stderr.write(f"\r{light:<{_WIDTH}}" + ("" if seconds else "\n"))
    sys.stderr.flush()


@contextmanager
def progress(total: int | None, thing: str) -> Iterator[Callable[..., None]]:
    """Yield a function to call with how many of `total` things are done, and what comes next, if that has a name.

    A `total` of None is unknown.

    Nothing is shown if standard error is no terminal, nor before the first tenth of a second.
    """
    shown = _Bar(total, thing) if on_terminal() else None
    try:
        yield shown or _nothing
    finally:
        if shown:
            shown.wipe()


def bar(done: int, total: int | None, thing: str) -> str:
    """Return the progress in one line."""
    if not total:
        return f"{done:,} {thing}"
    full = min(_BAR, _BAR * done // total)
    return f"[{'#' * full}{'.' * (_BAR - full)}] {done:,} of {total:,} {thing}"


class _Bar:
    """One line that is written over."""

    def __init__(self, total: int | None, thing: str) -> None:
        self._total = total
        self._thing = thing
        self._next = time.monotonic() + INTERVAL
        self._width = 0

    def __call__(self, done: int, coming: str = "") -> None:
        now = time.monotonic()
        if coming or now >= self._next:
            line = (bar(done, self._total, self._thing) + f": {coming}" * bool(coming))[:_MOST_COLUMNS]
            self._write(line.ljust(self._width))
            self._next, self._width = now + INTERVAL, len(line)

    def wipe(self) -> None:
        """Leave an empty line behind."""
        if self._width:
            self._write(" " * self._width + "\r")

    def _write(self, line: str) -> None:
        sys.stderr.write("\r" + line)
        sys.stderr.flush()


def _nothing(done: int, coming: str = "") -> None:
    del done, coming
