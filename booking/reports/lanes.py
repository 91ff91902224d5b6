"""The picture of a sale as plain data: a lane per buyer, spans in the lanes, arrows between them.

Every report that draws takes its shapes from here, so they all show the same. Events are named by their index in
the history, from 0; positions in pixels are the drawer's business.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

from booking.history.finding import SOUND, Finding, wait_for
from booking.history.history import Event, History
from booking.history.schedule import step_text
from booking.history.states import deaths, ending_words
from booking.history.verdict import Verdict
from booking.steps import BLOCKED, PAY, TORN, Step
from booking.text.verbs import count_words

MOST_IN_VIEW = 20
"""More lanes than this hardly fit on one screen."""


class Kind(StrEnum):
    """What a span shows."""

    INSIDE = "inside"
    """The critical section: from getting the lock to giving it back."""
    UNGUARDED = "unguarded"
    """The critical section of a sale without a lock: from reading the count to writing it."""
    LOOK = "look"
    WAIT = "wait"
    READ = "read"
    PAY = "pay"
    EMPTY = "empty"
    WRITE = "write"
    CELL = "cell"
    """An access to a cell of a lock of one's own."""


@dataclass(frozen=True, slots=True)
class Span:
    """Something that a buyer did from one event to another; `end` is None if it never came back."""

    buyer: int
    kind: Kind
    start: int
    end: int | None
    text: str

    @property
    def short(self) -> str:
        """Return the count alone, for a narrow bar; "" if there is none."""
        count = self.text.partition(" (")[0].rpartition(" ")[2]
        return count if count.isdigit() else ""


@dataclass(frozen=True, slots=True)
class Lane:
    """One buyer; `pid` is 0 for a buyer that never spoke, and `ended` says how it ended.

    `died` is the last event before its process died, None if it did not die, or before its first step.
    """

    buyer: int
    name: str
    pid: int
    outcome: str
    ended: str
    died: int | None = None


@dataclass(frozen=True, slots=True)
class Arrow:
    """From the read to the write that made it out of date, or from the emptying of a file to the read of it."""

    start: int
    end: int
    text: str


class Tenure(NamedTuple):
    """Whom a clerk, a worker or a lock serves from one event to another; `end` is None if it never stopped."""

    buyer: int
    start: int
    end: int | None


@dataclass(frozen=True, slots=True)
class Picture:
    """All the shapes; `witness` are the events that show an anomaly, `by_time` what to show first.

    `servers` are more lanes, by their names: clerks, workers, and the locks of several trains. `waits` are the edges of
    the wait-for graph at the end, pairs of buyers.
    """

    lanes: tuple[Lane, ...]
    spans: tuple[Span, ...]
    arrows: tuple[Arrow, ...]
    witness: tuple[int, ...]
    by_time: bool
    servers: Mapping[str, tuple[Tenure, ...]] = field(default_factory=dict)
    waits: tuple[tuple[int, int], ...] = ()


_KINDS = {
    Step.LOOK: Kind.LOOK,
    Step.ACQUIRE: Kind.WAIT,
    Step.READ: Kind.READ,
    PAY: Kind.PAY,
    Step.TRUNCATE: Kind.EMPTY,
    Step.WRITE: Kind.WRITE,
    Step.SWAP: Kind.WRITE,
    Step.ACCESS: Kind.CELL,
}
_WORDS = {Kind.WAIT: "wait", Kind.PAY: "pay", Kind.EMPTY: "empty"}
_UNGUARDED_STEPS = {Step.READ, PAY, Step.TRUNCATE, Step.WRITE, Step.SWAP}


def draw(history: History, verdict: Verdict) -> Picture:
    """Return the picture of a sale.

    A sale with an anomaly is best seen in the order of its steps, because races happen in microseconds; a sound
    one in real time, because there the waiting is what a lock costs.
    """
    index_of = {event.seq: index for index, event in enumerate(history.events)}
    found = (arrow for finding in verdict.findings for arrow in _arrows(history, finding, index_of))
    arrows = tuple(dict.fromkeys(found))  # a lost update beside an oversold sale has the same witness
    witness = _witness(verdict, arrows, index_of)
    seen_at = {history.events[index].buyer: index for index in reversed(witness)}
    return Picture(
        lanes=tuple(_ordered(list(_lanes(history)), seen_at)),
        spans=tuple(sorted([*_sections(history), *_spans(history)], key=_backmost_first)),
        arrows=arrows,
        witness=witness,
        by_time=verdict.name == SOUND,
        servers=_clerks(history) | _locks(history),
        waits=wait_for(history),
    )


def _ordered(lanes: list[Lane], seen_at: Mapping[int, int]) -> list[Lane]:
    """Return the lanes by their numbers; of many lanes those of the witnesses come first, in the order of the proof."""
    if len(lanes) <= MOST_IN_VIEW:
        return lanes
    return sorted(lanes, key=lambda lane: seen_at.get(lane.buyer, len(lanes) + max(seen_at.values(), default=0)))


def _clerks(history: History) -> dict[str, tuple[Tenure, ...]]:
    """Return the lanes of the processes that do the steps for the buyers: each serves one buyer after the other."""
    own = Counter(ending.pid for ending in history.endings)
    mine = {ending.buyer: ending.pid for ending in history.endings if own[ending.pid] == 1}
    serving: dict[int, list[Tenure]] = {}
    for index, event in enumerate(history.events):
        if event.pid and event.pid != mine.get(event.buyer):
            served = serving.setdefault(event.pid, [])
            if served and served[-1].buyer == event.buyer:
                served[-1] = served[-1]._replace(end=index)
            else:
                served.append(Tenure(event.buyer, index, index))
    kind = "worker" if history.setup.pool else "clerk"
    return {f"{kind} {number}": tuple(served) for number, (_, served) in enumerate(sorted(serving.items()), 1)}


