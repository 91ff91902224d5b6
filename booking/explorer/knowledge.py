"""What a buyer's answers prove about the others: how often they must have changed what it saw.

A buyer that reads 1 where it has read 2 before has been overtaken by at least one write of somebody else. No buyer
can be overtaken more often than the others can write, so answers that would need more are never given. That is what
ends the loop of a buyer that tries again whenever it was overtaken.
"""

from typing import NamedTuple, TypeAlias

from booking.history.history import CHANGED, TORN
from booking.model.scripted_desk import Operation, Result
from booking.steps import Step

Known: TypeAlias = tuple[tuple[str, Result], ...]


class View(NamedTuple):
    """What a buyer knows of the cells; one that is missing may hold anything. `changes` were certainly made by others.

    Before its first step a buyer knows what every cell holds, because nobody has written yet.
    """

    known: Known
    changes: int = 0

    def after(self, request: Operation, answer: Result) -> "View":
        """Return the view of a buyer whose step was answered like this."""
        before = dict(self.known)
        match request.step:
            case Step.LOOK | Step.READ if answer is not None:
                return self._seen(request.name, answer, answer)
            case Step.SWAP if answer != CHANGED:
                return self._seen(request.name, request.expected, request.value)
            case Step.SWAP if before.get(request.name) == request.expected:
                del before[request.name]
                return View(tuple(before.items()), self.changes + 1)
            case Step.WRITE | Step.TRUNCATE:
                before[request.name] = TORN if request.step is Step.TRUNCATE else request.value
                return View(tuple(before.items()), self.changes)
        return self

    def _seen(self, name: str, found: Result, left: Result) -> "View":
        """Return the view after the cell was found to hold one value and left with another."""
        before = dict(self.known)
        changed = before.get(name, found) != found
        return View(tuple((before | {name: left}).items()), self.changes + changed)
