"""Search the states of a lock for what must not happen, and for how often a buyer can be overtaken.

The definitions are those of Herlihy and Shavit, "The Art of Multiprocessor Programming", chapter 2, and of Lamport,
"The mutual exclusion problem", Journal of the ACM 33, 1986. A run is fair (weak fairness) if every buyer that is not
outside takes a step again and again, and every write in a store buffer is flushed at some time; a buyer may stay
outside forever, and it may wait at any other place for as long as it likes, but not forever.

- exclusion: two buyers are never inside at once.
- deadlock freedom: there is no fair run in which, from some moment on, some buyer is in `acquire` or `release` and
  none gets in any more. So a livelock, in which all are busy, is a deadlock, too.
- starvation freedom: there is no fair run in which one buyer stays in `acquire`, or in `release`, forever.
- bypass: how often others get in, at most, between a buyer's first own step and its entry, in any run, fair or not.

A fair run that never ends stays, from some moment on, in one strongly connected component of the states. Such a
component with all its steps is a fair run itself if every agent takes a step in it, or is outside or must wait in one
of its states. So to look at the components is enough: Emerson and Lei, "Modalities for model checking", 1987.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from booking.grading.buyer import Phase
from booking.grading.product import Product

Component: TypeAlias = list[int]
Edges: TypeAlias = list[list[int]]
"""Where the steps of each state lead that are looked at."""
BUSY = 1
"""The bit that `acquire` and `release` have in common."""


@dataclass(frozen=True, slots=True)
class Lasso:
    """A run without an end: the agents of the steps that lead to `state`, and those of the cycle from there."""

    stem: tuple[int, ...]
    state: int
    cycle: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """What can happen to one buyer: a run in which it starves, None for none, and its bypass, None for no bound."""

    lasso: Lasso | None
    bypass: int | None


class Properties:
    """The questions about one product.

    `phases` has where each buyer is in each state, and `inside` how many are inside.
    """

    def __init__(self, product: Product) -> None:
        self.product = product
        self.count = len(product.states)
        self.buyers = len(product.buyers)
        self.phases = [self._phases(me) for me in range(self.buyers)]
        self.inside = bytes(map(product.crowd, product.states))

    def _phases(self, me: int) -> bytes:
        shift, phases = self.product.local_shifts[me], self.product.phases[me]
        mask = self.product.local_mask
        return bytes(phases[state >> shift & mask] for state in self.product.states)

    def path(self, state: int) -> tuple[int, ...]:
        """Return the agents of a shortest way to a state."""
        agents = []
        while state:
            state, agent = self.product.came[state]
            agents.append(agent)
        return tuple(reversed(agents))

    def failure(self) -> tuple[int, str] | None:
        """Return the first state in which a buyer's code has failed, and the error."""
        product = self.product
        if not product.has_failed:
            return None
        for number, state in enumerate(product.states):
            for me, shift in enumerate(product.local_shifts):
                place = product.places[me][state >> shift & product.local_mask]
                error = product.buyers[me].locals[place.local].stop.error
                if error:
                    return number, f"buyer {me + 1} fails: {error}"
        return None

    def deadlock(self) -> Lasso | None:
        """Return a fair run in which some buyer is in `acquire` or `release` and none gets in any more."""
        inside, product = self.inside, self.product
        edges = [
            [behind for behind in product.behind(state) if behind >= 0 and inside[behind] <= inside[state]]
            for state in range(self.count)
        ]
        for component in _components(edges, range(self.count)):
            state = component[0]
            is_busy = any(phases[state] & BUSY for phases in self.phases)
            if is_busy and _has_step(component, edges) and self._is_fair(component, edges):
                return self._lasso(component, edges)
        return None

    def waiting(self, me: int) -> Waiting:
        """Return what can happen to one buyer while it is in `acquire` or `release`."""
        phases, inside, product = self.phases[me], self.inside, self.product
        edges: list[list[int]] = [
            [behind for behind in product.behind(state) if behind >= 0 and phases[behind] & BUSY] if is_busy else []
            for state, is_busy in enumerate(map(BUSY.__and__, phases))
        ]
        lasso: Lasso | None = None
        most = [0] * self.count
        is_bounded = True
        for component in _components(edges, (state for state in range(self.count) if edges[state])):
            if _has_step(component, edges):
                if lasso is None and self._is_fair(component, edges):
                    lasso = self._lasso(component, edges)
                members = set(component)
                steps = [(state, behind) for state in component for behind in edges[state]]
                if phases[component[0]] == Phase.TRYING and any(
                    behind in members and inside[behind] > inside[state] for state, behind in steps
                ):
                    is_bounded = False
                best = max(
                    (
                        most[behind] + (inside[behind] > inside[state])
                        for state, behind in steps
                        if behind not in members
                    ),
                    default=0,
                )
                for state in component:
                    most[state] = best
            else:
                state = component[0]
                here = inside[state]
                best = 0
                for behind in edges[state]:
                    entries = most[behind] + (inside[behind] > here)
                    best = max(best, entries)
                most[state] = best
        bypass = max((most[state] for state in range(self.count) if phases[state] == Phase.TRYING), default=0)
        return Waiting(lasso, bypass if is_bounded else None)

    def _is_fair(self, component: Component, edges: Edges) -> bool:
        """Return whether a run can stay in this component, taking all its steps, and be fair."""
        product, members = self.product, set(component)
        missing = set(range(product.agents))
        for state in component:
            kept = members.intersection(edges[state])
            for agent, behind in enumerate(product.behind(state)):
                if behind in kept or self._is_excused(state, agent, behind):
                    missing.discard(agent)
            if not missing:
                return True
        return False

    def _is_excused(self, state: int, agent: int, behind: int) -> bool:
        """Return whether an agent need not take a step here: it is outside, or it must wait."""
        if agent < self.buyers and self.phases[agent][state] == Phase.OUTSIDE:
            return True
        product = self.product
        shift = product.local_shifts[agent % self.buyers]
        return behind < 0 and (agent, product.states[state] >> shift & product.local_mask) not in product.lost

    def _lasso(self, component: Component, edges: Edges) -> Lasso:
        """Return the run that goes to the nearest state of a component and then round in it, by every agent in it."""
        product, members = self.product, set(component)
        missing = {
            agent
            for state in component
            for agent, behind in enumerate(product.behind(state))
            if behind in members and behind in edges[state]
        }
        start = at = min(component)
        cycle: list[int] = []
        while missing:
            way, at = self._walk(at, members, edges, lambda _state, agent: agent in missing)  # noqa: B023 - used at once
            cycle += way
            missing -= set(way)
        if at != start:
            cycle += self._walk(at, members, edges, lambda state, _agent: state == start)[0]
        return Lasso(self.path(start), start, tuple(cycle))

    def _walk(
        self, start: int, members: set[int], edges: Edges, is_goal: Callable[[int, int], bool]
    ) -> tuple[list[int], int]:
        """Return the agents of a shortest way to a step that is a goal, by its end and its agent, and its end."""
        ways: dict[int, list[int]] = {start: []}
        waiting = deque([start])
        while waiting:
            state = waiting.popleft()
            for agent, behind in enumerate(self.product.behind(state)):
                if behind not in members or behind not in edges[state]:
                    continue
                if is_goal(behind, agent):
                    return [*ways[state], agent], behind
                if behind not in ways:
                    ways[behind] = [*ways[state], agent]
                    waiting.append(behind)
        raise AssertionError("a component is strongly connected")


