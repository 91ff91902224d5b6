"""All buyers and the cells together: every state that can be reached, breadth first, so that ways are shortest.

A state is one integer: how many buyers are inside, the value of each cell, and the local state of each buyer, each in
its own bits. A move adds a constant, which is looked up by the buyer's local state and by the one cell that it touches.

Under total store order ("tso", the memory of x86 processors: Owens, Sarkar and Sewell, "A better x86 memory model:
x86-TSO", TPHOLs 2009) each buyer has a store buffer, first in, first out. A write waits there, a read sees the buyer's
own newest write to that cell, and to flush the oldest write is a step of its own. A fence, and every operation on an
atomic cell, can be made only when the buffer is empty.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from booking import cells
from booking.cells import Access, Value
from booking.grading.buyer import Phase
from booking.grading.subject import Subject

Buffer = tuple[tuple[int, int], ...]
"""What waits in a store buffer, oldest first: the number of a cell and the number of a value."""

MANY_VALUES = "the values in its cells grow"
"""Why a search ended that would find ever larger numbers."""
MOST_BUFFERED = 4
"""How many writes a store buffer holds at most; a write that finds it full waits."""
MOST_BEHIND = 20_000
"""How many states are looked at, under total store order, after two were inside."""
_COUNT_BITS = 6
_VALUE_BITS = 20
_LOCAL_BITS = 24
_COUNT_MASK = (1 << _COUNT_BITS) - 1
_VALUE_MASK = (1 << _VALUE_BITS) - 1
_LOCAL_MASK = (1 << _LOCAL_BITS) - 1


class Place(NamedTuple):
    """Where one buyer is: the number of its local state, how often it has been inside, and its store buffer.

    Entries are counted only if there is a limit to them.
    """

    local: int
    entries: int
    buffer: Buffer


@dataclass(frozen=True, slots=True)
class Limits:
    """How far to look: until this moment of the monotonic clock, in seconds, and at most so many states.

    More than so many different `values` in the cells end the search, too. `entries` is how often each buyer enters at
    most, 0 for no limit.
    """

    deadline: float
    states: int
    values: int
    entries: int = 0


class Moves(dict[int, int | None]):
    """What a step adds to the state, by the number in the bits that decide it; None if the step must wait."""

    def __init__(self, make: Callable[[int], int | None]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, position: int) -> int | None:
        self[position] = delta = self._make(position)
        return delta


class Row(NamedTuple):
    """One step of a buyer in one place: the bits that decide it, and its moves."""

    shift: int
    mask: int
    moves: Moves


class Product:
    """The states of a lock with all its buyers, numbered in the order in which they were found; 0 is the first.

    `after` has, for each state in turn, where the step of each agent leads, -1 for nowhere: the buyers are the first
    agents, and under "tso" their store buffers the others. `came` has the state and the agent from which each state was
    reached first. `crowded` is the first state with two inside, -1 for none. `cut` says why the search ended early, ""
    if it did not.
    """

    def __init__(self, subject: Subject, buyers: int, memory: str) -> None:
        first = subject.cells(buyers)
        self.buyers = [subject.buyer(me, buyers) for me in range(buyers)]
        self.is_tso = memory == "tso"
        self.agents = 2 * buyers if self.is_tso else buyers
        self.cells = list(first)
        self.texts = [subject.text(cell) for cell in first]
        self._cell_numbers = {cell: number for number, cell in enumerate(first)}
        self._first = list(first.values())
        self._shifts = [_COUNT_BITS + _VALUE_BITS * number for number in range(len(first))]
        above = _COUNT_BITS + _VALUE_BITS * len(first)
        self.local_shifts = [above + _LOCAL_BITS * me for me in range(buyers)]
        self.local_mask = _LOCAL_MASK
        self.values: list[int] = []
        self._value_numbers: dict[int, int] = {}

    def explore(self, limits: Limits) -> None:
        """Find all states within the limits."""
        self.limits = limits
        self.cut = ""
        self.has_failed = self.has_filled = False
        self.lost: set[tuple[int, int]] = set()
        self._modulus = 0
        self.places: list[list[Place]] = [[] for _ in self.buyers]
        self.phases: list[list[Phase]] = [[] for _ in self.buyers]
        self._numbers: list[dict[Place, int]] = [{} for _ in self.buyers]
        self._rows: list[list[Row | None]] = [[] for _ in range(self.agents)]
        start = sum(self._value(bits) << shift for bits, shift in zip(self._first, self._shifts, strict=True))
        for me, shift in enumerate(self.local_shifts):
            start += self._place(me, Place(0, 0, ())) << shift
        self.states = [start]
        self.after: list[int] = []
        self.came: list[tuple[int, int]] = [(-1, -1)]
        self.crowded = -1
        self._search({start: 0})

    @staticmethod
    def crowd(state: int) -> int:
        """Return how many buyers are inside."""
        return state & _COUNT_MASK

    def behind(self, number: int) -> list[int]:
        """Return where the agents' steps lead from the state of this number."""
        return self.after[number * self.agents : (number + 1) * self.agents]

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Watch over the lock's code meanwhile, so that code without a step is stopped."""
        with ExitStack() as stack:
            for buyer in self.buyers:
                stack.enter_context(buyer.watched())
            yield

    def place(self, me: int, number: int) -> Place:
        """Return the place of a buyer in the state of this number."""
        return self.places[me][self.states[number] >> self.local_shifts[me] & _LOCAL_MASK]

    def phase(self, me: int, number: int) -> Phase:
        """Return the phase of a buyer in the state of this number."""
        return self.phases[me][self.states[number] >> self.local_shifts[me] & _LOCAL_MASK]

    def cell_values(self, number: int) -> list[Value]:
        """Return what each cell holds in the state of this number."""
        return [cells.unpack(self.values[self.states[number] >> shift & _VALUE_MASK]) for shift in self._shifts]

    def _search(self, numbers: dict[int, int]) -> None:
        states, after, came, rows = self.states, self.after, self.came, self._rows
        agents = [(agent, self.local_shifts[agent % len(self.buyers)], rows[agent]) for agent in range(self.agents)]
        most = self.limits.states
        number = 0
        while number < len(states):
            state = states[number]
            if self.crowded < 0 and state & _COUNT_MASK > 1:
                self.crowded = number
                most = min(most, len(states) + MOST_BEHIND) if self.is_tso else most
            for agent, shift, steps in agents:
                row = steps[state >> shift & _LOCAL_MASK]
                delta = None if row is None else row.moves[state >> row.shift & row.mask]
                if delta is None:
                    after.append(-1)
                    continue
                behind = state + delta
                found = numbers.get(behind)
                if found is None:
                    found = numbers[behind] = len(states)
                    states.append(behind)
                    came.append((number, agent))
                after.append(found)
            number += 1
            if self.cut or len(states) > most or (not number & 255 and time.monotonic() > self.limits.deadline):
                self.cut = self.cut or ("its limit of states" if len(states) > most else "the time limit")
                break
        after.extend([-1] * (self.agents * len(states) - len(after)))

    def _value(self, bits: int) -> int:
        """Return the number of a packed value."""
        number = self._value_numbers.get(bits)
        if number is None:
            number = self._value_numbers[bits] = len(self.values)
            self.values.append(bits)
            if len(self.values) > max(self.limits.values, self._modulus + 4):
                self.cut = MANY_VALUES
        return number

    def _place(self, me: int, place: Place) -> int:
        """Return the number of a place of this buyer, and make its rows when it is new."""
        number = self._numbers[me].get(place)
        if number is None:
            number = self._numbers[me][place] = len(self.places[me])
            local = self.buyers[me].locals[place.local]
            self.places[me].append(place)
            self.phases[me].append(local.phase)
            self.has_failed = self.has_failed or bool(local.stop.error)
            for rows in self._rows[me :: len(self.buyers)]:
                rows.append(None)
            self._rows[me][number] = self._step_row(me, place)
            if place.buffer:
                self._rows[me + len(self.buyers)][number] = self._flush_row(me, place)
        return number

    def _step_row(self, me: int, place: Place) -> Row | None:
        local = self.buyers[me].locals[place.local]
        access = local.stop.access
        is_over = local.phase is Phase.OUTSIDE and self.limits.entries and place.entries >= self.limits.entries
        if local.stop.error or is_over:
            return None
        if access is None:
            return Row(0, 0, Moves(lambda _: self._delta(me, place, None, place.buffer)))
        if access.kind == "add" and isinstance(access.other, int):
            self._modulus = max(self._modulus, access.other)
        if self.is_tso:
            return self._buffered_row(me, place, access)
        return self._memory_row(me, place, access)

    def _memory_row(self, me: int, place: Place, access: Access) -> Row:
        """Return the row of an access that takes effect at once."""
        if access.kind == "fence":
            return Row(0, 0, Moves(lambda _: self._delta(me, place, None, ())))
        shift = self._shifts[self._cell_numbers[access.name, access.at]]

        def make(held: int) -> int | None:
            try:
                bits, told = cells.apply(access, self.values[held])
            except (TypeError, OverflowError) as error:
                return self._delta(me, place, error, ())
            return self._delta(me, place, told, (), (self._value(bits) - held) << shift)

        return Row(shift, _VALUE_MASK, Moves(make))

    def _buffered_row(self, me: int, place: Place, access: Access) -> Row | None:
        """Return the row of an access of a buyer with a store buffer, None if it has to be empty first."""
        if access.kind not in {"read", "write"}:
            return None if place.buffer else self._memory_row(me, place, access)
        cell = self._cell_numbers[access.name, access.at]
        if access.kind == "write":
            if len(place.buffer) >= MOST_BUFFERED:
                self.has_filled = True
                return None
            written = (*place.buffer, (cell, self._value(cells.pack(access.value))))
            return Row(0, 0, Moves(lambda _: self._delta(me, place, None, written)))
        own = [value for at, value in place.buffer if at == cell]
        if own:
            told = cells.unpack(self.values[own[-1]])
            return Row(0, 0, Moves(lambda _: self._delta(me, place, told, place.buffer)))
        return Row(
            self._shifts[cell],
            _VALUE_MASK,
            Moves(lambda held: self._delta(me, place, cells.unpack(self.values[held]), place.buffer)),
        )

    def _flush_row(self, me: int, place: Place) -> Row:
        (cell, value), rest = place.buffer[0], place.buffer[1:]
        shift = self._shifts[cell]
        behind = self._place(me, place._replace(buffer=rest)) - self._numbers[me][place] << self.local_shifts[me]
        return Row(shift, _VALUE_MASK, Moves(lambda held: behind + ((value - held) << shift)))

    def _delta(self, me: int, place: Place, told: Value | Exception, buffer: Buffer, change: int = 0) -> int | None:
        """Return what a step adds to the state: the buyer is told this, and its buffer and a cell change."""
        buyer, number = self.buyers[me], self._numbers[me][place]
        behind = buyer.fail(place.local, told) if isinstance(told, Exception) else buyer.after(place.local, told)
        if behind < 0:
            self.lost.add((me, number))
            return None
        before, phase = buyer.locals[place.local].phase, buyer.locals[behind].phase
        enters = phase is Phase.INSIDE and before is not Phase.INSIDE
        leaves = before is Phase.INSIDE and phase is not Phase.INSIDE
        entries = place.entries + (enters and self.limits.entries > 0)
        local = self._place(me, Place(behind, entries, buffer))
        return ((local - number) << self.local_shifts[me]) + change + enters - leaves
