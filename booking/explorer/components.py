"""Parts of a graph in which everything can be reached from everything."""

from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

Place = TypeVar("Place", bound=Hashable)


def components(roots: Iterable[Place], successors: Callable[[Place], Iterable[Place]]) -> list[list[Place]]:
    """Return the strongly connected components of what the roots reach, each behind all that it leads to.

    Tarjan, "Depth-first search and linear graph algorithms", SIAM Journal on Computing 1, 1972.
    """
    found: list[list[Place]] = []
    index: dict[Place, int] = {}
    lowest: dict[Place, int] = {}
    waiting: dict[Place, None] = {}
    for root in roots:
        path = [] if root in index else [(root, iter(successors(root)))]
        while path:
            place, following = path[-1]
            if place not in index:
                index[place] = lowest[place] = len(index)
                waiting[place] = None
            for after in following:
                if after not in index:
                    path.append((after, iter(successors(after))))
                    break
                if after in waiting:
                    lowest[place] = min(lowest[place], index[after])
            else:
                path.pop()
                if path:
                    lowest[path[-1][0]] = min(lowest[path[-1][0]], lowest[place])
                if lowest[place] == index[place]:
                    component: list[Place] = []
                    while not component or component[-1] != place:
                        component.append(waiting.popitem()[0])
                    found.append(component)
    return found
