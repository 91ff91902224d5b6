"""What the lanes and the panel of the page show: shapes, and the state after every event.

Sentences repeat, so they are kept once, in a list of words, and named by their place in it. That keeps 20,000
events below 5 MB.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from booking.cells import unpack
from booking.history.history import History
from booking.history.states import first_steps, states
from booking.history.verdict import Verdict
from booking.model.listing import Listing
from booking.model.operation import CELL, Result
from booking.model.prediction import Prediction
from booking.purchase import Outcome
from booking.reports.lanes import Picture, Span, Tenure, draw
from booking.steps import TORN, Step, Value
from booking.text.words import ranges

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


def scene(
    history: History, verdict: Verdict, lines: Sequence[int] = (), cells: Mapping[str, Sequence[str]] | None = None
) -> dict[str, Any]:
    """Return the lanes, spans, arrows and states of a sale.

    `lines` has the line of code of each event, and `cells` the value at each position of every cell of a lock of one's
    own, which are shown in place of who holds the lock.

    Position 0 is the opening of the gate and position k is right after event k, so shapes name positions.
    `lanes` rows: buyer, process number, outcome, whether it bought, how it ended, first step, its line (0: unknown).
    `servers` rows: name, rows of buyer, from, to (-1: to the end). `waits` rows: buyer, the buyer it waits for.
    `spans` rows: buyer, kind, from, to (-1: never came back), text, short text.
    `arrows` rows: from, to, text. `deaths` rows: buyer, position.
    `moments` rows: microseconds, buyer (0: nobody), doing, knows, then, line, sold, the value of each name in `shared`.
    All texts but names and those of arrows are places in `words`. `axis` is order or time, whichever shows more at
    first; a `timeless` scene has only its order.
    """
    words = _Words()
    picture = draw(history, verdict)
    timeless = len({event.t_ns for event in history.events}) < 2  # noqa: PLR2004 - a model has no clock
    lines = lines or (0,) * len(history.events)
    return {
        "tickets": history.scenario.tickets,
        "timeless": timeless,
        "axis": "time" if picture.by_time and not timeless else "order",
        "lanes": _lanes(history, picture, words, lines),
        "servers": [[name, [_tenure(one) for one in served]] for name, served in picture.servers.items()],
        "spans": [_span(span, words) for span in picture.spans],
        "arrows": [[arrow.start + 1, arrow.end + 1, arrow.text] for arrow in picture.arrows],
        "waits": [list(edge) for edge in picture.waits],
        "deaths": [[lane.buyer, lane.died + 1] for lane in picture.lanes if lane.died is not None],
        "witness": [index + 1 for index in picture.witness],
        "shared": [*_named("File", history), *(cells or _named("Lock", history))],
        "moments": _moments(history, words, lines, cells or {}),
        "words": list(words.places),
    }


def predicted_scene(prediction: Prediction) -> dict[str, Any]:
    """Return the scene of a schedule that was played in the model; each of its steps is two events."""
    steps = prediction.listing.step_lines if prediction.listing else ()
    lines = [line for turn, line in zip(prediction.played, steps, strict=False) if turn > 0 for _ in ("call", "return")]
    return scene(prediction.history, prediction.verdict, lines, _cells_along(prediction))


def _cells_along(prediction: Prediction) -> dict[str, list[str]]:
    """Return the value of each cell of a lock of one's own at each position: a call leaves it as it is."""
    world = prediction.start
    held = [world.cells]
    for turn in prediction.played:
        after = world.move(turn)[0] if turn > 0 else world.crash(-turn)[0]
        held += [world.cells, after.cells] if turn > 0 else []
        world = after
    names = [name for name in world.cells if name.startswith(CELL)]
    return {name.removeprefix(CELL): [_unpacked(values[name]) for values in held] for name in names}


def _unpacked(content: Result) -> str:
    return str(unpack(content) if isinstance(content, int) else content)


def code_data(code: Listing | None) -> dict[str, Any] | None:
    """Return the buyers' code as the page shows it: the file's name, and its lines with their numbers."""
    return None if code is None else {"file": code.file, "lines": [list(line) for line in code.lines]}


def _tenure(service: Tenure) -> list[int]:
    return [service.buyer, service.start + 1, -1 if service.end is None else service.end + 1]


def _named(thing: str, history: History) -> list[str]:
    """Return the names of what the buyers share: one thing, or one for each train."""
    trains = history.scenario.trains
    return [thing] if trains == 1 else [f"{thing} {train}" for train in range(1, trains + 1)]


def _lanes(history: History, picture: Picture, words: _Words, lines: Sequence[int]) -> list[list[Any]]:
    first = first_steps(history)
    at = {event.buyer: line for event, line in reversed(list(zip(history.events, lines, strict=True)))}
    return [
        [
            lane.buyer,
            lane.pid,
            words.place(lane.outcome),
            lane.outcome == Outcome.BOUGHT,
            words.place(lane.ended),
            words.place(first.get(lane.buyer, lane.ended)),
            at.get(lane.buyer, 0),
        ]
        for lane in picture.lanes
    ]


def _span(span: Span, words: _Words) -> list[Any]:
    end = -1 if span.end is None else span.end + 1
    return [span.buyer, span.kind, span.start + 1, end, words.place(span.text), words.place(span.short)]


def _moments(
    history: History, words: _Words, lines: Sequence[int], cells: Mapping[str, Sequence[str]]
) -> list[list[Any]]:
    """Return the rows; times are in microseconds from the first event, to a tenth."""
    lock = _lock if any(event.step == Step.ACQUIRE for event in history.events) else _no_lock
    opened = min((event.t_ns for event in history.events), default=0)
    scenario, place = history.scenario, words.place

    def shared(position: int, files: Sequence[Value], holders: Sequence[tuple[int, ...]]) -> list[int]:
        values = [known[position] for known in cells.values()] if cells else map(lock, holders)
        return [place(text) for text in (*map(_file, files), *values)]

    before = shared(0, [scenario.tickets] * scenario.trains, [()] * scenario.trains)
    gate = [0, 0, place(START), place(""), place(""), 0, 0, *before]
    return [gate] + [
        [
            (event.t_ns - opened) // 100 / 10,
            event.buyer,
            place(state.doing),
            place(state.knows),
            place(state.then),
            line,
            state.sold,
            *shared(position, state.files, state.holders),
        ]
        for position, (event, state, line) in enumerate(zip(history.events, states(history), lines, strict=True), 1)
    ]


def _file(content: Value) -> str:
    return "empty" if content == TORN else f'{{"count": {content}}}'


def _no_lock(_: tuple[int, ...]) -> str:
    return "no lock"


def _lock(holders: tuple[int, ...]) -> str:
    if not holders:
        return "free"
    if len(holders) > MOST_HOLDERS:
        return f"{len(holders)} buyers"
    return f"buyer {holders[0]}" if len(holders) == 1 else f"buyers {ranges(holders)}"
