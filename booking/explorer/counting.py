"""Counting every interleaving, without walking any of them.

The states are visited in the order of their rank, so that all ways into a state are known before it is left. A
state's number of ways is passed on to its successors, multiplied by how many buyers could make the move; the
numbers are exact, however large.
"""

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from fractions import Fraction

from booking.explorer.anomalies import Anomalies
from booking.explorer.search import Limits
from booking.history.verdict import Anomaly

MOST_BITS = 1 << 17
"""The longest denominator that a chance may have: about 110 buyers. Beyond it the probability is not computed."""


@dataclass(slots=True)
class Tally:
    """What was counted. With `exhausted` false the counts are lower bounds.

    `interleavings`, `sold` (by tickets sold) and `anomalies` count schedules of named buyers. `chance` is the
    probability of overselling when each step goes to a uniformly chosen buyer that can move, None if not asked.
    """

    exhausted: bool = True
    states: int = 0
    transitions: int = 0
    interleavings: int = 0
    sold: Counter[int] = field(default_factory=Counter)
    anomalies: Counter[Anomaly] = field(default_factory=Counter)
    chance: Fraction | None = None


def count(anomalies: Anomalies, limits: Limits) -> Tally:
    """Return how many interleavings there are and how they end."""
    counting = _Counting(anomalies)
    tally = counting.tally
    for rank in range(anomalies.quotient.top, -1, -1):
        for state, (ways, chance) in counting.waiting.pop(rank, {}).items():
            if limits.are_reached(tally.states):
                tally.exhausted = False
                return tally
            counting.visit(rank, state, ways, chance)
    if counting.unit and tally.exhausted:
        tally.chance = Fraction(counting.oversold, counting.unit**anomalies.quotient.top)
    return tally


class _Counting:
    """The count under way. `waiting` holds the states to visit: by rank, then by state, its ways and its chance.

    Chances are whole numbers over the common denominator `unit ** (top - rank)`: a step divides by the number of
    buyers that can move, which divides `unit`. A death has no probability, so with deaths `unit` is 0,
    as it is where the denominator would be too long.
    """

    def __init__(self, anomalies: Anomalies) -> None:
        self.quotient = quotient = anomalies.quotient
        self.anomalies = anomalies
        self.tally = Tally()
        self.waiting: defaultdict[int, dict[int, list[int]]] = defaultdict(dict)
        self.waiting[quotient.top][quotient.start] = [1, 1]
        unit = math.lcm(*range(1, quotient.buyers + 1))
        is_long = unit.bit_length() * quotient.top > MOST_BITS
        self.unit = 0 if is_long or quotient.packing.crashes.of(quotient.start) else unit
        self.powers = [self.unit**exponent for exponent in range(1 + max(s.height for s in quotient.packing.local))]
        self.oversold = 0

    def visit(self, rank: int, state: int, ways: int, chance: int) -> None:
        """Pass the ways and the chance of a state on to the states behind it, or count it if it is an end."""
        steps, deaths = self.quotient.steps(state), self.quotient.deaths(state)
        self.tally.states += 1
        self.tally.transitions += len(steps) + len(deaths)
        if not steps:
            self._end(rank, state, ways, chance)
        elif self.unit:
            chance *= self.unit // sum(buyers for buyers, _ in steps)
        for buyers, move in steps + deaths:
            bucket = self.waiting[rank - move.rank_drop]
            entry = bucket.get(state + move.delta)
            share = chance * buyers * self.powers[move.rank_drop - 1] if self.unit else 0
            if entry is None:
                bucket[state + move.delta] = [ways * buyers, share]
            else:
                entry[0] += ways * buyers
                entry[1] += share

    def _end(self, rank: int, state: int, ways: int, chance: int) -> None:
        if not self.anomalies.is_followed(state):
            self.tally.exhausted = False
            return
        self.tally.interleavings += ways
        self.tally.sold[self.anomalies.sold(state)] += ways
        shown = self.anomalies.shown(state)
        self.tally.anomalies.update(dict.fromkeys(shown, ways))
        if Anomaly.OVERSOLD in shown:
            self.oversold += chance * self.unit**rank
