"""The live view of a sale: what every buyer does now, on standard error if that is a terminal.

The board only counts messages. It is drawn by the caller's own thread, at most ten times a second: a thread of the
parent would be there when it forks, and the buyers do not wait for the picture.
"""

import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from booking.live.terminal import INTERVAL, on_terminal
from booking.processes.journal import END, IDLE, READY, Message
from booking.purchase import Outcome
from booking.scenario import Scenario
from booking.steps import BLOCKED, PAY, Step
from booking.text.verbs import VERBS
from booking.text.words import ranges

if TYPE_CHECKING:
    from rich.live import Live
    from rich.text import Text

PATIENCE = 1.0
"""Seconds that a sale may take before its live view begins: a short sale is over before anybody has read it."""

MOST_ROWS = 16
"""Up to so many buyers have a line each; more are summed up by what they do."""

STARTING = "starting"
KILLED = "killed"

_ANY = "the count"
_DOING = {(READY, "call"): "waiting for the start"} | {
    (str(step), phase): text.format(_ANY).partition(",")[0]
    for step in (*Step, PAY)
    for phase, text in (("call", VERBS[step].doing), ("return", VERBS[step].done))
}
_ORDER = [STARTING, *dict.fromkeys(_DOING.values()), *Outcome, KILLED]
_STYLES = {
    "too many": "bold color(130)",
    Outcome.BOUGHT: "bold color(63)",
    Outcome.SOLD_OUT: "color(243)",
    KILLED: "bold color(163)",
    Outcome.TORN_READ: "bold color(130)",
}
"""The colours of booking/text/screen.py, by what a line says."""


@dataclass
class Board:
    """The state of a running sale, as far as its messages tell.

    `doing` has a word or two for every buyer, `left` is the count that was written last, `bought` the buyers that
    have reported that they bought, `holders` who is inside the lock, and `pids` the processes of those that have not
    ended.
    """

    scenario: Scenario
    doing: dict[int, str] = field(init=False)
    left: int = field(init=False)
    bought: list[int] = field(default_factory=list)
    holders: set[int] = field(default_factory=set)
    pids: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin with every buyer starting."""
        self.doing = dict.fromkeys(range(1, self.scenario.buyers + 1), STARTING)
        self.left = self.scenario.tickets

    def take(self, message: Message) -> None:
        """Take in one message of a buyer; messages of a clerk or a worker itself are not shown."""
        buyer, word, phase = message.buyer, message.word, message.phase
        if not buyer:
            return
        if word == END:
            self.doing[buyer] = str(message.value)
            if message.value == Outcome.BOUGHT:
                self.bought.append(buyer)
            self.pids.pop(buyer, None)
            return
        self.pids.setdefault(buyer, message.pid)  # its own: a clerk's steps carry the clerk's
        self.doing[buyer] = _DOING.get((word, phase), self.doing[buyer])
        if message.train > 1:  # the lines about the file and the lock are those of the first train
            return
        if word in {Step.WRITE, Step.SWAP} and phase == "return" and isinstance(message.value, int):
            self.left = self.left - 1 if self.scenario.shares else message.value
        elif word == Step.ACQUIRE and phase == "return" and message.value != BLOCKED:
            self.holders.add(buyer)
        elif word == Step.RELEASE:
            self.holders.discard(buyer)

    def mark_dead(self, dead: Collection[int]) -> None:
        """Note that these buyers' processes have ended without a last message."""
        for buyer in dead:
            self.doing[buyer] = KILLED
            self.pids.pop(buyer, None)

    def lines(self) -> Iterator[str]:
        """Yield the heading, then a line per buyer; with more than 16 buyers a line per thing that they do."""
        tickets = self.scenario.tickets
        where = "in the shares" if self.scenario.shares else "in the file"
        where += " of train 1" if self.scenario.trains > 1 else ""
        most = max(self.scenario.sold_on(self.bought))
        too_many = f". Only {tickets:,} existed: {most - tickets:,} too many"
        yield (
            f"Tickets left {where}: {self.left:,}   Sold: {len(self.bought):,}"
            f"{too_many if most > tickets else f' of {tickets:,}'}"
        )
        yield from self._each() if len(self.doing) <= MOST_ROWS else self._summed()

    def _each(self) -> Iterator[str]:
        for buyer, doing in self.doing.items():
            holding = ", holding the lock" if buyer in self.holders else ""
            yield f"buyer {buyer:<3} {doing}{holding}"

    def _summed(self) -> Iterator[str]:
        groups: dict[str, list[int]] = {}
        for buyer, doing in self.doing.items():
            groups.setdefault(doing, []).append(buyer)
        for doing in sorted(groups, key=_ORDER.index):
            yield f"{doing:<21}{len(groups[doing]):>6,}   {ranges(groups[doing])}"
        if self.holders:
            yield f"{'holding the lock':<21}{len(self.holders):>6,}   {ranges(self.holders)}"


@contextmanager
def live(
    scenario: Scenario, *, after: float = PATIENCE, counts_down: bool = False, stops_at: float | None = None
) -> Iterator[Callable[[Message], None] | None]:
    """Show a sale while it goes on: yield the `watch` for `simulate`, None if standard error is no terminal.

    The view begins `after` so many seconds, 0 shows it from the start, and it is wiped away in the end. With
    `counts_down` it begins no earlier than the first step of a buyer: until then the light has the terminal.
    `stops_at` is the sale's time-out in seconds from its start, which the clock names; None for no limit.
    """
    if not on_terminal():
        yield None
        return
    view = _View(Board(scenario), time.monotonic() + after, counts_down, stops_at)
    try:
        yield view
    finally:
        if view.picture:
            view.picture.stop()


@dataclass
class _View:
    """The watch of one sale. Between two pictures, the next of which is `due`, it only takes in messages."""

    board: Board
    due: float
    counts_down: bool
    stops_at: float | None
    picture: "Live | None" = None
    began: float | None = None

    def __call__(self, message: Message) -> None:
        now = time.monotonic()
        if message.word != IDLE:
            self.board.take(message)
            if message.word != READY:
                self.began = self.began or now
        if now >= self.due and (self.began or not self.counts_down):
            self._draw(now)
            self.due = time.monotonic() + INTERVAL

    def _draw(self, now: float) -> None:
        self.board.mark_dead(_dead(self.board.pids))
        self.picture = self.picture or _started()
        heading, *rows = self.board.lines()
        clock = clock_text(0 if self.began is None else now - self.began, self.stops_at)
        self.picture.update(_text([heading, clock, *rows], self.picture.console.height - 1), refresh=True)


def clock_text(seconds: float, stops_at: float | None) -> str:
    """Return how long the sale has taken and when it gives up, both in seconds; None: it never does."""
    limit = "" if stops_at is None else f"; the sale stops at {stops_at:,.0f} s"
    return f"Time: {seconds:,.0f} s{limit}"


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
    """Return the buyers whose processes have ended, without collecting them, which is left to the sale."""
    if not hasattr(os, "waitid"):  # Windows and macOS, where a killed buyer keeps its last state until the end
        return []
    return [buyer for buyer, pid in pids.items() if has_ended(pid)]


def has_ended(pid: int) -> bool:
    """Return whether a process has ended, be it a child, one that the sale has collected, or the fork server's."""
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        pass
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False
