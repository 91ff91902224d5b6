"""The shortest schedule that shows an anomaly, and the one with the fewest switches: cheapest ways, at other costs."""

import heapq
from collections import defaultdict
from collections.abc import Callable, Container, Hashable, Iterable, Iterator, Mapping
from itertools import count
from typing import NamedTuple, TypeVar

from booking.errors import InconclusiveError
from booking.explorer.counting import LASTING, Anomalies, Limits
from booking.explorer.quotient import Move, Quotient
from booking.explorer.result import ENDLESS, WAITING, Witness
from booking.history.finding import UNFINISHED, Anomaly
from booking.model.listing import schedule_listing
from booking.model.prediction import predict
from booking.model.world import World
from booking.purchase import Outcome
from booking.scenario import Scenario
from booking.text.words import buyers as numbered

Place = TypeVar("Place", bound=Hashable)
Edge = TypeVar("Edge")


def cheapest(
    start: Place,
    edges: Callable[[Place], Iterable[tuple[int, Edge, Place]]],
    estimate: Callable[[Place], int | None],
    is_goal: Callable[[Place], bool],
    limits: Limits,
) -> list[Edge] | None:
    """Return the edges of a cheapest way from `start` to a goal, None where no goal can be reached.

    `edges` yields cost, edge and next node. `estimate` is at most what is left to pay, falls along an edge by at
    most its cost, and is None where no goal can be reached. Of equally promising nodes the one that was reached
    last comes first, so that a way goes straight on. Raise InconclusiveError if the limits are reached.

    A*: Hart, Nilsson and Raphael, IEEE Transactions on Systems Science and Cybernetics 4, 1968.
    """
    left = estimate(start)
    newest = count(0, -1)
    promising = [] if left is None else [(left, next(newest), 0, start)]
    paid = {start: 0}
    came: dict[Place, tuple[Place, Edge]] = {}
    visited = 0
    while promising:
        _, _, cost, node = heapq.heappop(promising)
        if cost > paid[node]:
            continue  # a cheaper way here was found meanwhile
        if is_goal(node):
            way = []
            while node != start:
                node, edge = came[node]
                way.append(edge)
            return way[::-1]
        if limits.are_reached(visited):
            raise InconclusiveError(f"no answer after {visited:,} states; allow more with --max-states")
        visited += 1
        for price, edge, after in edges(node):
            total = cost + price
            if (after not in paid or total < paid[after]) and (left := estimate(after)) is not None:
                paid[after] = total
                came[after] = (node, edge)
                heapq.heappush(promising, (total + left, next(newest), total, after))
    return None


DOMINATES = 1 << 40
"""More than any schedule is long: what costs so much is saved first."""


class Costs(NamedTuple):
    """What a step and a switch cost."""

    step: int
    switch: int


SHORTEST = Costs(step=DOMINATES, switch=1)
FEWEST_SWITCHES = Costs(step=1, switch=DOMINATES)


class Node(NamedTuple):
    """A state of the quotient, with the local state of the buyer that moved last, None before the first step."""

    state: int
    last: int | None = None


class WitnessSearch:
    """The search for one anomaly in one quotient.

    With `whole` the goal is a settled state, so that the schedule ends where every buyer that began has ended or
    waits forever. Without, it is the first state that shows something that cannot be made good again.
    """

    def __init__(self, anomalies: Anomalies, anomaly: str, costs: Costs, *, whole: bool = True) -> None:
        self._anomalies = anomalies
        self._quotient = anomalies.quotient
        self._anomaly = anomaly
        self._costs = costs
        self._is_early = not whole and anomaly in LASTING
        needed: dict[str, tuple[int, Outcome]] = {
            Anomaly.OVERSOLD: (anomalies.tickets + 1, Outcome.BOUGHT),
            Anomaly.TORN_READ: (1, Outcome.TORN_READ),
        }
        self._needed, outcome = needed.get(anomaly, (0, Outcome.BOUGHT))
        self._distances = _distances(self._quotient, outcome)
        counts = self._quotient.packing.counts
        self._nearest = sorted((far, *counts[number]) for number, far in enumerate(self._distances) if far is not None)

    def path(self, start: Node, limits: Limits) -> list[Move] | None:
        """Return the cheapest moves to the anomaly, None if it cannot happen; raise InconclusiveError if unknown."""
        if not self._anomalies.can_show(self._anomaly):
            return None
        found = cheapest(start, self._edges, self._estimate, self._is_goal, limits)
        if found is None and not self._quotient.automaton.is_whole:
            raise InconclusiveError("no answer: a buyer's code goes on further than it was followed")
        return found

    def _is_goal(self, turn: Node) -> bool:
        is_shown = self._anomalies.shows(turn.state, self._anomaly)
        return is_shown and (self._is_early or self._anomalies.is_settled(turn.state))

    def _edges(self, turn: Node) -> Iterator[tuple[int, Move, Node]]:
        state, last = turn
        for _, move in self._quotient.steps(state):
            switch = 0 if last is None or move.before == last else self._costs.switch
            yield self._costs.step + switch, move, Node(state + move.delta, move.lands)
        for buyers, move in self._quotient.deaths(state):
            is_last = move.before == last and buyers == 1
            yield self._costs.step, move, Node(state + move.delta, move.after if is_last else last)

    def _estimate(self, turn: Node) -> int | None:
        """Return the least price: the nearest buyers go on to the outcome, each taking over once but for the last."""
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
        return steps * self._costs.step + max(0, turns - goes_on) * self._costs.switch


