"""The live view of a sale, and a plain bar for long work: on standard error, and only where somebody looks.

Everything is drawn by the caller's own thread, at most ten times a second: a thread of the parent would be there
when it forks, and the buyers do not wait for the picture.
"""

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from booking.live.board import KILLED, Board
from booking.live.terminal import on_terminal
from booking.processes.journal import IDLE, Message
from booking.purchase import Outcome
from booking.scenario import Scenario

if TYPE_CHECKING:
    from rich.live import Live
    from rich.text import Text

INTERVAL = 0.1
"""Seconds between two pictures."""

PATIENCE = 1.0
"""Seconds that a sale may take before its live view begins: a short sale is over before anybody has read it."""

_BAR = 30
_STYLES = {Outcome.BOUGHT: "bold blue", Outcome.SOLD_OUT: "dim", KILLED: "bold yellow", Outcome.TORN_READ: "yellow"}


@contextmanager
def live(scenario: Scenario, *, after: float = PATIENCE) -> Iterator[Callable[[Message], None] | None]:
    """Show a sale while it goes on: yields the `watch` for `simulate`, None where standard error is no terminal.

    The view begins `after` so many seconds, 0 shows it from the start, and it is wiped away in the end.
    """
    if not on_terminal():
        yield None
        return
    view = _View(Board(scenario), after)
    try:
        yield view
    finally:
        view.close()


@contextmanager
def progress(total: int | None, thing: str) -> Iterator[Callable[[int], None]]:
    """Yield what to call with how much is done so far, of `total` things; None means that nobody knows the total.

    Nothing is shown where standard error is no terminal, nor before the first tenth of a second.
    """
    shown = _Bar(total, thing) if on_terminal() else None
    try:
        yield shown or _nothing
    finally:
        if shown:
            shown.wipe()


def bar(done: int, total: int | None, thing: str) -> str:
    """Return one line that says how far the work is."""
    if not total:
        return f"{done:,} {thing}"
    full = min(_BAR, _BAR * done // total)
    return f"[{'#' * full}{'.' * (_BAR - full)}] {done:,} of {total:,} {thing}"


class _View:
    """The watch of one sale. Between two pictures it only counts."""

    def __init__(self, board: Board, after: float) -> None:
        self._board = board
        self._live: Live | None = None
        self._next = time.monotonic() + after

    def __call__(self, message: Message) -> None:
        if message.word != IDLE:
            self._board.take(message)
        now = time.monotonic()
        if now >= self._next:
            self._draw()
            self._next = time.monotonic() + INTERVAL

    def close(self) -> None:
        """Wipe the picture away."""
        if self._live:
            self._live.stop()

    def _draw(self) -> None:
        self._board.mourn(_dead(self._board.pids))
        self._live = self._live or _started()
        self._live.update(_text(self._board.lines(), self._live.console.height - 1), refresh=True)


def _started() -> "Live":
    """Return a picture on standard error. It takes 80 ms to import, which a sale that is over at once never pays."""
    from rich.console import Console  # noqa: PLC0415
    from rich.live import Live  # noqa: PLC0415

    started = Live(
        console=Console(stderr=True), auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False
    )
    started.start()
    return started


def _text(lines: Iterable[str], most: int) -> "Text":
    """Return the lines in their colours, each on one row of the terminal, and no more than fit."""
    from rich.text import Text  # noqa: PLC0415

    text = Text(no_wrap=True, overflow="ellipsis")
    for line in [*lines][:most]:
        style = next((style for word, style in _STYLES.items() if word in line), "")
        text.append(line + "\n", style)
    text.rstrip()
    return text


def _dead(pids: dict[int, int]) -> list[int]:
    """Return the buyers whose processes have ended, without collecting them: that is the sale's business."""
    if not hasattr(os, "waitid"):  # Windows, where a killed buyer keeps its last word until the end
        return []
    return [buyer for buyer, pid in pids.items() if _has_ended(pid)]


def _has_ended(pid: int) -> bool:
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:  # it has been collected already, or the fork server is its parent
        return False


class _Bar:
    """One line that is written over."""

    def __init__(self, total: int | None, thing: str) -> None:
        self._total = total
        self._thing = thing
        self._next = time.monotonic() + INTERVAL
        self._width = 0

    def __call__(self, done: int) -> None:
        now = time.monotonic()
        if now >= self._next:
            line = bar(done, self._total, self._thing)
            self._write(line.ljust(self._width))
            self._next, self._width = now + INTERVAL, len(line)

    def wipe(self) -> None:
        """Leave an empty line behind."""
        if self._width:
            self._write(" " * self._width + "\r")

    def _write(self, line: str) -> None:
        sys.stderr.write("\r" + line)
        sys.stderr.flush()


def _nothing(done: int) -> None:
    del done
