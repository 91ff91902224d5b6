"""What was true after each event of a sale, for every report: the file, the lock, and what its buyer knows."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from booking.history.history import Ending, Event, History
from booking.history.verdict import Verdict
from booking.purchase import Outcome
from booking.scenario import Scenario
from booking.steps import BLOCKED, CHANGED, PAY, READS, WRITES, Step, Value, apply
from booking.text.verbs import VERBS, count_words, verb_of


class State(NamedTuple):
    """What was true right after one event.

    `files` has the count in the file of each train, TORN while it is half-written; if the tickets are split, the
    only one is what is left in all shares. `holders` are the buyers that hold the lock of each train. `sold` is how
    many tickets the buyers that bought had written by then, on the train that sold most. The rest is about the buyer
    of the event: `doing` is what it does or did last, `knows` the count it saw last, `then` its next step, or how it
    ended if there is none.
    """

    files: tuple[Value, ...]
    holders: tuple[tuple[int, ...], ...]
    sold: int
    doing: str
    knows: str
    then: str


KNOWS_NOTHING = "nothing"

_ENDED = {
    Outcome.BOUGHT: "bought a ticket",
    Outcome.SOLD_OUT: "left: sold out",
    Outcome.TORN_READ: "gave up: half a file",
}


def states(history: History) -> list[State]:
    """Return what was true after each event, in the order of the events.

    The file holds what the last finished write put there, or what a read has proved since about a write that
    is still under way; before the first write it holds the scenario's tickets.
    """
    endings = {ending.buyer: ending for ending in history.endings}
    bought = frozenset(ending.buyer for ending in history.endings if ending.outcome is Outcome.BOUGHT)
    world = _World(history.scenario, bought)
    nexts = _nexts(history, endings)
    return [world.after(event, then) for event, then in zip(history.events, nexts, strict=True)]


def first_steps(history: History) -> dict[int, str]:
    """Return the first step of every buyer that took one, before anything has happened."""
    first = {event.buyer: event for event in reversed(history.events)}
    return {buyer: _then(event) + _on_train(event, history.scenario) for buyer, event in first.items()}


def doing(event: Event) -> str:
    """Return what its buyer does after this event, as the rest of a sentence about it."""
    verb = verb_of(event.step, event.value)
    text = verb.done if event.phase == "return" else f"is {verb.doing}"
    return text.format(count_words(event.value))


def ending_words(ending: Ending | None) -> str:
    """Return how a buyer ended, as the rest of a sentence about it; None is a buyer that is not listed."""
    if ending is None:
        return "was not heard of again"
    if ending.outcome in _ENDED:
        return _ENDED[ending.outcome]
    if ending.error:
        return f"gave up: {ending.error}"
    if ending.stayed_away:
        return "stayed away"
    if ending.alive or ending.exitcode is None:
        return "did not finish in time"
    code = ending.exitcode
    return f"was killed by signal {-code}" if code < 0 else f"died with exit code {code}"


def _nexts(history: History, endings: dict[int, Ending]) -> Iterator[str]:
    """Yield, for each event, what its buyer does next, or how it ended."""
    coming: dict[int, str] = {buyer: ending_words(ending) for buyer, ending in endings.items()}
    nexts = []
    for event in reversed(history.events):
        nexts.append(coming.get(event.buyer, ending_words(None)))
        if event.phase == "call":
            coming[event.buyer] = _then(event) + _on_train(event, history.scenario)
    return reversed(nexts)


def _then(event: Event) -> str:
    return VERBS[event.step].to_do.format(count_words(event.value))


def _on_train(event: Event, scenario: Scenario) -> str:
    """Return which train this was about, if there are several; paying is about all of them."""
    return f" (train {event.train})" if scenario.trains > 1 and event.step != PAY else ""


def _has_written(event: Event) -> bool:
    return event.step == Step.WRITE or (event.step == Step.SWAP and event.value != CHANGED)


@dataclass
class _World:
    """What is true after the events so far; `files` and `under_way` are by train, by buyer if split, from 1."""

    scenario: Scenario
    bought: frozenset[int]
    files: dict[int, Value] = field(init=False)
    sold: set[int] = field(default_factory=set)
    holders: dict[int, tuple[int, ...]] = field(default_factory=dict)
    knows: dict[int, str] = field(default_factory=dict)
    under_way: defaultdict[int, dict[int, Value]] = field(default_factory=lambda: defaultdict(dict))

    def __post_init__(self) -> None:
        """Begin with what is for sale."""
        self.files = dict(enumerate(self.scenario.counts, 1))

    def after(self, event: Event, then: str) -> State:
        """Take one event in; `then` is what its buyer does next."""
        self._file(event)
        self._lock(event)
        if event.step in READS and event.phase == "return":
            verb = "saw" if event.step == Step.LOOK else "read"
            self.knows[event.buyer] = f"{verb} {count_words(event.value)}"
        if event.buyer in self.bought and event.phase == "return" and _has_written(event):
            self.sold.add(event.buyer)
        knows = self.knows.get(event.buyer, KNOWS_NOTHING)
        does = doing(event) + _on_train(event, self.scenario)
        files = tuple(self.files.values())
        if self.scenario.shares:
            files = (sum(share for share in files if isinstance(share, int)),)
        holders = tuple(self.holders.get(train, ()) for train in range(1, self.scenario.trains + 1))
        return State(files, holders, max(self.scenario.sold_on(self.sold)), does, knows, then)

    def _file(self, event: Event) -> None:
        """Note a write when it returns or when a buyer has read it; what a swap writes is not known before."""
        cell = self.scenario.file_of(event.buyer, event.train) + 1
        before, pending = self.files[cell], self.under_way[cell]
        if event.step in WRITES:
            content = before if event.value == CHANGED else apply(event.step, before, event.value, before)[0]
            if event.phase == "call":
                pending[event.buyer] = None if event.step == Step.SWAP else content
            else:
                pending.pop(event.buyer, None)
                self.files[cell] = content
        elif event.step in READS and event.phase == "return" and {event.value, None} & set(pending.values()):
            self.files[cell] = event.value

    def _lock(self, event: Event) -> None:
        if event.step == Step.ACQUIRE and event.phase == "return" and event.value != BLOCKED:
            self.holders[event.train] = (*self.holders.get(event.train, ()), event.buyer)
        elif event.step == Step.RELEASE and event.phase == "call":
            holding = self.holders.get(event.train, ())
            self.holders[event.train] = tuple(buyer for buyer in holding if buyer != event.buyer)


def deaths(history: History) -> dict[int, int]:
    """Return the index of the last event before each dead buyer's death, by the buyers' numbers.

    A fault knows when it struck; a buyer that died otherwise is dead after the last event that it sent.
    """
    dead = {ending.buyer for ending in history.endings if ending.died}
    found = {event.buyer: index for index, event in enumerate(history.events) if event.buyer in dead}
    times = sorted(event.t_ns for event in history.events) if found else []
    sent = {blow.buyer: bisect_right(times, blow.t_ns) - 1 for blow in history.struck}
    return {buyer: max(index, sent.get(buyer, index)) for buyer, index in found.items()}


def foremost(history: History, verdict: Verdict, most: int) -> Sequence[Ending]:
    """Return all buyers if they fit; else `most` of them: those in the findings, then those that got furthest."""
    if len(history.endings) <= most:
        return history.endings
    named = {seq for finding in verdict.findings for seq in finding.events}
    witnesses = {event.buyer for event in history.events if event.seq in named}
    rank = [Outcome.BOUGHT, Outcome.UNKNOWN, Outcome.UNFINISHED, Outcome.TORN_READ, Outcome.SOLD_OUT]
    by_interest = sorted(history.endings, key=lambda e: (e.buyer not in witnesses, rank.index(e.outcome)))
    return by_interest[:most]
