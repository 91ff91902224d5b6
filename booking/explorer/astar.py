"""The cheapest way to a goal in a graph that is made while it is walked."""

import heapq
from collections.abc import Callable, Hashable, Iterable
from itertools import count
from typing import TypeVar

from booking.errors import InconclusiveError
from booking.explorer.limits import Limits

Node = TypeVar("Node", bound=Hashable)
Edge = TypeVar("Edge")


def cheapest(
    start: Node,
    edges: Callable[[Node], Iterable[tuple[int, Edge, Node]]],
    estimate: Callable[[Node], int | None],
    is_goal: Callable[[Node], bool],
    limits: Limits,
) -> list[Edge] | None:
    """Return the edges of a cheapest way from `start` to a goal, None where no goal can be reached.

    `edges` yields cost, edge and next node. `estimate` is at most what is left to pay, falls along an edge by at
    most its cost, and is None where no goal can be reached. Of equally promising nodes the one that was reached
    last comes first, so that a way goes straight on. Raises InconclusiveError where the limits are reached.

    A*: Hart, Nilsson and Raphael, IEEE Transactions on Systems Science and Cybernetics 4, 1968.
    """
    left = estimate(start)
    newest = count(0, -1)
    promising = [] if left is None else [(left, next(newest), 0, start)]
    paid = {start: 0}
    came: dict[Node, tuple[Node, Edge]] = {}
    visited = 0
    while promising:
        _, _, cost, node = heapq.heappop(promising)
        if cost > paid[node]:
            continue  # a cheaper way here was found meanwhile
        if is_goal(node):
            return _way(came, start, node)
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


def _way(came: dict[Node, tuple[Node, Edge]], start: Node, node: Node) -> list[Edge]:
    way = []
    while node != start:
        node, edge = came[node]
        way.append(edge)
    return way[::-1]
