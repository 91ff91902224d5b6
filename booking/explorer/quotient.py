"""The quotient: the world with its buyers counted, not named, packed into one integer.

Buyers that cannot see who they are can be swapped without changing any future. So a state is what the cells hold,
how often each lock is held, how many buyers may still die, and how many buyers are in each local state. Each of
these numbers has its own bits of one integer, and a move adds a constant to it that is looked up in a table.
Symmetry: Ip and Dill, "Better verification through symmetry", Formal Methods in System Design 9, 1996.
"""

from collections.abc import Sequence
from typing import NamedTuple

from booking.explorer.automaton import CUT, Automaton
from booking.explorer.packing import NOTHING, Field, Layout
from booking.history.history import CHANGED, TORN
from booking.model.scripted_desk import Answer, Request
from booking.model.shared_state import Shared
from booking.steps import SEEING, Step


class Move(NamedTuple):
    """One buyer goes from one local state to another; adding `delta` to the world's state does it.

    `fall` is how much the rank falls: the rank is the sum of all buyers' heights, and every move lowers it. With
    `dies` the buyer dies instead of taking its step.
    """

    delta: int
    fall: int
    before: int
    after: int
    dies: bool = False


class Quotient:
    """The states and moves of a world whose buyers are interchangeable.

    `buyers` tells how many start at each root of the automaton, and at most `crashes` of them die. `start` is the
    first state and `top` its rank; `roots` are the local states of buyers that have not moved yet.
    """

    def __init__(self, automaton: Automaton, shared: Shared, buyers: Sequence[int], crashes: int = 0) -> None:
        self.automaton = automaton
        self.shared = shared
        self.buyers = sum(buyers)
        self.roots = frozenset(automaton.roots)
        crashes = min(crashes, self.buyers)
        self.layout = Layout(automaton, shared, self.buyers, crashes)
        starts = list(zip(automaton.roots, buyers, strict=True))
        self.top = sum(automaton.states[root].height * count for root, count in starts)
        self.start = self.layout.pack(shared.cells, {}, crashes, [root for root, count in starts for _ in range(count)])
        requests = [(number, s.next) for number, s in enumerate(automaton.states) if isinstance(s.next, Request)]
        self._movers = [number for number, _ in requests]
        self._tables = [
            (*self.layout.counts[number], *self._deciding(request), self._table(number, request))
            for number, request in requests
        ]
        self._deaths = [(self.layout.counts[number], self._death(number)) for number in self._movers]

    def steps(self, state: int) -> list[tuple[int, Move]]:
        """Return each step that can be taken, with the number of buyers that can take it."""
        found = []
        for shift, mask, deciding, values, moves in self._tables:  # the innermost loop of every exploration
            buyers = state >> shift & mask
            if buyers:
                move = moves[state >> deciding & values]
                if move is not None:
                    found.append((buyers, move))
        return found

    def deaths(self, state: int) -> list[tuple[int, Move]]:
        """Return each death that can happen, with the number of buyers that can die it."""
        if not self.layout.crashes.of(state):
            return []
        return [(buyers, move) for count, move in self._deaths if (buyers := count.of(state))]

    def blocked(self, state: int) -> list[int]:
        """Return the local states of the buyers that wait for a lock."""
        return [
            number
            for number, (shift, mask, deciding, values, moves) in zip(self._movers, self._tables, strict=True)
            if state >> shift & mask and moves[state >> deciding & values] is None
        ]

    @property
    def can_deadlock(self) -> bool:
        """Tell whether a lock can be kept for ever: by the dead, or by one that waits or ends while it holds it."""
        kept = any(not self.shared.locks[name].freed_when_holder_dies for name in self.shared.locks)
        return (kept and bool(self.layout.crashes.mask)) or any(
            state.held and (not isinstance(state.next, Request) or state.next.step is Step.ACQUIRE)
            for state in self.automaton.states
        )

    def _deciding(self, request: Request) -> Field:
        """Return the field whose number decides what the step does."""
        if request.step in {Step.ACQUIRE, Step.RELEASE}:
            return self.layout.holders[request.name]
        return NOTHING if self.shared.private else self.layout.cells[request.name]

    def _table(self, number: int, request: Request) -> list[Move | None]:
        """Return the move for each number in the deciding field, None where the buyer is blocked."""
        after, field = self.automaton.states[number].after, self._deciding(request)
        values = self.layout.values.get(request.name, ())
        match request.step:
            case Step.ACQUIRE:
                permits = self.shared.locks[request.name].permits or self.buyers
                free = [self._move(number, after[None], field.unit)] * permits
                return [*free, *[None] * (field.mask + 1 - permits)]
            case Step.RELEASE:
                return [self._move(number, after[None], -field.unit)] * (field.mask + 1)
            case _ if self.shared.private:
                return [self._move(number, after[None])]
            case step if step in SEEING:
                return [self._move(number, after.get(value, CUT)) for value in values]
            case Step.SWAP:
                return [self._swap(number, request, values, found, field.unit) for found in values]
        written = values.index(TORN if request.step is Step.TRUNCATE else request.value)
        changes = [(written - old) * field.unit for old in range(len(values))]
        return [self._move(number, after[None], change) for change in changes]

    def _swap(self, number: int, request: Request, values: Sequence[Answer], found: Answer, unit: int) -> Move:
        """Return the move of a compare and swap that finds this value."""
        after = self.automaton.states[number].after
        if found != request.expected:
            return self._move(number, after.get(CHANGED, CUT))
        return self._move(
            number, after.get(request.value, CUT), (values.index(request.value) - values.index(found)) * unit
        )

    def _move(self, before: int, after: int, change: int = 0, *, dies: bool = False) -> Move:
        local, counts = self.layout.local, self.layout.counts
        delta = counts[after].unit - counts[before].unit + change
        return Move(delta, local[before].height - local[after].height, before, after, dies)

    def _death(self, number: int) -> Move:
        """Return the death of a buyer: locks that the system frees are free again, the others are held for ever."""
        held = self.layout.local[number].held
        freed = [self.layout.holders[name].unit for name in held if self.shared.locks[name].freed_when_holder_dies]
        change = -self.layout.crashes.unit - sum(freed)
        return self._move(number, self.layout.dead(number), change, dies=True)
