"""What a state of the quotient shows, and counting every interleaving without walking any of them.

The states are visited in the order of their rank, so that all ways into a state are known before it is left. A
state's number of ways is passed on to its successors, multiplied by how many buyers could make the move; the
numbers are exact, however large. Where a buyer's code has loops, steps within them leave the rank as it is; the
states of one rank are then put into an order in which each comes before those that it leads to. If there is none,
because buyers can bring the world back to where it was, there are infinitely many interleavings. Nothing is left out
all the same: every state is visited.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from booking.errors import InconclusiveError
from booking.explorer.automaton import UNEXPLORED
from booking.explorer.components import components
from booking.explorer.quotient import Field, Quotient
from booking.history.finding import UNFINISHED, Anomaly, is_lost_update
from booking.purchase import Outcome

OFTEN = 4096
"""So many states pass between two questions whether to stop."""


@dataclass(frozen=True, slots=True)
class Limits:
    """At most `most` states; now and then `on_progress` is told how many there were and `stop` is asked."""

    most: int
    on_progress: Callable[[int], None] = lambda _: None
    stop: Callable[[], bool] = lambda: False

    def are_reached(self, states: int) -> bool:
        """Return whether to end after so many states."""
        if states % OFTEN == 0:
            self.on_progress(states)
            if self.stop():
                return True
        return states >= self.most


SEVERITY: tuple[str, ...] = (
    Anomaly.OVERSOLD,
    Anomaly.LOST_UPDATE,
    Anomaly.HALF_JOURNEY,
    Anomaly.TORN_READ,
    Anomaly.DEADLOCK,
    UNFINISHED,
    Anomaly.STARVATION,
)
"""What can be found, the worst first. UNFINISHED is a buyer whose code fails."""
LASTING: frozenset[str] = frozenset({Anomaly.OVERSOLD, Anomaly.TORN_READ, UNFINISHED})
"""What cannot be made good again, whatever happens afterwards."""


class Anomalies:
    """Reads the anomalies off the states of one quotient."""

    def __init__(self, quotient: Quotient, tickets: int) -> None:
        self.quotient = quotient
        self.tickets = tickets
        self._bought = self._those(Outcome.BOUGHT)
        self._ended: dict[str, list[Field]] = {
            Anomaly.TORN_READ: self._those(Outcome.TORN_READ),
            UNFINISHED: self._those(Outcome.UNFINISHED, Outcome.UNKNOWN),
        }
        self._on = {cell: self._those(Outcome.BOUGHT, cell=cell) for cell in quotient.shared.cells}

    def sold(self, state: int) -> int:
        """Return how many buyers hold a ticket."""
        return sum(count.of(state) for count in self._bought)

    def is_followed(self, state: int) -> bool:
        """Return whether no buyer has gone beyond what its automaton knows."""
        return not self.quotient.packing.counts[UNEXPLORED].of(state)

    def is_settled(self, state: int) -> bool:
        """Return whether every buyer that has moved has ended, or waits for a lock forever."""
        moving = {move.before for _, move in self.quotient.steps(state)}
        return moving <= self.quotient.roots and self.is_followed(state)

    def can_show(self, anomaly: str) -> bool:
        """Return, without a search, whether a settled state could show it."""
        if anomaly in self._ended:
            return bool(self._ended[anomaly])
        if anomaly == Anomaly.DEADLOCK:
            return self.quotient.can_deadlock
        return anomaly != Anomaly.STARVATION and (anomaly != Anomaly.HALF_JOURNEY or len(self._on) > 1)

    def shown(self, state: int) -> list[str]:
        """Return what went wrong in a settled state, the worst first."""
        return [anomaly for anomaly in SEVERITY if self.shows(state, anomaly)]

    def shows(self, state: int, anomaly: str) -> bool:
        """Return whether this went wrong in a settled state; what is oversold or torn is so in any state."""
        if anomaly in self._ended:
            return any(count.of(state) for count in self._ended[anomaly])
        match anomaly:
            case Anomaly.OVERSOLD:
                return self.sold(state) > self.tickets and any(sold > self.tickets for sold in self._sold_on(state))
            case Anomaly.LOST_UPDATE:
                return any(is_lost_update(sold, self.tickets, left) for sold, left in self._left(state))
            case Anomaly.HALF_JOURNEY:
                return len({sold + left for sold, left in self._left(state)}) > 1
        return anomaly == Anomaly.DEADLOCK and bool(self.quotient.blocked(state))

    def _sold_on(self, state: int) -> list[int]:
        """Return how many tickets of each train are sold."""
        return [sum(count.of(state) for count in bought) for bought in self._on.values()]

    def _left(self, state: int) -> list[tuple[int, int]]:
        """Return how many tickets are sold and left on each train whose count can be read; shares lose nothing."""
        if self.quotient.shared.split:
            return []
        found = [self.quotient.packing.value(cell, state) for cell in self._on]
        return [(sold, left) for sold, left in zip(self._sold_on(state), found, strict=True) if isinstance(left, int)]

    def _those(self, *outcomes: Outcome, cell: str | None = None) -> list[Field]:
        """Return where to find the number of buyers that ended like this, those that were made to crash left out.

        With a `cell` only the buyers count that were given it.
        """
        packing, alive = self.quotient.packing, self.quotient.automaton.states
        return [
            count
            for count, local in zip(packing.counts, alive, strict=False)
            if local.next in outcomes and (cell is None or cell in local.cells)
        ]


MOST_BITS = 1 << 17
"""The longest denominator that a chance may have: about 110 buyers. Beyond it the probability is not computed."""


@dataclass(slots=True)
class Tally:
    """What was counted. With `exhausted` false the counts are lower bounds.

    `interleavings`, `sold` (by tickets sold) and `anomalies` count schedules of named buyers. With `endless` true
    the world can come back to where it was, so that there are infinitely many; only the keys of `sold` and `anomalies`
    mean something then. `never_ending` has the states from which no buyer can end any more, but goes on forever.
    `chance` is the probability of overselling when each step goes to a uniformly chosen buyer that can move, None if
    not asked, and where it can go on forever.
    """

    exhausted: bool = True
    endless: bool = False
    states: int = 0
    transitions: int = 0
    interleavings: int = 0
    sold: Counter[int] = field(default_factory=Counter)
    anomalies: Counter[str] = field(default_factory=Counter)
    never_ending: set[int] = field(default_factory=set)
    chance: Fraction | None = None


def count(anomalies: Anomalies, limits: Limits) -> Tally:
    """Return how many interleavings there are and how they end."""
    counting = _Counting(anomalies, limits)
    tally = counting.tally
    try:
        for rank in range(anomalies.quotient.top, -1, -1):
            bucket = counting.waiting[rank]
            for state, (ways, chance) in counting.in_order(bucket) if counting.has_loops else bucket.items():
                if limits.are_reached(tally.states):
                    tally.exhausted = False
                    return tally
                counting.visit(rank, state, ways, chance)
            del counting.waiting[rank]
    except InconclusiveError:
        tally.exhausted = False
    if tally.exhausted and not tally.endless and not counting.crashes:
        tally.chance = counting.probability()
    return tally


class _Counting:
    """The count under way. `waiting` holds the states to visit: by rank, then by state, its ways and its chance.

    Chances are whole numbers over the common denominator `unit ** (top - rank)`: a step divides by the number of
    buyers that can move, which divides `unit`. Where steps leave the rank as it is, they are fractions. A death has no
    probability, so with deaths there is none, nor where the denominator would be too long: `unit` is then 0.
    """

    def __init__(self, anomalies: Anomalies, limits: Limits) -> None:
        self.quotient = quotient = anomalies.quotient
        self.anomalies = anomalies
        self.limits = limits
        self.tally = Tally()
        self.has_loops = quotient.has_loops
        self.crashes = quotient.packing.crashes.of(quotient.start)
        self.waiting: defaultdict[int, dict[int, list[Any]]] = defaultdict(dict)
        self.waiting[quotient.top][quotient.start] = [1, 1]
        unit = math.lcm(*range(1, quotient.buyers + 1))
        is_long = unit.bit_length() * quotient.top > MOST_BITS
        self.unit = 0 if is_long or self.crashes or self.has_loops else unit
        self.powers = [self.unit**exponent for exponent in range(1 + max(s.height for s in quotient.packing.local))]
        self.oversold: int | Fraction = 0
        self._looked_at = 0

    def probability(self) -> Fraction | None:
        """Return the probability of overselling, None if it was not computed."""
        if self.has_loops:
            return Fraction(self.oversold)
        return Fraction(self.oversold, self.unit**self.quotient.top) if self.unit else None

    def in_order(self, bucket: dict[int, list[Any]]) -> Iterator[tuple[int, list[Any]]]:
        """Yield the states of one rank in an order, and note loops; raise InconclusiveError beyond the limits."""
        for component in reversed(components(list(bucket), self._on_the_same_rank)):
            for state in component:
                bucket.setdefault(state, [0, 0])
            inside = set(component)
            behind = [state + move.delta for state in component for _, move in self.quotient.steps(state)]
            if len(component) > 1 or not inside.isdisjoint(behind):
                self.tally.endless = True
                if inside.issuperset(behind):
                    self._never_end(inside)
            yield from ((state, bucket[state]) for state in component)

    def _on_the_same_rank(self, state: int) -> Iterable[int]:
        self._looked_at += 1
        if self.limits.are_reached(self._looked_at):
            raise InconclusiveError
        return [state + move.delta for _, move in self.quotient.steps(state) if not move.rank_drop]

    def visit(self, rank: int, state: int, ways: int, chance: int | Fraction) -> None:
        """Pass the ways and the chance of a state on to the states behind it, or count it if it is an end."""
        steps, unit, powers = self.quotient.steps(state), self.unit, self.powers
        moves = steps + self.quotient.deaths(state) if self.crashes else steps
        self.tally.states += 1
        self.tally.transitions += len(moves)
        if not steps:
            self._end(state, ways)
            if self.anomalies.shows(state, Anomaly.OVERSOLD):
                self.oversold += chance if self.has_loops else chance * self.unit**rank
        elif unit:
            chance *= unit // sum(buyers for buyers, _ in steps)
        elif self.has_loops and not self.crashes:
            chance = Fraction(chance, sum(buyers for buyers, _ in steps))
        else:
            chance = 0
        for buyers, move in moves:
            bucket = self.waiting[rank - move.rank_drop]
            entry = bucket.get(state + move.delta)
            share = chance * buyers * powers[move.rank_drop - 1] if unit else chance * buyers
            if entry is None:
                bucket[state + move.delta] = [ways * buyers, share]
            else:
                entry[0] += ways * buyers
                entry[1] += share

    def _end(self, state: int, ways: int) -> None:
        if not self.anomalies.is_followed(state):
            self.tally.exhausted = False
            return
        self.tally.interleavings += ways
        self.tally.sold[self.anomalies.sold(state)] += ways
        self.tally.anomalies.update(dict.fromkeys(self.anomalies.shown(state), ways))

    def _never_end(self, states: set[int]) -> None:
        """Note states that lead only to each other: in all of them the same buyers have ended, and no other will."""
        state = next(iter(states))
        if not self.anomalies.is_followed(state):
            self.tally.exhausted = False
            return
        self.tally.never_ending |= states
        self.tally.sold[self.anomalies.sold(state)] += 1
        lasting = [anomaly for anomaly in LASTING if self.anomalies.shows(state, anomaly)]
        self.tally.anomalies.update([*lasting, Anomaly.STARVATION])
