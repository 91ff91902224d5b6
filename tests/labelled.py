"""Everything that can happen to a few numbered buyers, found the slow way.

No automaton, no symmetry, no ranks, no packing: worlds are walked one by one, so that this is an independent check
of what the explorer counts and of the witnesses that it finds.
"""

import heapq
from collections import Counter
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import count

from booking.explorer import World
from booking.purchase import Outcome

Anomalies = tuple[str, ...]


@dataclass(frozen=True)
class Ends:
    """How often each (tickets sold, anomalies) is how it ends, and how probable overselling is."""

    ways: Counter[tuple[int, Anomalies]]
    chance: Fraction

    @property
    def interleavings(self) -> int:
        """Return how many schedules there are."""
        return self.ways.total()

    @property
    def sold(self) -> dict[int, int]:
        """Return how many schedules sell how many tickets."""
        totals: Counter[int] = Counter()
        for (sold, _), ways in self.ways.items():
            totals[sold] += ways
        return dict(totals)

    @property
    def anomalies(self) -> dict[str, int]:
        """Return how many schedules show each anomaly."""
        totals: Counter[str] = Counter()
        for (_, anomalies), ways in self.ways.items():
            totals.update(dict.fromkeys(anomalies, ways))
        return dict(totals)


def sold(world: World) -> int:
    return sum(world.outcome(buyer) is Outcome.BOUGHT for buyer in world.buyers)


def sold_on(world: World) -> list[int]:
    """Return how many buyers hold a ticket on each train: those that bought, and have a desk there."""
    desks = [code.shared.cells for buyer, code in enumerate(world.codes, 1) if world.outcome(buyer) is Outcome.BOUGHT]
    trains = [name for name in world.cells if " of buyer " not in name]
    return [sum(train in cells for cells in desks) for train in trains]


def anomalies(world: World, tickets: int) -> Anomalies:
    """Return what went wrong in a world where nobody who began can move."""
    bought = sold_on(world)
    left = [(n, left) for n, left in zip(bought, world.counts_left, strict=True) if left is not None]
    found = {
        "oversold": max(bought) > tickets,
        "lost update": any(sold > tickets - count for sold, count in left),
        "half journey": len({sold + count for sold, count in left}) > 1,
        "torn read": any(world.outcome(buyer) is Outcome.TORN_READ for buyer in world.buyers),
        "deadlock": any(world.blocked_by(buyer) for buyer in world.buyers),
        "unfinished": any(world.error(buyer) for buyer in world.buyers),
    }
    return tuple(name for name, is_so in found.items() if is_so)


def all_ends(world: World, tickets: int, crashes: int = 0) -> Ends:
    """Return how all schedules from here end; a death is possible, never necessary, and has no probability."""
    return _all_ends(world, tickets, crashes, {})


def _all_ends(world: World, tickets: int, crashes: int, known: dict[Hashable, Ends]) -> Ends:
    key = (*key_of(world), crashes)
    if key not in known:
        ways: Counter[tuple[int, Anomalies]] = Counter()
        movable = world.movable()
        chance = Fraction(0)
        if not movable:
            ways[sold(world), anomalies(world, tickets)] += 1
            chance = Fraction(max(sold_on(world)) > tickets)
        for buyer in movable:
            behind = _all_ends(world.move(buyer)[0], tickets, crashes, known)
            ways.update(behind.ways)
            chance += behind.chance / len(movable)
        for buyer in world.buyers if crashes else ():
            if world.request(buyer):
                ways.update(_all_ends(world.crash(buyer)[0], tickets, crashes - 1, known).ways)
        known[key] = Ends(ways, chance)
    return known[key]


def cheapest(  # noqa: PLR0913 - what is sought, from where, and the two prices
    world: World, tickets: int, anomaly: str, crashes: int = 0, *, step: int, switch: int
) -> int | None:
    """Return the lowest price of a schedule that shows the anomaly and leaves nobody in the middle (Dijkstra)."""
    numbers = count()
    waiting = [(0, next(numbers), world, 0, crashes)]
    closed = set()
    while waiting:
        paid, _, world, last, crashes = heapq.heappop(waiting)
        if (*key_of(world), last) in closed:
            continue
        closed.add((*key_of(world), last))
        if anomaly in anomalies(world, tickets) and not any(world.answers[buyer - 1] for buyer in world.movable()):
            return paid
        for buyer in world.movable():
            price = step + (switch if last not in {0, buyer} else 0)
            heapq.heappush(waiting, (paid + price, next(numbers), world.move(buyer)[0], buyer, crashes))
        for buyer in world.buyers if crashes else ():
            if world.request(buyer):
                after = world.crash(buyer)[0]
                heapq.heappush(waiting, (paid + step, next(numbers), after, last, crashes - 1))
    return None


def every_schedule(world: World) -> Iterator[tuple[tuple[int, ...], World]]:
    """Yield each complete schedule without deaths, with the world that it ends in."""
    if not world.movable():
        yield (), world
    for buyer in world.movable():
        for rest, end in every_schedule(world.move(buyer)[0]):
            yield (buyer, *rest), end


def key_of(world: World) -> tuple[Hashable, ...]:
    return tuple(world.cells.items()), tuple(world.holders.items()), world.answers, world.dead
