"""What happened in a sale: every step with its call and its return, and how each buyer ended.

A history is plain data. On disk it is JSON Lines: a header, then the events, then one ending per buyer.
"""

import json
import math
import reprlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

from booking.errors import BadInputError
from booking.purchase import Outcome
from booking.scenario import Scenario
from booking.setup import FaultReport, Setup
from booking.steps import BLOCKED, CHANGED, PAY, TORN, Phase, Step, Value
from booking.text.display import html

SCHEMA = 1

_HEADER_KEYS = {"scenario", "stock_left", "elapsed_s", "timed_out", "start_method", "versions"}
_OPTIONAL_KEYS = {"notes", "staging", "struck", "second_left", "counts_left"}

CLERK_DIED = "the clerk died"
WORKER_DIED = "a worker died"
TIME_WAS_UP = "the time was up"


class Event(NamedTuple):
    """One half of a step: the moment before it, or the moment after it.

    `seq` counts from 1 in the order of the one pipe that all buyers write to, so what happened before an event
    has a smaller number. `t_ns` is the monotonic clock in nanoseconds. `buyer` counts from 1.
    `value` is the count read or to be written, TORN for a half-written file, BLOCKED for an attempt to take a held
    lock, else None. A swap is called with the count that it expects and returns the count written, or CHANGED.
    `train` is which train was touched, from 1; paying touches none and has 1.
    """

    seq: int
    t_ns: int
    buyer: int
    pid: int
    step: str
    phase: Phase
    value: Value = None
    train: int = 1

    def to_json(self) -> dict[str, Any]:
        """Return the event as a JSON object; the first train, or the only one, is not named in it."""
        document = self._asdict()
        if self.train == 1:
            del document["train"]
        return document


@dataclass(frozen=True, slots=True)
class Ending:
    """How one buyer ended.

    `exitcode` is the one of its process: 0 for a normal end, -9 when signal 9 ended it, None while unknown.
    `alive` tells that it was still alive when the sale was closed, so that the sale itself ended it.
    `error` is the buyer's message when the disk failed, CLERK_DIED, WORKER_DIED, TIME_WAS_UP or None.
    """

    buyer: int
    pid: int
    outcome: Outcome
    exitcode: int | None = 0
    alive: bool = False
    error: str | None = None

    @property
    def stayed_away(self) -> bool:
        """Return whether the schedule did not name this buyer."""
        return self.outcome is Outcome.UNFINISHED and self.exitcode is None and not self.alive and not self.error

    @property
    def unanswered(self) -> bool:
        """Return whether this buyer came to the sale and never said how its purchase ended."""
        return self.outcome in {Outcome.UNFINISHED, Outcome.UNKNOWN} and not self.stayed_away

    @property
    def died(self) -> bool:
        """Return whether the buyer's process ended before its purchase did."""
        return self.unanswered and not self.alive and not self.error

    @property
    def deserted(self) -> bool:
        """Return whether no clerk or worker served this buyer to the end; the disk did not fail."""
        return self.error in {CLERK_DIED, WORKER_DIED, TIME_WAS_UP}


@dataclass(frozen=True, slots=True)
class History:
    """A whole sale.

    `counts_left` is the count in the store of each train afterwards, None if it cannot be read. `elapsed_s` is the time
    from the opening of the gate to the last buyer's end, in seconds. `timed_out` tells that the sale was closed before
    all buyers had ended: by its time-out or, as a note says then, because no buyer could move. `versions` and
    `start_method` say where it ran. `notes` are sentences about clerks, workers and the like.
    `setup` are the dials around the sale, and `struck` is what its faults did.

    A pool with very many buyers keeps no events, see `booking.simulation.pool.MOST_RECORDED`.
    """

    scenario: Scenario
    events: tuple[Event, ...]
    endings: tuple[Ending, ...]
    counts_left: tuple[int | None, ...]
    elapsed_s: float = 0.0
    timed_out: bool = False
    start_method: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    setup: Setup = field(default_factory=Setup)
    struck: tuple[FaultReport, ...] = ()
    notes: tuple[str, ...] = ()

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        return html(self)

    @property
    def stock_left(self) -> int | None:
        """Return the count in the one store afterwards, or in that of the first train; None if it cannot be read."""
        return self.counts_left[0]

    def of(self, buyer: int) -> tuple[Event, ...]:
        """Return the events of one buyer, in order."""
        return tuple(event for event in self.events if event.buyer == buyer)

    def to_lines(self) -> Iterator[str]:
        """Yield the lines of a history file, without line ends."""
        header: dict[str, Any] = {
            "schema": SCHEMA,
            "scenario": self.scenario.to_json(),
            "stock_left": self.stock_left,
            "elapsed_s": self.elapsed_s,
            "timed_out": self.timed_out,
            "start_method": self.start_method,
            "versions": dict(self.versions),
            **({"notes": list(self.notes)} if self.notes else {}),
        }
        if self.setup != Setup():
            header["staging"] = self.setup.to_json()
        if self.scenario.trains > 1:
            header["counts_left"] = list(self.counts_left)
            header["second_left"] = self.counts_left[1]  # the key that earlier versions read
        if self.struck:
            header["struck"] = [report.to_json() for report in self.struck]
        yield json.dumps(header)
        for event in self.events:
            yield json.dumps(event.to_json())
        for ending in self.endings:
            yield json.dumps(asdict(ending))

    @classmethod
    def from_lines(cls, lines: Iterable[str]) -> "History":
        """Return the history that `to_lines` wrote.

        Raise BadInputError, with the number of the line, if a line is not what it has to be, and if
        the endings of some buyers are missing.
        """
        documents = ((number, _object(line, number)) for number, line in enumerate(lines, 1))
        _, header = next(documents, (1, None))
        if header is None:
            raise BadInputError("the history is empty; write one with `booking run --history FILE`")
        values, events, endings = _header(header), [], []
        for number, document in documents:
            if "step" in document:
                events.append(_event(document, number))
            else:
                endings.append(_ending(document, number))
        history = cls(**values, events=tuple(events), endings=tuple(endings))
        _require_whole_sale(history)
        return history


