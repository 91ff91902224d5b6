"""Explore a scenario: witnesses first, because they are cheap and worth most, then every count."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from booking.errors import InconclusiveError
from booking.explorer.automaton import learn
from booking.explorer.counting import LASTING, SEVERITY, Anomalies, Limits, Tally, count
from booking.explorer.quotient import Move, Quotient
from booking.explorer.result import Exploration, Witness
from booking.explorer.search import (
    FEWEST_SWITCHES,
    SHORTEST,
    Costs,
    Node,
    WitnessSearch,
    assign_buyers,
    endless_path,
    witness,
)
from booking.history.finding import SOUND, UNKNOWN
from booking.model.scripted_desk import Program
from booking.model.shared_state import shared_in
from booking.model.world import World, kinds_in
from booking.scenario import MOST_PROCESSES, Scenario, require_whole

MOST_STATES = 5_000_000
MOST_TO_SEARCH = 300_000
"""How many states one search for a witness keeps in memory at most: about 150 MB."""
AT_A_GLANCE = 1_000
"""How many states are searched for a witness before everything is counted: one that is near is worth most."""
MOST_OF_A_PART = 1_000_000
"""Where a buyer's code goes on forever, states times local states at most: about a second."""


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
    then. Raise BadInputError if a number is out of range or the program fails.
    """
    require_whole("crashes", crashes, 0, MOST_PROCESSES)
    require_whole("max-states", max_states, 1, 10**12)
    anomalies, roots = _modelled(scenario, crashes, clerks, program)
    automaton = anomalies.quotient.automaton
    if not automaton.is_whole:
        max_states = min(max_states, MOST_OF_A_PART // len(automaton.states))
    witnesses = _Witnesses(anomalies, scenario, World.before(scenario, program, clerks), roots)
    shortest = witnesses.at_a_glance(Limits(min(max_states, AT_A_GLANCE), stop=stop))
    tally = count(anomalies, Limits(max_states, on_progress, stop))
    limits = Limits(min(max_states, MOST_TO_SEARCH), stop=stop)
    shortest = shortest or witnesses.of_the_worst(tally, limits)
    return Exploration(
        scenario=scenario,
        crashes=crashes,
        exhausted=tally.exhausted,
        states=tally.states,
        transitions=tally.transitions,
        interleavings=None if tally.endless else tally.interleavings,
        probability_oversold=tally.chance,
        sold={sold: None if tally.endless else number for sold, number in sorted(tally.sold.items())},
        verdict=_verdict(tally, shortest),
        anomalies={
            str(name): None if tally.endless else tally.anomalies[name] for name in SEVERITY if name in tally.anomalies
        },
        shortest=shortest,
        fewest_switches=shortest and witnesses.cheapest(shortest.anomaly, FEWEST_SWITCHES, limits),
    )


def _modelled(
    scenario: Scenario, crashes: int, clerks: int, program: Program | None
) -> tuple[Anomalies, dict[int, int]]:
    """Return the quotient with its anomalies, and the local state in which each buyer starts."""
    kinds, shared = kinds_in(scenario, program, clerks), shared_in(scenario, clerks)
    automaton = learn([kind.program for kind in kinds], shared, scenario.buyers, [kind.shared for kind in kinds])
    quotient = Quotient(automaton, shared, [len(kind.buyers) for kind in kinds], crashes)
    pairs = zip(automaton.roots, kinds, strict=True)
    return Anomalies(quotient, scenario.tickets), {buyer: root for root, kind in pairs for buyer in kind.buyers}


@dataclass(frozen=True, slots=True)
class _Witnesses:
    """Finds witnesses and names their buyers."""

    anomalies: Anomalies
    scenario: Scenario
    world: World
    roots: Mapping[int, int]

    def at_a_glance(self, limits: Limits) -> Witness | None:
        """Return the shortest witness of the worst anomaly, None if it takes more to find one or to rule it out."""
        with suppress(InconclusiveError):
            return next((found for anomaly in SEVERITY if (found := self._found(anomaly, SHORTEST, limits))), None)
        return None

    def of_the_worst(self, tally: Tally, limits: Limits) -> Witness | None:
        """Return the shortest witness of the worst anomaly counted, or possible if not all was; None if not found."""
        for anomaly in SEVERITY:
            if anomaly in tally.anomalies or not tally.exhausted:
                found = self.cheapest(anomaly, SHORTEST, limits)
                if found is None and anomaly in tally.anomalies and tally.never_ending:
                    found = self._endless(anomaly, tally, limits)
                if found is not None:
                    return found
        return None

    def cheapest(self, anomaly: str, costs: Costs, limits: Limits, *, whole: bool = True) -> Witness | None:
        """Return the cheapest witness of an anomaly, None if there is none or it was not found within the limits."""
        with suppress(InconclusiveError):
            return self._found(anomaly, costs, limits, whole=whole)
        return None

    def _endless(self, anomaly: str, tally: Tally, limits: Limits) -> Witness | None:
        """Return a witness of an anomaly that shows only while some buyers go on forever, None beyond the limits."""
        if anomaly in LASTING:
            return self.cheapest(anomaly, SHORTEST, limits, whole=False)
        with suppress(InconclusiveError):
            return self._named(anomaly, endless_path(self.anomalies.quotient, tally.never_ending, limits))
        return None

    def _found(self, anomaly: str, costs: Costs, limits: Limits, *, whole: bool = True) -> Witness | None:
        search = WitnessSearch(self.anomalies, anomaly, costs, whole=whole)
        moves = search.path(Node(self.anomalies.quotient.start), limits)
        return None if moves is None else self._named(anomaly, moves)

    def _named(self, anomaly: str, moves: Sequence[Move]) -> Witness:
        return witness(anomaly, self.scenario, self.world, assign_buyers(self.roots, moves))


def _verdict(tally: Tally, shortest: Witness | None) -> str:
    """Return the worst anomaly found by the count or the search, else "sound" if nothing was left out."""
    found = {*tally.anomalies, shortest.anomaly if shortest else None}
    worst = next((str(anomaly) for anomaly in SEVERITY if anomaly in found), None)
    return worst or (SOUND if tally.exhausted else UNKNOWN)


MOST_TO_HINT = 100_000
"""How many states one hint looks at: a second or two."""


class Hint(NamedTuple):
    """The nearest anomaly and the moves that lead to it; none are left where it has happened already."""

    anomaly: str
    schedule: tuple[int, ...]


class Advisor:
    """Gives hints for one scenario, in which at most `crashes` buyers die; None runs the purchase of its lock."""

    def __init__(self, scenario: Scenario, *, crashes: int = 0, program: Program | None = None) -> None:
        self._anomalies, self._roots = _modelled(scenario, crashes, 0, program)
        self._quotient = self._anomalies.quotient
        self._crashes = min(crashes, scenario.buyers)

    def hint(self, world: World, wanted: Collection[str] = SEVERITY) -> Hint | None:
        """Return the nearest of the wanted anomalies, the worse of two that are equally near.

        None means that none of them can happen any more. Starvation is not looked for. Raise InconclusiveError if that
        cannot be told: within 100,000 states, or because some buyer's code was not followed so far.
        """
        begun = [buyer for buyer in world.buyers if world.answers[buyer - 1] or buyer in world.dead]
        where = self._roots | {buyer: self._local_state(world, buyer) for buyer in begun}
        holders = {name: len(holding) for name, holding in world.holders.items()}
        packing, deaths = self._quotient.packing, self._crashes - len(world.dead)
        start = Node(packing.pack(world.cells, holders, deaths, where.values()))
        found = [(anomaly, self._way(anomaly, start)) for anomaly in SEVERITY if anomaly in wanted]
        ways = [(anomaly, way) for anomaly, way in found if way is not None]
        nearest = min(ways, key=lambda one: len(one[1]), default=None)
        return nearest and Hint(nearest[0], assign_buyers(where, nearest[1]))

    def _way(self, anomaly: str, start: Node) -> list[Move] | None:
        return WitnessSearch(self._anomalies, anomaly, SHORTEST, whole=False).path(start, Limits(MOST_TO_HINT))

    def _local_state(self, world: World, buyer: int) -> int:
        number = self._quotient.automaton.walk(self._roots[buyer], world.answers[buyer - 1])
        return self._quotient.packing.dead(number) if buyer in world.dead else number