def _has_step(component: Component, edges: Edges) -> bool:
    return len(component) > 1 or component[0] in edges[component[0]]


def _components(edges: Edges, roots: Iterable[int]) -> Iterator[Component]:
    """Yield the strongly connected components of what the roots reach, each behind all that it leads to.

    Tarjan, "Depth-first search and linear graph algorithms", SIAM Journal on Computing 1, 1972; here a node that leads
    nowhere new is closed at once.
    """
    closed = len(edges) + 1
    index = [0] * len(edges)  # 0 for not seen, else a place in the order of the search, from 1
    lowest = [0] * len(edges)
    found = 0
    open_states: list[int] = []
    for root in roots:
        if index[root]:
            continue
        found += 1
        index[root] = lowest[root] = found
        open_states.append(root)
        path = [(root, iter(edges[root]))]
        while path:
            state, following = path[-1]
            for behind in following:
                if not index[behind]:
                    found += 1
                    index[behind] = lowest[behind] = found
                    open_states.append(behind)
                    path.append((behind, iter(edges[behind])))
                    break
                lowest[state] = min(lowest[state], index[behind])
            else:
                path.pop()
                low = lowest[state]
                if path and low < lowest[path[-1][0]]:
                    lowest[path[-1][0]] = low
                if low == index[state]:
                    component = []
                    member = -1
                    while member != state:
                        member = open_states.pop()
                        index[member] = closed
                        component.append(member)
                    yield component
