"""What the lanes and the panel of the page show: shapes, and the state after every event.

Sentences repeat, so they are kept once, in a list of words, and named by their place in it. That keeps 20,000
events below 5 MB.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from booking.history.history import TORN, History, Value
from booking.history.states import first_steps, states
from booking.history.verdict import Verdict
from booking.purchase import Outcome
from booking.reports.lanes import Picture, Span, draw
from booking.steps import Step
from booking.text.words import ranges

_Value = TypeVar("_Value")
START = "The sale starts"
MOST_HOLDERS = 8
"""More holders than this (of a semaphore) are counted, not named."""


@dataclass
class _Words:
    """A list without repetitions."""

    places: dict[str, int] = field(default_factory=dict)

    def place(self, text: str) -> int:
        """Return where the text stands in the list, adding it if it is new."""
        return self.places.setdefault(text, len(self.places))


def scene(history: History, verdict: Verdict) -> dict[str, Any]:
    """Return the lanes, spans, arrows and states of a sale.

    Position 0 is the opening of the gate and position k is right after event k, so shapes name positions.
    `lanes` rows: buyer, process number, outcome, whether it bought, how it ended, first step.
    `spans` rows: buyer, kind, from, to (-1: never came back), text, short text.
    `arrows` rows: from, to, text. `deaths` rows, if anybody died: buyer, position.
    `moments` rows: microseconds, buyer (0: nobody), doing, knows, then, file, lock, sold.
    All texts but those of arrows are places in `words`. `axis` is order or time, whichever shows more at first;
    a `timeless` scene has only its order.
    """
    words = _Words()
    picture = draw(history, verdict)
    died = [[lane.buyer, lane.died + 1] for lane in picture.lanes if lane.died is not None]
    timeless = len({event.t_ns for event in history.events}) < 2  # noqa: PLR2004 - a model has no clock
    return {
        "tickets": history.scenario.tickets,
        "timeless": timeless,
        "axis": "time" if picture.by_time and not timeless else "order",
        "lanes": _lanes(history, picture, words),
        "spans": [_span(span, words) for span in picture.spans],
        "arrows": [[arrow.start + 1, arrow.end + 1, arrow.text] for arrow in picture.arrows],
        "witness": [index + 1 for index in picture.witness],
        "moments": _moments(history, words),
        "words": list(words.places),
        **({"deaths": died} if died else {}),
    }


def _lanes(history: History, picture: Picture, words: _Words) -> list[list[Any]]:
    first = first_steps(history)
    return [
        [
            lane.buyer,
            lane.pid,
            words.place(lane.outcome),
            lane.outcome == Outcome.BOUGHT,
            words.place(lane.ended),
            words.place(first.get(lane.buyer, lane.ended)),
        ]
        for lane in picture.lanes
    ]


def _span(span: Span, words: _Words) -> list[Any]:
    end = -1 if span.end is None else span.end + 1
    return [span.buyer, span.kind, span.start + 1, end, words.place(span.text), words.place(span.short)]


def _moments(history: History, words: _Words) -> list[list[Any]]:
    """Return the rows; times are in microseconds from the first event, to a tenth."""
    locked = any(event.step == Step.ACQUIRE for event in history.events)
    opened = min((event.t_ns for event in history.events), default=0)
    scenario, place = history.scenario, words.place
    before = (_trains([scenario.tickets] * scenario.trains, _file), _locks([()] * scenario.trains, locked=locked))
    gate = [0, 0, place(START), place(""), place(""), *map(place, before), 0]
    return [gate] + [
        [
            (event.t_ns - opened) // 100 / 10,
            event.buyer,
            place(state.doing),
            place(state.knows),
            place(state.then),
            place(_trains(state.files, _file)),
            place(_locks(state.holders, locked=locked)),
            state.sold,
        ]
        for event, state in zip(history.events, states(history), strict=True)
    ]


def _trains(values: Sequence[_Value], words: Callable[[_Value], str]) -> str:
    """Return the value of each train in words, of several with their numbers."""
    if len(values) == 1:
        return words(values[0])
    return ", ".join(f"train {train} {words(value)}" for train, value in enumerate(values, 1))


def _locks(holders: Sequence[tuple[int, ...]], *, locked: bool) -> str:
    return _trains(holders, _lock) if locked else "no lock"


def _file(content: Value) -> str:
    return "empty" if content == TORN else f'{{"count": {content}}}'


def _lock(holders: tuple[int, ...]) -> str:
    if not holders:
        return "free"
    if len(holders) > MOST_HOLDERS:
        return f"{len(holders)} buyers"
    return f"buyer {holders[0]}" if len(holders) == 1 else f"buyers {ranges(holders)}"
