"""Find an order of the steps, one after the other, that explains what every buyer read.

It keeps every step between its call and its return, and every read returns what the write before it left. The search
is that of Wing and Gong, "Testing and verifying concurrent objects", 1993: place any step that could be next and fits,
and go back when nothing fits.
"""

from typing import NamedTuple, TypeAlias

from booking.history.history import Event, History
from booking.steps import BLOCKED, CHANGED, PAY, READS, Step, Value, apply

_WITH_RESULT = READS | {Step.SWAP}
_MOST_PLACEMENTS = 100_000
Cells: TypeAlias = tuple[Value, ...]
"""What every count holds."""


class Interval(NamedTuple):
    """One step of one buyer with the numbers of the events before and after it; `asked` is what it was called with.

    `cell` is which count it touched, from 0: that of its train or, if the tickets are split, the buyer's own.
    """

    buyer: int
    step: str
    call: int
    end: int
    value: Value
    asked: Value = None
    cell: int = 0


def intervals(history: History) -> list[Interval]:
    """Return the steps that returned, by their calls; a lock is held from acquire's return to release's call."""
    calls: dict[tuple[int, str, int], Event] = {}
    found = []
    for event in history.events:
        if event.step == PAY:
            continue
        if event.phase == "call":
            calls[event.buyer, event.step, event.train] = event
            continue
        if event.value == BLOCKED:  # it tried, and did not move
            continue
        asked = calls.get((event.buyer, event.step, event.train), event)  # its line may be missing
        call, end = asked.seq, event.seq
        if event.step == Step.ACQUIRE:
            call = end
        elif event.step == Step.RELEASE:
            end = call
        cell = history.scenario.file_of(event.buyer, event.train)
        found.append(Interval(event.buyer, event.step, call, end, event.value, asked.value, cell))
    return sorted(found, key=lambda interval: interval.call)


def linearize(history: History, *, most_steps: int) -> list[int] | None:
    """Return the buyers in an order of steps that explains the sale, None if there is none within `most_steps`."""
    steps = intervals(history)
    if len(steps) > most_steps:
        return None
    # Several orders may explain the reads; one that also ends with what the store holds is the better explanation.
    order = _Search(steps, history).run(history.scenario.counts) or _Search(steps).run(history.scenario.counts)
    return None if order is None else [step.buyer for step in order]


def _ends_like(history: History, cells: Cells) -> bool:
    """Return whether the counts in the end are what is left in the stores, as far as that is known."""
    if history.scenario.shares:
        numbers = [cell for cell in cells if isinstance(cell, int)]
        return history.stock_left in {None, sum(numbers)}
    return all(left in {None, cell} for left, cell in zip(history.counts_left, cells, strict=True))


class _Search:
    """Depth-first search over the steps that could come next; with a history, for an order that ends as it did."""

    def __init__(self, steps: list[Interval], history: History | None = None) -> None:
        self._steps = steps
        self._history = history
        self._failed: set[tuple[frozenset[int], Cells]] = set()

    def run(self, cells: Cells) -> list[Interval] | None:
        """Return all the steps in a right order, None if there is none."""
        return self._extend([], frozenset(range(len(self._steps))), cells)

    def _extend(self, placed: list[Interval], left: frozenset[int], cells: Cells) -> list[Interval] | None:
        if not left:
            return placed if self._history is None or _ends_like(self._history, cells) else None
        if (left, cells) in self._failed or len(self._failed) > _MOST_PLACEMENTS:
            return None
        for index in self._next(left, cells):
            step = self._steps[index]
            cell, _ = _applied(step, cells)
            after = (*cells[: step.cell], cell, *cells[step.cell + 1 :])
            found = self._extend([*placed, step], left - {index}, after)
            if found is not None:
                return found
            if step.step in READS:  # a read that fits changes nothing: if it cannot be next, nothing can
                break
        self._failed.add((left, cells))
        return None

    def _next(self, left: frozenset[int], cells: Cells) -> list[int]:
        """Return the steps that may come next and fit, reads first, then those that returned first."""
        first_end = min(self._steps[index].end for index in left)
        could = [index for index in left if self._steps[index].call <= first_end]
        fitting = [index for index in could if _fits(self._steps[index], cells)]
        return sorted(fitting, key=lambda i: (self._steps[i].step not in READS, self._steps[i].end))


def _applied(step: Interval, cells: Cells) -> tuple[Value, Value]:
    """Return what the step leaves in its cell, and its result; a swap that failed has not told what it would write."""
    value = None if step.value == CHANGED else step.value
    return apply(step.step, cells[step.cell], value, step.asked)


def _fits(step: Interval, cells: Cells) -> bool:
    """Return whether a step with a result would have this one now."""
    return step.step not in _WITH_RESULT or _applied(step, cells)[1] == step.value
