"""One buyer of a lock as an automaton: outside, acquire, inside, release, and outside again, without an end.

It is learned on demand: a local state is found when some state of the whole needs it, so only values count that a cell
really holds.
"""

from collections.abc import Hashable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from enum import IntEnum

from booking import cells
from booking.cells import Access, Value
from booking.grading.code import NO_CODE, HiddenError, code_of
from booking.grading.moments import Attributes
from booking.grading.runner import Runner
from booking.grading.script import Answers, Stop

MOST_ANSWERS = 250
"""How many accesses one call of `acquire` or `release` is followed at most to a local state that is new."""
MOST_HISTORY = 40
"""The same for code in which something is hidden, counted from the beginning."""
_METHODS = ("acquire", "release")


class Phase(IntEnum):
    """Where a buyer is. It is inside from the last access of `acquire` until it makes the first of `release`."""

    OUTSIDE = 0
    TRYING = 1
    INSIDE = 2
    LEAVING = 3


@dataclass(slots=True)
class Local:
    """A local state: the methods that were called since `attributes` was the private memory, and what was answered.

    `origin` tells equal attributes of different types apart. `begun` counts the answers before the last method was
    called. `behind` leads from what the buyer is told, packed, to the number of the next local state; a step that
    touches no cell is told None.
    """

    methods: tuple[str, ...]
    attributes: Attributes | None
    origin: Hashable
    begun: int
    answers: Answers
    accesses: tuple[Access, ...]
    stop: Stop
    behind: dict[int, int] = field(default_factory=dict)

    @property
    def phase(self) -> Phase:
        """Return where the buyer is."""
        is_first = len(self.answers) == self.begun
        if self.methods[-1] == "acquire":
            return Phase.OUTSIDE if is_first else Phase.TRYING
        return Phase.INSIDE if is_first else Phase.LEAVING


class Buyer:
    """The local states of buyer `me`, counted from 0, which are numbered as they are found; 0 is the first.

    `hidden` says what could not be seen of the code, "" for nothing, and `is_whole` whether all was followed.
    """

    def __init__(self, kind: type, me: int, buyers: int, file: str) -> None:
        self.hidden = ""
        try:
            known = code_of(kind)
        except HiddenError as error:
            known, self.hidden = NO_CODE, str(error)
        self.code = Runner(kind, me, buyers, known, file)
        self.locals: list[Local] = []
        self.is_whole = True
        self._numbers: dict[Hashable, int] = {}
        attributes, origin = self.code.begin()
        if self.hidden:
            attributes = origin = None
        with self.code.watchdog:
            self._enter(("acquire",), attributes, origin, (), ())

    @property
    def obscured(self) -> str:
        """Return what could not be seen of the code, "" for nothing."""
        return self.hidden or self.code.hidden

    def watched(self) -> AbstractContextManager[object]:
        """Watch over the code meanwhile, so that code without a step is stopped."""
        return self.code.watchdog

    def after(self, number: int, told: Value) -> int:
        """Return the local state behind this one when the buyer is told this; -1 if it was not followed so far."""
        found, bits = self.locals[number], cells.pack(told)
        if bits not in found.behind:
            found.behind[bits] = self._behind(found, told)
        return found.behind[bits]

    def fail(self, number: int, error: Exception) -> int:
        """Return the local state in which a buyer has failed with this error at the step that it asks for."""
        before = self.locals[number]
        stop = replace(before.stop, error=f"{before.stop.place}: {type(error).__name__}: {error}")
        return self._number(replace(before, stop=stop, behind={}))

    def _behind(self, before: Local, told: Value) -> int:
        if before.stop.access is None:  # it returned without a step
            return self._next_method(before, before.answers, before.accesses, before.stop)
        answers, accesses = (*before.answers, told), (*before.accesses, before.stop.access)
        is_seen = bool(self.code.facts) and before.attributes is not None and not self.code.hidden
        if len(answers) > (MOST_ANSWERS if is_seen else MOST_HISTORY):
            self.is_whole = False
            return -1
        stop = self.code.run(before.methods, before.attributes, answers, accesses)
        if stop.access is None and not stop.error:
            return self._next_method(before, answers, accesses, stop)
        return self._number(replace(before, answers=answers, accesses=accesses, stop=stop, behind={}))

    def _next_method(self, before: Local, answers: Answers, accesses: tuple[Access, ...], stop: Stop) -> int:
        """Go on with the other method, from the private memory if all of it is seen."""
        method = _METHODS[before.methods[-1] == "acquire"]
        if self.code.facts and stop.attributes is not None:
            return self._enter((method,), stop.attributes, stop.state, (), ())
        if len(before.methods) > MOST_HISTORY:  # a lock that touches no cell: its answers do not grow
            self.is_whole = False
            return -1
        return self._enter((*before.methods, method), before.attributes, before.origin, answers, accesses)

    def _enter(
        self,
        methods: tuple[str, ...],
        attributes: Attributes | None,
        origin: Hashable,
        answers: Answers,
        accesses: tuple[Access, ...],
    ) -> int:
        key = methods, origin, _packed(answers)
        if key not in self._numbers:
            stop = self.code.run(methods, attributes, answers, accesses)
            self._numbers[key] = len(self.locals)
            self.locals.append(Local(methods, attributes, origin, len(answers), answers, accesses, stop))
        return self._numbers[key]

    def _number(self, found: Local) -> int:
        if found.stop.error or found.stop.state is None:
            key: Hashable = (found.methods, found.origin, _packed(found.answers), found.stop.error)
        else:
            key = found.methods[-1], found.phase, found.stop.state
        if key not in self._numbers:
            self._numbers[key] = len(self.locals)
            self.locals.append(found)
        return self._numbers[key]


def _packed(answers: Answers) -> tuple[int, ...]:
    return tuple(map(cells.pack, answers))
