"""The shortest schedule that shows an anomaly, and the one with the fewest switches between buyers.

Both are cheapest ways through the quotient; they differ only in what a step and a switch cost.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from booking.explorer.anomalies import Anomalies
from booking.explorer.astar import cheapest
from booking.explorer.limits import Limits
from booking.explorer.quotient import Move, Quotient
from booking.explorer.result import WAITING, Witness
from booking.history.verdict import Anomaly
from booking.model.world import World
from booking.purchase import Outcome

MUCH = 1 << 40
"""More than any schedule is long: what costs so much is saved first."""


class Prices(NamedTuple):
    """What a step and a switch cost."""

    step: int
    switch: int


SHORTEST = Prices(step=MUCH, switch=1)
FEWEST_SWITCHES = Prices(step=1, switch=MUCH)


class Turn(NamedTuple):
    """A state of the quotient, with the local state of the buyer that moved last, None before the first step."""

    state: int
    last: int | None = None


class WitnessSearch:
    """The search for one anomaly in one quotient.

    With `whole` the goal is a settled state, so that the schedule ends where every buyer that began has ended or
    waits for ever. Without, it is the first state that shows something that cannot be made good again.
    """

    def __init__(self, anomalies: Anomalies, anomaly: Anomaly, prices: Prices, *, whole: bool = True) -> None:
        self._anomalies = anomalies
        self._quotient = anomalies.quotient
        self._anomaly = anomaly
        self._prices = prices
        self._is_early = not whole and anomaly in {Anomaly.OVERSOLD, Anomaly.TORN_READ}
        self._needed, outcome = {
            Anomaly.OVERSOLD: (anomalies.tickets + 1, Outcome.BOUGHT),
            Anomaly.TORN_READ: (1, Outcome.TORN_READ),
        }.get(anomaly, (0, Outcome.BOUGHT))
        self._distances = _distances(self._quotient, outcome)
        counts = self._quotient.layout.counts
        self._nearest = sorted((far, *counts[number]) for number, far in enumerate(self._distances) if far is not None)

    def way(self, start: Turn, limits: Limits) -> list[Move] | None:
        """Return the cheapest moves to the anomaly, None where it cannot happen; raises InconclusiveError."""
        if not self._anomalies.can_show(self._anomaly):
            return None
        return cheapest(start, self._edges, self._estimate, self._is_goal, limits)

    def _is_goal(self, turn: Turn) -> bool:
        is_shown = self._anomalies.shows(turn.state, self._anomaly)
        return is_shown and (self._is_early or self._anomalies.is_settled(turn.state))

    def _edges(self, turn: Turn) -> Iterator[tuple[int, Move, Turn]]:
        state, last = turn
        for _, move in self._quotient.steps(state):
            switch = 0 if last is None or move.before == last else self._prices.switch
            yield self._prices.step + switch, move, Turn(state + move.delta, move.after)
        for buyers, move in self._quotient.deaths(state):
            is_last = move.before == last and buyers == 1
            yield self._prices.step, move, Turn(state + move.delta, move.after if is_last else last)

    def _estimate(self, turn: Turn) -> int | None:
        """Return the price if every buyer got the answers it wished for: the nearest buyers go on to the outcome.

        Each of them takes over once, but for the one whose turn it is.
        """
        state, last = turn
        needed, steps, turns = self._needed, 0, 0
        for far, shift, mask in self._nearest:
            buyers = state >> shift & mask
            if buyers and far:
                steps += far * min(needed, buyers)
                turns += min(needed, buyers)
            needed -= buyers
            if needed <= 0:
                break
        if needed > 0:
            return None
        goes_on = last is None or bool(self._distances[last])
        return steps * self._prices.step + max(0, turns - goes_on) * self._prices.switch


def _distances(quotient: Quotient, outcome: Outcome) -> list[int | None]:
    """Return for each local state how many steps at least are left to the outcome, None where it is out of reach."""
    distances: list[int | None] = []
    for local in quotient.layout.local:  # what follows a local state has a smaller number
        behind = [far for after in local.after.values() if (far := distances[after]) is not None]
        distances.append(0 if local.next is outcome else min(behind) + 1 if behind else None)
    return distances


def label(where: dict[int, list[int]], moves: Iterable[Move], last: int | None = None) -> tuple[int, ...]:
    """Return the moves as a schedule; `where` tells which buyers are in each local state, and is used up.

    `last` is the buyer that moved last. Of equal buyers the one that the search meant moves, else the one with the
    smallest number: so buyers get their numbers in the order in which they first move.
    """
    schedule = []
    for move in moves:
        equal = where[move.before]
        is_there = last in equal
        if is_there and last is not None and not (move.dies and len(equal) > 1):
            buyer = last
        else:
            buyer = min(number for number in equal if number != last) if is_there else min(equal)
        equal.remove(buyer)
        where.setdefault(move.after, []).append(buyer)
        schedule.append(-buyer if move.dies else buyer)
        last = last if move.dies else buyer
    return tuple(schedule)


def witness(anomaly: Anomaly, world: World, schedule: tuple[int, ...]) -> Witness:
    """Return the schedule with everything that happens in it, from the labelled world that it starts in."""
    after, happened = world.follow(schedule)
    waiting = [buyer for buyer in after.buyers if after.blocked_by(buyer)]
    ends = {buyer: str(after.outcome(buyer)) for buyer in sorted({moved.buyer for moved in happened})}
    return Witness(anomaly, schedule, happened, ends | dict.fromkeys(waiting, WAITING), *after.counts_left)