def _distances(quotient: Quotient, outcome: Outcome) -> list[int | None]:
    """Return for each local state how many steps at least are left to the outcome, None if it is out of reach."""
    local = quotient.packing.local
    before = defaultdict(list)
    for number, state in enumerate(local):
        for after in state.after.values():
            before[after].append(number)
    distances: list[int | None] = [0 if state.next is outcome else None for state in local]
    nearest = [number for number, far in enumerate(distances) if far == 0]
    for number in nearest:  # the list grows while it is read: breadth first
        for earlier in before[number]:
            if distances[earlier] is None:
                distances[earlier] = (distances[number] or 0) + 1
                nearest.append(earlier)
    return distances


def assign_buyers(where: Mapping[int, int], moves: Iterable[Move]) -> tuple[int, ...]:
    """Return the moves as a schedule; `where` has the local state of every buyer.

    Of equal buyers the one that moved last moves again, as the search meant it, else the one with the smallest number:
    so buyers get their numbers in the order in which they first move. The last one dies only if it is alone.
    """
    equal: defaultdict[int, set[int]] = defaultdict(set)
    for buyer, local in where.items():
        equal[local].add(buyer)
    schedule, last = [], 0
    for move in moves:
        here = equal[move.before]
        goes_on = last in here and not (move.dies and len(here) > 1)
        buyer = last if goes_on else min(here - {last})
        here.remove(buyer)
        equal[move.after].add(buyer)
        for merge in move.merges:
            equal[merge.like] |= equal.pop(merge.stale, set())
        schedule.append(-buyer if move.dies else buyer)
        last = last if move.dies else buyer
    return tuple(schedule)


def endless_path(quotient: Quotient, never_ending: Container[int], limits: Limits) -> list[Move]:
    """Return the fewest moves to one of these states and back to it; raise InconclusiveError beyond the limits."""

    def moves(state: int) -> Iterator[tuple[int, Move, int]]:
        return ((1, move, state + move.delta) for _, move in quotient.steps(state) + quotient.deaths(state))

    path = cheapest(quotient.start, moves, lambda _: 0, never_ending.__contains__, limits) or []
    state = quotient.start + sum(move.delta for move in path)
    circles = []
    for _, move in quotient.steps(state):
        back = cheapest(state + move.delta, moves, lambda _: 0, lambda reached: reached == state, limits)
        circles += [] if back is None else [[move, *back]]
    return path + min(circles, key=len, default=[])


def _in_order(schedule: tuple[int, ...], world: World) -> tuple[int, ...]:
    """Return the buyers by their numbers if each takes one step and the end is the same, else the schedule as it is."""
    ordered = tuple(sorted(schedule))
    if len(set(schedule)) < len(schedule) or ordered[:1] < (0,):
        return schedule
    return ordered if world.follow(ordered)[0] == world.follow(schedule)[0] else schedule


def witness(anomaly: str, scenario: Scenario, world: World, schedule: tuple[int, ...]) -> Witness:
    """Return the schedule with everything that happens in it, from the labelled world that it starts in.

    Of steps that lead to the same world in any order, the buyers with the smaller numbers take theirs first. The judge
    is shown the attempts of those that wait outside too, and explains what it finds.
    """
    schedule = _in_order(schedule, world)
    after, happened = world.follow(schedule)
    waiting = [buyer for buyer in after.buyers if after.blocked_by(buyer)]
    buyers = sorted({moved.buyer for moved in happened})
    ends = {buyer: str(after.outcome(buyer) or ENDLESS) for buyer in buyers} | dict.fromkeys(waiting, WAITING)
    endless = [buyer for buyer, end in ends.items() if end == ENDLESS]
    failed = next((buyer for buyer in buyers if after.error(buyer)), None)
    error = "" if failed is None else after.error(failed)
    text = ""
    if anomaly == UNFINISHED:
        text = f"The code of buyer {failed} fails: {error.rstrip('.')}."
    elif endless:
        text = f"{numbered(endless)} can go on forever, and nobody can end any more."
    else:
        outside = tuple(buyer for buyer in waiting if buyer not in schedule)
        findings = predict(scenario, schedule + outside, world).verdict.findings
        text = next((finding.text for finding in findings if finding.anomaly == anomaly), "")
    return Witness(anomaly, schedule, happened, ends, text, after.counts_left, error, schedule_listing(world, schedule))