def _locks(history: History) -> dict[str, tuple[Tenure, ...]]:
    """Return the lanes of the locks if there are several: who holds each of them when."""
    if history.scenario.trains == 1:
        return {}
    held: dict[int, list[Tenure]] = {train: [] for train in range(1, history.scenario.trains + 1)}
    for index, event in enumerate(history.events):
        if event.step == Step.ACQUIRE and event.phase == "return" and event.value != BLOCKED:
            held[event.train].append(Tenure(event.buyer, index, None))
        elif event.step == Step.RELEASE and event.phase == "call":
            held[event.train] = [
                one._replace(end=index) if (one.buyer, one.end) == (event.buyer, None) else one
                for one in held[event.train]
            ]
    return {f"lock {train}": tuple(holders) for train, holders in held.items() if holders}


def _lanes(history: History) -> Iterator[Lane]:
    died = deaths(history)
    for ending in history.endings:
        outcome = "stayed away" if ending.stayed_away else str(ending.outcome)
        last = died.get(ending.buyer)
        yield Lane(ending.buyer, f"buyer {ending.buyer}", ending.pid, outcome, ending_words(ending), last)


def _backmost_first(span: Span) -> tuple[int, bool, int]:
    return span.buyer, span.kind not in {Kind.INSIDE, Kind.UNGUARDED}, span.start


def _spans(history: History) -> Iterator[Span]:
    """Yield a span for every step between its call and its return."""
    open_calls: dict[tuple[int, str, int], int] = {}
    for index, event in enumerate(history.events):
        if event.step == Step.RELEASE or (event.value == BLOCKED and event.phase == "return"):
            continue
        if event.phase == "call":
            open_calls.setdefault((event.buyer, event.step, event.train), index)  # a blocked attempt began the wait
        elif (start := open_calls.pop((event.buyer, event.step, event.train), None)) is not None:
            yield _span(event, start, index)
    died = deaths(history)
    for start in open_calls.values():
        event = history.events[start]
        span = _span(event, start, None)
        end = died.get(event.buyer)
        yield span if end is None else replace(span, end=end, text=f"{span.text}, then died")


def _span(event: Event, start: int, end: int | None) -> Span:
    kind = _KINDS[event.step]
    if event.step in {Step.SWAP, Step.ACCESS}:
        value = event.value if event.phase == "return" else None  # before, its result is unknown
        return Span(event.buyer, kind, start, end, step_text(event.step, value))
    text = _WORDS.get(kind) or _with_value(kind, event)
    return Span(event.buyer, kind, start, end, f"{text} (train {event.train})" if event.train > 1 else text)


def _with_value(kind: Kind, event: Event) -> str:
    return str(kind) if event.value is None else f"{kind} {count_words(event.value)}"


def _sections(history: History) -> Iterator[Span]:
    """Yield the critical section of every buyer that entered it."""
    locked = any(event.step == Step.ACQUIRE for event in history.events)
    return _guarded(history.events) if locked else _unguarded(history.events)


def _guarded(events: Iterable[Event]) -> Iterator[Span]:
    entered: dict[int, int] = {}  # with two locks, the section lasts from the first to the last of them
    inside: Counter[int] = Counter()
    for index, event in enumerate(events):
        if event.step == Step.ACQUIRE and event.phase == "return" and event.value != BLOCKED:
            inside[event.buyer] += 1
            entered.setdefault(event.buyer, index)
        elif event.step == Step.RELEASE and event.phase == "call" and event.buyer in entered:
            inside[event.buyer] -= 1
            if not inside[event.buyer]:
                yield Span(event.buyer, Kind.INSIDE, entered.pop(event.buyer), index, "critical section")
    for buyer, start in entered.items():
        yield Span(buyer, Kind.INSIDE, start, None, "critical section")


def _unguarded(events: Iterable[Event]) -> Iterator[Span]:
    bounds: dict[int, tuple[int, int]] = {}
    for index, event in enumerate(events):
        if event.step in _UNGUARDED_STEPS:
            bounds[event.buyer] = (bounds.get(event.buyer, (index, index))[0], index)
    for buyer, (start, end) in bounds.items():
        yield Span(buyer, Kind.UNGUARDED, start, end, "critical section, not protected")


def _witness(verdict: Verdict, arrows: Iterable[Arrow], index_of: dict[int, int]) -> tuple[int, ...]:
    """Return the ends of the arrows, which tell the story; without arrows, all that the findings name."""
    ends = {index for arrow in arrows for index in (arrow.start, arrow.end)}
    named = {index_of[seq] for finding in verdict.findings for seq in finding.events if seq in index_of}
    return tuple(sorted(ends or named))


def _arrows(history: History, finding: Finding, index_of: dict[int, int]) -> Iterator[Arrow]:
    """Yield what connects the events of one finding; a finding about waiting has nothing to connect."""
    named = [history.events[index_of[seq]] for seq in finding.events if seq in index_of]
    reads = [event for event in named if event.step in {Step.READ, Step.LOOK}]
    emptied = next((event for event in named if event.step == Step.TRUNCATE), None)
    ruin = next((event for event in named if event.step == Step.WRITE), None)
    for read in reads:
        if emptied and read.value == TORN:
            text = f"buyer {read.buyer} met the file that buyer {emptied.buyer} had emptied"
            yield Arrow(index_of[emptied.seq], index_of[read.seq], text)
        elif ruin and read.buyer != ruin.buyer:
            text = f"buyer {read.buyer} read {read.value}; then buyer {ruin.buyer} wrote {ruin.value}"
            yield Arrow(index_of[read.seq], index_of[ruin.seq], text)
