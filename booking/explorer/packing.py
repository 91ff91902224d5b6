"""Which bits of a state hold which number."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from booking.explorer.automaton import Automaton, LocalState
from booking.history.history import TORN
from booking.model.scripted_desk import Answer, Request
from booking.model.shared_state import Shared
from booking.purchase import Outcome
from booking.steps import WRITING, Step


class Field(NamedTuple):
    """The bits of one number in a state. Without bits (mask 0) the number is always 0."""

    shift: int
    mask: int

    @property
    def unit(self) -> int:
        """Return what adds one to the number."""
        return 1 << self.shift

    def of(self, state: int) -> int:
        """Return the number."""
        return state >> self.shift & self.mask


NOTHING = Field(0, 0)


class Layout:
    """The bits of the cells, of the holders of each lock, of the crash budget and of each local state's buyers.

    A cell's bits hold the position of its value in `values`. `local` has the automaton's local states and, behind
    them, the two of the dead: those that had not begun to write, and those that had.
    """

    def __init__(self, automaton: Automaton, shared: Shared, buyers: int, crashes: int) -> None:
        dead = [LocalState(outcome, False, (), {}, 0) for outcome in (Outcome.UNFINISHED, Outcome.UNKNOWN)]  # noqa: FBT003
        self.local = (*automaton.states, *dead)
        self.values = {name: _values(name, automaton) for name in automaton.values}
        self._bits = 0
        self.cells = {name: self._field(len(values) - 1) for name, values in self.values.items()}
        self.holders = {name: self._field(buyers) for name in shared.locks}
        self.crashes = self._field(crashes)
        self.counts = [self._field(buyers) for _ in self.local]

    def _field(self, highest: int) -> Field:
        field = Field(self._bits, (1 << highest.bit_length()) - 1)
        self._bits += highest.bit_length()
        return field

    def pack(self, cells: Mapping[str, Answer], holders: Mapping[str, int], crashes: int, where: Iterable[int]) -> int:
        """Return the state with these values in the cells, so many holders and so many deaths to come.

        `where` has the local state of every buyer.
        """
        state = crashes * self.crashes.unit
        state += sum(self.values[name].index(cells[name]) * field.unit for name, field in self.cells.items())
        state += sum(self.holders[name].unit * count for name, count in holders.items())
        return state + sum(self.counts[number].unit * buyers for number, buyers in Counter(where).items())

    def value(self, name: str, state: int) -> Answer:
        """Return what the cell holds: a number, or TORN."""
        return self.values[name][self.cells[name].of(state)]

    def dead(self, number: int) -> int:
        """Return the local state of a buyer that died in local state `number`."""
        return len(self.local) - (1 if self.local[number].begun else 2)


def _values(name: str, automaton: Automaton) -> tuple[Answer, ...]:
    """Return what the cell can hold: what was learned, and what is written but never read."""
    requests = [state.next for state in automaton.states if isinstance(state.next, Request)]
    written = {
        TORN if request.step is Step.TRUNCATE else request.value
        for request in requests
        if request.name == name and request.step in WRITING
    }
    learned = automaton.values[name]
    return (*learned, *sorted(written.difference(learned), key=str))
