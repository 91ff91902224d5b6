"""Run a lock's own code on scripted answers, up to the access beyond them."""

import operator
import sys
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Protocol, TypeAlias

from booking import cells
from booking.cells import Access, Value
from booking.grading.flow import CodeFacts
from booking.grading.moments import Attributes, Moments, Place
from booking.model.watchdog import Unwind, Watchdog, force_out

Answers: TypeAlias = tuple[Value, ...]
_OURS = frozenset({cells.__file__, __file__})


@dataclass(frozen=True, slots=True)
class Stop:
    """Where a run of `acquire` or `release` ended.

    `access` is what it asks for, None if it returned or failed; `error` is how it failed, "" if it did not. `state` is
    equal for two stops in one method only if the code goes on alike from both, and None if that cannot be told.
    `attributes` is the private memory after a return,
    None if it cannot be seen, and `state` then tells equal ones of different types apart.
    """

    access: Access | None
    place: Place
    state: Hashable = None
    attributes: Attributes | None = None
    error: str = ""


class Code(Protocol):
    """What a script knows of the code that it runs, see `booking.grading.runner.Runner`."""

    buyers: int
    facts: dict[CodeType, CodeFacts]
    patience: int
    watchdog: Watchdog

    def note(self, hidden: str) -> None:
        """Keep the reason why a moment could not be taken down."""


class Script:
    """The world of one run: it answers the accesses of a lock from a list, and stops the code at the next one."""

    def __init__(self, code: "Code", answers: Answers, expected: Sequence[Access]) -> None:
        self.buyers = code.buyers
        self.access_asked: Access | None = None
        self.place = Place("", 0)
        self.state: Hashable = None
        self.differs = False
        self.moments = Moments(code.facts, code.note)
        self._answers = answers
        self._expected = expected
        self._code = code
        self._catches = 0

    def access(self, access: Access) -> Value:
        """Return the next answer, or leave the code."""
        if self.access_asked is None and not self.differs:
            if access.kind != "read":
                _check(access)
            position = len(self.moments.told)
            if position < len(self._answers):
                if access == self._expected[position]:
                    self._code.watchdog.steps += 1
                    self.moments.told.append(cells.pack(self._answers[position]))
                    return self._answers[position]
                self.differs = True
            self._stop(access)
        self._code.watchdog.is_leaving = True
        self._catches += 1
        if self._catches > self._code.patience:
            self._code.patience = 0
            force_out(_students(sys._getframe()))  # noqa: SLF001 - the only way to the frames
        raise Unwind

    def _stop(self, access: Access) -> None:
        self.access_asked = access
        self.moments.is_over = True
        frame = _students(sys._getframe())  # noqa: SLF001
        if frame is not None:
            self.place = Place(frame.f_code.co_filename, frame.f_lineno)
        self.state = self.moments.state()


def _students(frame: FrameType | None) -> FrameType | None:
    """Return the innermost frame that is neither ours nor that of a cell."""
    while frame is not None and frame.f_code.co_filename in _OURS:
        frame = frame.f_back
    return frame


def _check(access: Access) -> None:
    """Raise TypeError or OverflowError, in the lock's own code, for a value that no cell can hold."""
    if access.kind == "add":
        operator.index(access.value)  # type: ignore[arg-type]
    cells.pack(access.value)
    cells.pack(access.other)
