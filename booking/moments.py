"""What was true after each event of a sale: the file, the lock, and what the buyer that moved knows.

A pure fold over a history. The page, the picture and the tests all read the same moments.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from booking.history import BLOCKED, CHANGED, TORN, Ending, Event, History, Value
from booking.purchase import Outcome
from booking.steps import PAY, Step


class Moment(NamedTuple):
    """What was true right after one event.

    `file` is the count in the file, TORN while it is half-written. `holders` are the buyers that hold the lock.
    `sold` is how many of the buyers that bought had written by then. The rest is about the buyer of the event:
    `doing` is what it does or did last, `knows` the count it saw last, `then` its next step, or how it ended where
    there is none.
    """

    file: Value
    holders: tuple[int, ...]
    sold: int
    doing: str
    knows: str
    then: str


KNOWS_NOTHING = "nothing"

_DOING = {
    (Step.LOOK, "call"): "is looking at the count",
    (Step.LOOK, "return"): "saw {}",
    (Step.ACQUIRE, "call"): "is waiting for the lock",
    (Step.ACQUIRE, "return"): "got the lock",
    (Step.READ, "call"): "is reading the count",
    (Step.READ, "return"): "has read {}",
    (PAY, "call"): "is paying",
    (PAY, "return"): "has paid",
    (Step.TRUNCATE, "call"): "is emptying the file",
    (Step.TRUNCATE, "return"): "has emptied the file",
    (Step.WRITE, "call"): "is writing {}",
    (Step.WRITE, "return"): "has written {}",
    (Step.SWAP, "call"): "is swapping, if the count is still {}",
    (Step.SWAP, "return"): "has swapped the count for {}",
    (Step.RELEASE, "call"): "is giving the lock back",
    (Step.RELEASE, "return"): "gave the lock back",
}

_THEN = {
    Step.LOOK: "look",
    Step.ACQUIRE: "ask for the lock",
    Step.READ: "read",
    PAY: "pay",
    Step.TRUNCATE: "empty the file",
    Step.WRITE: "write {}",
    Step.SWAP: "swap, if the count is still {}",
    Step.RELEASE: "give the lock back",
}

_ENDED = {
    Outcome.BOUGHT: "bought a ticket",
    Outcome.SOLD_OUT: "left: sold out",
    Outcome.TORN_READ: "gave up: half a file",
}


def moments(history: History) -> list[Moment]:
    """Return what was true after each event, in the order of the events.

    The file holds what the last finished write put there, or what a read has proved since about a write that
    is still under way; before the first write it holds the scenario's tickets.
    """
    endings = {ending.buyer: ending for ending in history.endings}
    bought = frozenset(ending.buyer for ending in history.endings if ending.outcome is Outcome.BOUGHT)
    world = _World(history.scenario.tickets, bought)
    nexts = _nexts(history.events, endings)
    return [world.after(event, then) for event, then in zip(history.events, nexts, strict=True)]


def at_the_gate(history: History) -> dict[int, str]:
    """Return the first step of every buyer that took one, before anything has happened."""
    first = {event.buyer: event for event in reversed(history.events)}
    return {buyer: _then(event) for buyer, event in first.items()}


def doing(event: Event) -> str:
    """Return what its buyer does after this event, as the rest of a sentence about it."""
    if event.value == BLOCKED:
        return "found the lock taken"
    if event.value == CHANGED:
        return "found another count, and did not swap"
    return _DOING[event.step, event.phase].format(value_words(event.value))


def value_words(value: Value) -> str:
    """Return a count as a student reads it; TORN is a file that holds half of something."""
    return "half a file" if value == TORN else str(value)


def ended(ending: Ending | None) -> str:
    """Return how a buyer ended, as the rest of a sentence about it; None is a buyer that is not listed."""
    if ending is None:
        return "was not heard of again"
    if ending.outcome in _ENDED:
        return _ENDED[ending.outcome]
    if ending.error:
        return f"gave up: {ending.error}"
    return "stayed away" if ending.stayed_away else _lost(ending)


def _lost(ending: Ending) -> str:
    if ending.alive or ending.exitcode is None:
        return "did not finish in time"
    if ending.exitcode < 0:
        return f"was killed by signal {-ending.exitcode}"
    return f"died with exit code {ending.exitcode}"


def _nexts(events: Sequence[Event], endings: dict[int, Ending]) -> Iterator[str]:
    """Yield, for each event, what its buyer does next, or how it ended."""
    coming: dict[int, str] = {buyer: ended(ending) for buyer, ending in endings.items()}
    nexts = []
    for event in reversed(events):
        nexts.append(coming.get(event.buyer, ended(None)))
        if event.phase == "call":
            coming[event.buyer] = _then(event)
    return reversed(nexts)


def _then(event: Event) -> str:
    return _THEN[event.step].format(value_words(event.value))


def _has_written(event: Event) -> bool:
    return event.step == Step.WRITE or (event.step == Step.SWAP and event.value != CHANGED)


@dataclass
class _World:
    """The file, the lock and the buyers' knowledge, kept up to date event by event."""

    file: Value
    bought: frozenset[int]
    sold: set[int] = field(default_factory=set)
    holders: tuple[int, ...] = ()
    knows: dict[int, str] = field(default_factory=dict)
    under_way: dict[int, Value] = field(default_factory=dict)

    def after(self, event: Event, then: str) -> Moment:
        """Take one event in; `then` is what its buyer does next."""
        self._file(event)
        self._lock(event)
        if event.step in {Step.LOOK, Step.READ} and event.phase == "return":
            verb = "saw" if event.step == Step.LOOK else "read"
            self.knows[event.buyer] = f"{verb} {value_words(event.value)}"
        if event.buyer in self.bought and event.phase == "return" and _has_written(event):
            self.sold.add(event.buyer)
        knows = self.knows.get(event.buyer, KNOWS_NOTHING)
        return Moment(self.file, self.holders, len(self.sold), doing(event), knows, then)

    def _file(self, event: Event) -> None:
        if event.step == Step.SWAP:
            self._swap(event)
        elif event.step in {Step.TRUNCATE, Step.WRITE}:
            content = TORN if event.step == Step.TRUNCATE else event.value
            if event.phase == "call":
                self.under_way[event.buyer] = content
            else:
                self.under_way.pop(event.buyer, None)
                self.file = content
        elif event.phase == "return" and (event.value in self.under_way.values() or self._is_swapped(event)):
            self.file = event.value

    def _swap(self, event: Event) -> None:
        """Note a swap under way by None: what it writes is known when it returns, or when somebody has read it."""
        if event.phase == "call":
            self.under_way[event.buyer] = None
        else:
            self.under_way.pop(event.buyer, None)
            self.file = self.file if event.value == CHANGED else event.value

    def _is_swapped(self, event: Event) -> bool:
        return event.step in {Step.LOOK, Step.READ} and None in self.under_way.values()

    def _lock(self, event: Event) -> None:
        if event.step == Step.ACQUIRE and event.phase == "return" and event.value != BLOCKED:
            self.holders = (*self.holders, event.buyer)
        elif event.step == Step.RELEASE and event.phase == "call":
            self.holders = tuple(buyer for buyer in self.holders if buyer != event.buyer)
