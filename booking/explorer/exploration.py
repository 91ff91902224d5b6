"""Explore a scenario: witnesses first, because they are cheap and worth most, then every count."""

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from booking.errors import InconclusiveError
from booking.explorer.anomalies import SEVERITY, Anomalies
from booking.explorer.automaton import learn
from booking.explorer.counting import Tally, count
from booking.explorer.quotient import Move, Quotient
from booking.explorer.result import Exploration, Witness
from booking.explorer.search import (
    FEWEST_SWITCHES,
    SHORTEST,
    Costs,
    Limits,
    Node,
    WitnessSearch,
    assign_buyers,
    witness,
)
from booking.history.verdict import SOUND, UNKNOWN, Anomaly
from booking.model.buyer_classes import Kind, at_their_roots, kinds_in
from booking.model.scripted_desk import Program
from booking.model.shared_state import shared_in
from booking.model.world import World
from booking.scenario import MOST_PROCESSES, Scenario, require_whole

MOST_STATES = 5_000_000
MOST_TO_SEARCH = 300_000
"""How many states one search for a witness keeps in memory at most: about 150 MB."""
MOST_OF_A_PART = 1_000_000
"""Where a buyer's code goes on for ever, states times local states at most: about a second."""


def explore(  # noqa: PLR0913 - each has a default, and together they are the command's options
    scenario: Scenario,
    *,
    crashes: int = 0,
    clerks: int = 0,
    max_states: int = MOST_STATES,
    program: Program | None = None,
    on_progress: Callable[[int], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> Exploration:
    """Return everything that can happen when every buyer of the scenario runs `program`, None the one of its lock.

    With `clerks` the buyers ask so many clerks to look and to buy for them; the schedules then have the steps at the
    counter too, and are no schedules for a replay. 0 is a sale without clerks.
    Up to `crashes` buyers may die at any point before their end. After `max_states` states, or once `stop` says
    so, the exploration ends with what it has, not exhausted; `on_progress` is told the number of states now and
    then. Raises BadInputError where a number is out of range or the program fails.
    """
    require_whole("crashes", crashes, 0, MOST_PROCESSES)
    require_whole("max-states", max_states, 1, 10**12)
    kinds, shared = kinds_in(scenario, program, clerks), shared_in(scenario, clerks)
    automaton = learn([kind.program for kind in kinds], shared, scenario.buyers, [kind.shared for kind in kinds])
    quotient = Quotient(automaton, shared, [len(kind.buyers) for kind in kinds], crashes)
    anomalies = Anomalies(quotient, scenario.tickets)
    if not quotient.automaton.is_whole:
        max_states = min(max_states, MOST_OF_A_PART // len(quotient.automaton.states))
    limits = Limits(min(max_states, MOST_TO_SEARCH), stop=stop)
    shortest, fewest = witnesses(anomalies, scenario, World.before(scenario, program, clerks), kinds, limits)
    tally = count(anomalies, Limits(max_states, on_progress, stop))
    return Exploration(
        scenario=scenario,
        crashes=crashes,
        exhausted=tally.exhausted,
        states=tally.states,
        transitions=tally.transitions,
        interleavings=tally.interleavings,
        probability_oversold=tally.chance,
        sold=dict(sorted(tally.sold.items())),
        verdict=_verdict(tally, shortest),
        anomalies={str(anomaly): tally.anomalies[anomaly] for anomaly in SEVERITY if anomaly in tally.anomalies},
        shortest=shortest,
        fewest_switches=fewest,
    )


def witnesses(
    anomalies: Anomalies, scenario: Scenario, world: World, kinds: Sequence[Kind], limits: Limits
) -> tuple[Witness | None, Witness | None]:
    """Return the shortest witness of the worst anomaly, and the one with the fewest switches between buyers.

    None stands for one that does not exist, and for one that was not found within the limits.
    """

    def best(anomaly: Anomaly, costs: Costs) -> Witness | None:
        """Return the cheapest witness of one anomaly."""
        way = _path(anomalies, anomaly, costs, limits)
        roots = anomalies.quotient.automaton.roots
        if way is None:
            return None
        return witness(anomaly, scenario, world, assign_buyers(at_their_roots(roots, kinds), way))

    for anomaly in SEVERITY:
        if (shortest := best(anomaly, SHORTEST)) is not None:
            return shortest, best(anomaly, FEWEST_SWITCHES)
    return None, None


def _path(anomalies: Anomalies, anomaly: Anomaly, costs: Costs, limits: Limits) -> list[Move] | None:
    """Return the cheapest moves to the anomaly, None where it cannot happen or was not found within the limits."""
    try:
        return WitnessSearch(anomalies, anomaly, costs).path(Node(anomalies.quotient.start), limits)
    except InconclusiveError:
        return None


def _verdict(tally: Tally, shortest: Witness | None) -> str:
    """Return the worst anomaly found by the count or the search, else "sound" if nothing was left out."""
    found = {*tally.anomalies, shortest.anomaly if shortest else None}
    worst = next((str(anomaly) for anomaly in SEVERITY if anomaly in found), None)
    return worst or (SOUND if tally.exhausted else UNKNOWN)


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
        start = self._quotient.packing.pack(world.cells, holders, self._crashes - len(world.dead), where)
        found = [hint for anomaly in SEVERITY if anomaly in wanted and (hint := self._nearest(anomaly, start, where))]
        return min(found, key=lambda hint: len(hint.schedule), default=None)

    def _nearest(self, anomaly: Anomaly, start: int, where: Sequence[int]) -> Hint | None:
        way = WitnessSearch(self._anomalies, anomaly, SHORTEST, whole=False).path(Node(start), Limits(MOST_STATES))
        if way is None:
            return None
        buyers: defaultdict[int, list[int]] = defaultdict(list)
        for buyer, number in enumerate(where, 1):
            buyers[number].append(buyer)
        return Hint(anomaly, assign_buyers(buyers, way))

    def _local_state(self, world: World, buyer: int) -> int:
        number = self._automaton.walk(self._root[buyer], world.answers[buyer - 1])
        return self._quotient.packing.dead(number) if buyer in world.dead else number
