"""How far the nearest anomaly is, from any moment of a sale: what the game tells to those who ask."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import NamedTuple

from booking.explorer.anomalies import SEVERITY, Anomalies
from booking.explorer.automaton import learn
from booking.explorer.limits import Limits
from booking.explorer.quotient import Quotient
from booking.explorer.witness import SHORTEST, Turn, WitnessSearch, label
from booking.history.verdict import Anomaly
from booking.model.buyer_classes import kinds_in
from booking.model.scripted_desk import Program
from booking.model.shared_state import shared_in
from booking.model.world import World
from booking.scenario import Scenario

MOST_STATES = 100_000
"""How many states one hint looks at: a second or two."""


class Hint(NamedTuple):
    """The nearest anomaly and the moves that lead to it; none are left where it has happened already."""

    anomaly: Anomaly
    schedule: tuple[int, ...]


class Advisor:
    """Gives hints for one scenario, in which at most `crashes` buyers die; None runs the purchase of its lock."""

    def __init__(self, scenario: Scenario, *, crashes: int = 0, program: Program | None = None) -> None:
        shared, kinds = shared_in(scenario), kinds_in(scenario, program)
        seen = [kind.shared for kind in kinds]
        self._automaton = learn([kind.program for kind in kinds], shared, scenario.buyers, seen)
        self._quotient = Quotient(self._automaton, shared, [len(kind.buyers) for kind in kinds], crashes)
        pairs = zip(self._automaton.roots, kinds, strict=True)
        self._root = {buyer: root for root, kind in pairs for buyer in kind.buyers}
        self._anomalies = Anomalies(self._quotient, scenario.tickets)
        self._crashes = min(crashes, scenario.buyers)

    def hint(self, world: World, wanted: Collection[Anomaly] = SEVERITY) -> Hint | None:
        """Return the nearest of the wanted anomalies, the worse of two that are equally near.

        None means that none of them can happen any more. Raises InconclusiveError where that cannot be told within
        100,000 states.
        """
        where = [self._local_state(world, buyer) for buyer in world.buyers]
        holders = {name: len(holding) for name, holding in world.holders.items()}
        start = self._quotient.layout.pack(world.cells, holders, self._crashes - len(world.dead), where)
        found = [hint for anomaly in SEVERITY if anomaly in wanted and (hint := self._nearest(anomaly, start, where))]
        return min(found, key=lambda hint: len(hint.schedule), default=None)

    def _nearest(self, anomaly: Anomaly, start: int, where: Sequence[int]) -> Hint | None:
        way = WitnessSearch(self._anomalies, anomaly, SHORTEST, whole=False).way(Turn(start), Limits(MOST_STATES))
        if way is None:
            return None
        buyers: defaultdict[int, list[int]] = defaultdict(list)
        for buyer, number in enumerate(where, 1):
            buyers[number].append(buyer)
        return Hint(anomaly, label(buyers, way))

    def _local_state(self, world: World, buyer: int) -> int:
        number = self._automaton.walk(self._root[buyer], world.answers[buyer - 1])
        return self._quotient.layout.dead(number) if buyer in world.dead else number
