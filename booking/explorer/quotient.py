"""The quotient: the world with its buyers counted, not named, packed into one integer.

Buyers that cannot see who they are can be swapped without changing any future. So a state is what the cells hold,
how often each lock is held, how many buyers may still die, and how many buyers are in each local state. Each of
these numbers has its own bits of one integer, and a move adds a constant to it that is looked up in a table.
Symmetry: Ip and Dill, "Better verification through symmetry", Formal Methods in System Design 9, 1996.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from typing import NamedTuple

from booking.explorer.automaton import UNEXPLORED, Automaton, LocalState
from booking.model.operation import Operation, Result
from booking.model.shared_state import Shared
from booking.purchase import Outcome
from booking.steps import CHANGED, TORN, WRITES, Step, apply


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


class Packing:
    """The bits of the cells, of the holders of each lock, of the crash budget and of each local state's buyers.

    A cell's bits hold the position of its value in `values`. `local` has the automaton's local states and, behind
    them, the two of the dead: those that had not begun to write, and those that had.
    """

    def __init__(self, automaton: Automaton, shared: Shared, buyers: int, crashes: int) -> None:
        dead = [
            LocalState(outcome, begun=False, held=(), cells=frozenset(), after={}, height=0)
            for outcome in (Outcome.UNFINISHED, Outcome.UNKNOWN)
        ]
        self.local = (*automaton.states, *dead)
        self.values = {name: _values(name, automaton) for name in automaton.values}
        self._bits = 0
        self.cells = {name: self._field(len(values) - 1) for name, values in self.values.items()}
        most = {name: max(state.held.count(name) for state in automaton.states) for name in shared.locks}
        self.holders = {name: self._field(buyers * max(1, most[name])) for name in shared.locks}
        self.crashes = self._field(crashes)
        self.counts = [self._field(buyers) for _ in self.local]

    def _field(self, highest: int) -> Field:
        field = Field(self._bits, (1 << highest.bit_length()) - 1)
        self._bits += highest.bit_length()
        return field

    def pack(self, cells: Mapping[str, Result], holders: Mapping[str, int], crashes: int, where: Iterable[int]) -> int:
        """Return the state with these cells, holders and deaths to come; `where` has the local state of every buyer."""
        state = crashes * self.crashes.unit
        state += sum(self.values[name].index(cells[name]) * field.unit for name, field in self.cells.items())
        state += sum(self.holders[name].unit * count for name, count in holders.items())
        return state + sum(self.counts[number].unit * buyers for number, buyers in Counter(where).items())

    def value(self, name: str, state: int) -> Result:
        """Return what the cell holds: a number, or TORN."""
        return self.values[name][self.cells[name].of(state)]

    def dead(self, number: int) -> int:
        """Return the local state of a buyer that died in local state `number`."""
        return len(self.local) - (1 if self.local[number].begun else 2)


def _values(name: str, automaton: Automaton) -> tuple[Result, ...]:
    """Return what the cell can hold: what was learned, and what is written but never read."""
    requests = [state.next for state in automaton.states if isinstance(state.next, Operation)]
    written = {
        TORN if request.step is Step.TRUNCATE else request.value
        for request in requests
        if request.name == name and request.step in WRITES
    }
    learned = automaton.values[name]
    return (*learned, *sorted(written.difference(learned), key=str))


class Merge(NamedTuple):
    """Buyers in local state `stale` go on like those in `like`, and are counted there; `unit` moves one of them."""

    stale: int
    like: int
    unit: int


class Move(NamedTuple):
    """One buyer goes from one local state to another; adding `delta` to the world's state does it.

    `rank_drop` is how much the rank falls: the rank is the sum of all buyers' heights. Every move lowers it, but for
    those within a loop of the buyer's code. With `dies` the buyer dies instead of taking its step. `merges` has what
    the new value of a cell does to the others, whose swaps have no chance any more.
    """

    delta: int
    rank_drop: int
    before: int
    after: int
    dies: bool = False
    merges: tuple[Merge, ...] = ()

    @property
    def lands(self) -> int:
        """Return the local state in which the buyer that moved is counted afterwards."""
        return next((merge.like for merge in self.merges if merge.stale == self.after), self.after)


class _Moves(dict[int, Move | None]):
    """The moves of the buyers in one local state, by the number in the deciding field; each is made when asked for."""

    def __init__(self, make: Callable[[int], Move | None]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, position: int) -> Move | None:
        self[position] = move = self._make(position)
        return move


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
        self.packing = Packing(automaton, shared, self.buyers, crashes)
        starts = list(zip(automaton.roots, buyers, strict=True))
        self.top = sum(automaton.states[root].height * count for root, count in starts)
        self.start = self.packing.pack(
            shared.contents, {}, crashes, [root for root, count in starts for _ in range(count)]
        )
        self._operations = [
            (number, state.next) for number, state in enumerate(automaton.states) if isinstance(state.next, Operation)
        ]
        self._merges_after = cache(self._merges)
        self._movers = [number for number, _ in self._operations]
        self._tables = [
            (*self.packing.counts[number], *self._deciding(request), _Moves(partial(self._found, number, request)))
            for number, request in self._operations
        ]
        self._deaths = [(self.packing.counts[number], self._death(number)) for number in self._movers]

    def steps(self, state: int) -> list[tuple[int, Move]]:
        """Return each step that can be taken, with the number of buyers that can take it."""
        found = []
        for shift, mask, deciding, values, moves in self._tables:  # the innermost loop of every exploration
            buyers = state >> shift & mask
            if buyers:
                move = moves[state >> deciding & values]
                if move is not None:
                    found.append((buyers, self._merged(state, move) if move.merges else move))
        return found

    def _merged(self, state: int, move: Move) -> Move:
        """Return the move with the buyers counted anew that are stale after it."""
        counts, after = self.packing.counts, state + move.delta
        merges = tuple(merge for merge in move.merges if counts[merge.stale].of(after))
        return move._replace(delta=move.delta + sum(m.unit * counts[m.stale].of(after) for m in merges), merges=merges)

    def deaths(self, state: int) -> list[tuple[int, Move]]:
        """Return each death that can happen, with the number of buyers that can die it."""
        if not self.packing.crashes.of(state):
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
    def has_loops(self) -> bool:
        """Return whether a buyer can come back to a local state in which it was before."""
        local = self.packing.local
        return any(local[after].height == state.height for state in local for after in state.after.values())

    @property
    def can_deadlock(self) -> bool:
        """Return whether a lock can be kept forever: by the dead, or by one that waits or ends while it holds it."""
        kept = any(not self.shared.locks[name].freed_when_holder_dies for name in self.shared.locks)
        return (kept and bool(self.packing.crashes.mask)) or any(
            state.held and (not isinstance(state.next, Operation) or state.next.step is Step.ACQUIRE)
            for state in self.automaton.states
        )

    def _deciding(self, request: Operation) -> Field:
        """Return the field whose number decides what the step does."""
        if request.step in {Step.ACQUIRE, Step.RELEASE}:
            return self.packing.holders[request.name]
        if not request.name or (self.shared.private and request.access is None):
            return NOTHING
        return self.packing.cells[request.name]

    def _found(self, number: int, operation: Operation, position: int) -> Move | None:
        """Return the move for a number in the deciding field, None if the buyer is blocked."""
        after, field = self.automaton.states[number].after, self._deciding(operation)
        change, result = 0, None
        merges: tuple[Merge, ...] = ()
        if operation.step is Step.ACQUIRE:
            if position >= (self.shared.locks[operation.name].permits or self.buyers):
                return None
            change = field.unit
        elif operation.step is Step.RELEASE:
            change = -field.unit
        elif not operation.name:
            result = operation.effect(None)[1]
        elif operation.access is not None or not self.shared.private:
            values = self.packing.values[operation.name]
            content, result = operation.effect(values[position])
            if content != values[position]:
                change = (values.index(content) - position) * field.unit
                merges = self._merges_after(operation.name, content)
        return self._move(number, after.get(result, UNEXPLORED), change)._replace(merges=merges)

    def _merges(self, name: str, content: Result) -> tuple[Merge, ...]:
        """Return which buyers go on alike once a cell holds this: what their swaps expect can never come back."""
        written = [(number, o) for number, o in self._operations if o.name == name and o.step in WRITES]
        possible, size = {content}, 0
        while len(possible) > size:
            size = len(possible)
            possible |= {
                apply(o.step, content, o.value, content)[0]
                for _, o in written
                if o.step is not Step.SWAP or o.expected in possible
            }
        first: dict[object, int] = {}
        merges = []
        for number, operation in written:
            if operation.step is Step.SWAP and operation.expected not in possible and number not in self.roots:
                state = self.automaton.states[number]
                like = first.setdefault((state.begun, state.held, state.height, state.after.get(CHANGED)), number)
                unit = self.packing.counts[like].unit - self.packing.counts[number].unit
                merges += [] if like == number else [Merge(number, like, unit)]
        return tuple(merges)

    def _move(self, before: int, after: int, change: int = 0, *, dies: bool = False) -> Move:
        local, counts = self.packing.local, self.packing.counts
        if isinstance(local[after].next, Outcome):
            change -= self._freed(local[after].held)
        delta = counts[after].unit - counts[before].unit + change
        return Move(delta, local[before].height - local[after].height, before, after, dies)

    def _death(self, number: int) -> Move:
        """Return the death of a buyer: locks that the system frees are free again, the others are held forever."""
        change = -self.packing.crashes.unit - self._freed(self.packing.local[number].held)
        return self._move(number, self.packing.dead(number), change, dies=True)

    def _freed(self, held: Sequence[str]) -> int:
        """Return what is taken from a state once a process has ended that held these locks."""
        return sum(self.packing.holders[name].unit for name in held if self.shared.locks[name].freed_when_holder_dies)