def _object(line: str, number: int) -> dict[str, Any]:
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise BadInputError(f"line {number} of the history is not a JSON object; the file may be cut short")
    return document


def _header(document: dict[str, Any]) -> dict[str, Any]:
    schema = document.pop("schema", None)
    if schema is not None and (not _is_whole(schema) or schema != SCHEMA):
        raise BadInputError(f"the history has schema {reprlib.repr(schema)}; this program reads schema {SCHEMA}")
    try:
        _require(schema is not None, document.keys() - _OPTIONAL_KEYS == _HEADER_KEYS)
        document = {"notes": [], "staging": {}, "struck": [], "second_left": None} | document
        _require(_is_valid(document))
        scenario = Scenario.from_json(document.pop("scenario"))
        first_two = [document.pop("stock_left"), document.pop("second_left")]  # the keys of earlier versions
        left = document.setdefault("counts_left", first_two[: scenario.trains])
        _require(_is_valid(document))
        struck = tuple(FaultReport.from_json(report) for report in document.pop("struck"))
        _require(len(left) == scenario.trains, *(_is_valid(asdict(report)) for report in struck))
    except (AttributeError, KeyError, TypeError, ValueError):
        raise BadInputError("line 1 is not the header of a history; write one with --history FILE") from None
    setup, notes = Setup.from_json(document.pop("staging")), tuple(document.pop("notes"))
    return document | {
        "scenario": scenario, "setup": setup, "struck": struck, "notes": notes, "counts_left": tuple(left)
    }  # fmt: skip


def _event(document: dict[str, Any], number: int) -> Event:
    try:
        event = Event(**document)
        _require(_is_valid(event._asdict()))
    except (TypeError, ValueError):
        raise BadInputError(f"line {number} is not an event of a sale: {reprlib.repr(document)}") from None
    return event


def _ending(document: dict[str, Any], number: int) -> Ending:
    try:
        ending = Ending(**document | {"outcome": Outcome(document["outcome"])})
        _require(_is_valid(asdict(ending)))
    except (KeyError, TypeError, ValueError, RecursionError):
        raise BadInputError(f"line {number} is no event and no ending: {reprlib.repr(document)}") from None
    return ending


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_seconds(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf


_IS_VALID: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("alive", "alive_right_after", "timed_out"), lambda value: isinstance(value, bool)),
    **dict.fromkeys(("scenario", "staging"), lambda value: isinstance(value, dict)),
    **dict.fromkeys(("buyer", "pid", "train"), _is_whole),
    "counts_left": lambda counts: isinstance(counts, list) and all(left is None or _is_whole(left) for left in counts),
    "elapsed_s": _is_seconds,
    "error": lambda error: error is None or isinstance(error, str),
    "exitcode": lambda code: code is None or _is_whole(code),
    "notes": lambda notes: isinstance(notes, list) and all(isinstance(note, str) for note in notes),
    "phase": {"call", "return"}.__contains__,
    "seq": lambda seq: _is_whole(seq) and seq >= 0,
    "start_method": lambda name: isinstance(name, str),
    "step": (frozenset(Step) | {PAY}).__contains__,
    "struck": lambda reports: isinstance(reports, list),
    "t_ns": lambda t_ns: _is_whole(t_ns) and 0 <= t_ns < 1 << 63,
    "took_effect_after_s": lambda seconds: seconds is None or _is_seconds(seconds),
    "value": lambda value: value in {None, TORN, BLOCKED, CHANGED} or _is_whole(value),
    "versions": lambda found: isinstance(found, dict) and all(isinstance(text, str) for text in found.values()),
}
"""What the value of a key in a header, an event, an ending or a fault has to be."""


def _is_valid(values: Mapping[str, Any]) -> bool:
    return all(_IS_VALID[key](value) for key, value in values.items() if key in _IS_VALID)


def _require(*facts: bool) -> None:
    if not all(facts):
        raise ValueError


def _require_whole_sale(history: History) -> None:
    buyers = range(1, history.scenario.buyers + 1)
    if [ending.buyer for ending in history.endings] != list(buyers):
        raise BadInputError(
            f"the history has {len(history.endings)} endings for {history.scenario.buyers} buyers; "
            "the file may be cut short"
        )
    if any(after.seq <= before.seq for before, after in pairwise(history.events)):
        raise BadInputError("the events of the history are not in order; their seq has to grow from line to line")
    away = {event.train for event in history.events} - set(range(1, history.scenario.trains + 1))
    if away:
        raise BadInputError(f"the history names train {min(away)}; the sale has {history.scenario.trains} (trains)")
    strangers = {event.buyer for event in history.events} - set(buyers)
    if strangers:
        raise BadInputError(f"the history names buyer {min(strangers)}; the sale has 1 to {len(buyers)}")
