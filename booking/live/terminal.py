"""Lines on a terminal: whether there is one, the light before a sale, and a bar for long work."""

import math
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from booking.text.screen import NARROWEST, WIDEST, Screen
from booking.text.words import WIDTH

INTERVAL = 0.1
"""Seconds between two pictures."""

_BAR = 30
_WIDTH = 40
_MOST_COLUMNS = 79


def on_terminal() -> bool:
    """Return whether standard error is a terminal."""
    return sys.stderr is not None and sys.stderr.isatty()


def shows_colour() -> bool:
    """Return whether standard output shows colours: see no-color.org and force-color.org."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (_is_terminal() and os.environ.get("TERM") != "dumb")


def screen() -> Screen:
    """Return the screen that standard output is: as wide as the terminal, from 40 to 200 columns; a file has 80."""
    width = shutil.get_terminal_size().columns if _is_terminal() else WIDTH
    return Screen(max(NARROWEST, min(width, WIDEST)), shows_colour())


def _is_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()


def show_light(left: float) -> None:
    """Show on a terminal how many seconds are left until a sale starts; at 0 the light is green and the line ends."""
    if not on_terminal():
        return
    seconds = math.ceil(left)
    light = "GREEN   go!" if not seconds else f"{'YELLOW' if seconds == 1 else 'RED':<8}starts in {seconds} s"
    _write(f"{light:<{_WIDTH}}" + ("" if seconds else "\n"))


@contextmanager
def progress(total: int | None, thing: str) -> Iterator[Callable[..., None]]:
    """Yield a function to call with how many of `total` things are done, and what comes next, if that has a name.

    A `total` of None is unknown. One line is written over, and wiped in the end. Nothing is shown if standard error is
    no terminal, nor before the first tenth of a second.
    """
    shown = on_terminal()
    due, width = time.monotonic() + INTERVAL, 0

    def tell(done: int, coming: str = "") -> None:
        nonlocal due, width
        now = time.monotonic()
        if shown and (coming or now >= due):
            most = min(_MOST_COLUMNS, shutil.get_terminal_size().columns - 1)
            line = (bar(done, total, thing) + f": {coming}" * bool(coming))[:most]
            _write(line.ljust(width))
            due, width = now + INTERVAL, len(line)

    try:
        yield tell
    finally:
        if width:
            _write(" " * width + "\r")


def bar(done: int, total: int | None, thing: str) -> str:
    """Return the progress in one line."""
    if not total:
        return f"{done:,} {thing}"
    full = min(_BAR, _BAR * done // total)
    return f"[{'#' * full}{'.' * (_BAR - full)}] {done:,} of {total:,} {thing}"


def _write(line: str) -> None:
    sys.stderr.write("\r" + line)
    sys.stderr.flush()
