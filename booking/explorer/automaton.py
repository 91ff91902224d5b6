"""A buyer's code as a small automaton, learned by running it and then minimised.

Learning is a fixpoint: the values that a cell can hold are its first one and those that some buyer writes.
Loops close where the code is in a local state in which it was before (see `booking.model.local_state`). Minimising
merges the states that have the same future, so what a buyer saw when it only looked multiplies nothing.
"""

import math
from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from booking.explorer.components import components
from booking.model.operation import Operation, Result
from booking.model.scripted_desk import Continuation, Program, Results, Runner
from booking.model.shared_state import Shared
from booking.purchase import Outcome
from booking.steps import CHANGED, READS, TORN, WRITES, Step

MOST_RUNS = 40_000
"""How often a buyer's code is run at most. Beyond it the rest of its behaviour is unknown, and reported so."""
MOST_STEPS = 64
"""How many steps a buyer is followed at most to a local state that is new."""
UNEXPLORED = 0
"""The number of the local state in which a buyer's code was not followed any further."""


@dataclass(frozen=True, slots=True)
class LocalState:
    """What one buyer will do from here on, whatever brought it here.

    `next` is the step that it asks for, its outcome if it has ended, or None if its code was not followed any
    further. `begun` tells that it has changed a cell, `held` names its locks, and `cells` the counts that it buys from.
    `after` leads from each answer to the number of the next local state. `height` falls along every answer, but within
    a loop stays the same; without loops it is the longest way to an end, in steps.
    """

    next: Operation | Outcome | None
    begun: bool
    held: tuple[str, ...]
    cells: frozenset[str]
    after: dict[Result, int]
    height: int


@dataclass(frozen=True, slots=True)
class Automaton:
    """The local states of all programs: `roots` has where each program starts, `values` what each cell can hold."""

    states: tuple[LocalState, ...]
    roots: tuple[int, ...]
    values: dict[str, tuple[Result, ...]]

    @property
    def is_whole(self) -> bool:
        """Return whether every program was followed to all of its ends."""
        return not any(UNEXPLORED in state.after.values() for state in self.states)

    def walk(self, root: int, answers: Results) -> int:
        """Return the local state of a buyer that started at `root` and was answered like this."""
        for answer in answers:
            after = self.states[root].after
            root = after.get(answer, after.get(None, UNEXPLORED))
        return root


def learn(programs: Sequence[Program], shared: Shared, buyers: int, own: Sequence[Shared] = ()) -> Automaton:
    """Return the minimal automaton of the programs in a world with so many buyers.

    `own` is the world as each program sees it, where it is not `shared` for all: they may start with other shares.
    Raise BadInputError if a program takes no step, or is not the same twice.
    """
    seen = own or [shared] * len(programs)
    runners = [Runner(program, world) for program, world in zip(programs, seen, strict=True)]
    learner = _Learner(runners, shared, buyers)
    with ExitStack() as watched:
        for runner in runners:
            watched.enter_context(runner.watchdog)
        learner.learn()
    return _minimise(learner)


@dataclass(slots=True)
class _Place:
    """A place in a buyer's code, with the shortest answers that lead there; `after` has the places behind it."""

    kind: int
    answers: Results
    found: Continuation
    cells: frozenset[str]
    after: dict[Result, int] = field(default_factory=dict)

    @property
    def key(self) -> tuple[Operation | Outcome, bool, tuple[str, ...], frozenset[str]]:
        """Return what tells places apart before anything is known of what follows."""
        return self.found.next, self.found.written > 0, self.found.held, self.cells


class _Learner:
    """Grows the graph of the places of all programs, one generation of written values after the other."""

    def __init__(self, runners: Sequence[Runner], shared: Shared, buyers: int) -> None:
        self.runners = runners
        self.places: list[_Place] = []
        self.roots: list[int] = []
        self.values: dict[str, list[Result]] = {name: [first] for name, first in shared.contents.items()}
        self._numbers: dict[Hashable, int] = {}
        self._private = shared.private
        self._buyers = buyers
        self._runs = 0
        self._waiting: list[tuple[int, Result]] = []
        self._reading: defaultdict[str, list[int]] = defaultdict(list)
        self._written: list[tuple[str, Result]] = []

    def learn(self) -> None:
        """Fill `places` and `values`.

        A value of generation g takes at least g writes, so values beyond all the writes of all buyers are not
        followed: a sale of a million tickets to two buyers has three of them.
        """
        self.roots = [self._place(kind, (), (kind, "root")) for kind in range(len(self.runners))]
        generation, most = 0, 0.0
        self._follow()
        while self._runs < MOST_RUNS:
            if generation >= most:
                most = self._buyers * self._most_writes()
            if generation >= most or not self._add_values():
                break
            generation += 1
            self._follow()

    def _follow(self) -> None:
        for number, answer in self._waiting:  # the list grows while it is read: breadth first
            place = self.places[number]
            if self._runs >= MOST_RUNS or len(place.answers) >= MOST_STEPS:
                place.after[answer] = -1
                continue
            place.after[answer] = self._place(place.kind, (*place.answers, answer), (number, answer))
        self._waiting.clear()

    def _place(self, kind: int, answers: Results, way: Hashable) -> int:
        """Return the number of the place to which these answers lead; it is known by its local state, or its way."""
        found = self.runners[kind].after(answers)
        self._runs += 1
        number = self._numbers.setdefault(way if found.local is None else (kind, found.local), len(self.places))
        if number == len(self.places):
            self.places.append(_Place(kind, answers, found, frozenset(self.runners[kind].shared.cells)))
            if isinstance(found.next, Operation):
                self._note(number, found.next)
        return number

    def _note(self, number: int, operation: Operation) -> None:
        if operation.access is not None:
            self._reading[operation.name].append(number)
            for value in self.values.get(operation.name, [0]):
                self._follow_access(number, operation, value)
            return
        self._waiting += [(number, answer) for answer in self._answers_to(operation)]
        if operation.step in READS:
            self._reading[operation.name].append(number)
        elif operation.step in WRITES and not self._private:
            self._written.append((operation.name, TORN if operation.step is Step.TRUNCATE else operation.value))

    def _follow_access(self, number: int, operation: Operation, value: Result) -> None:
        """Follow the answer of a step on a lock's own cell that holds this value, and note what the cell holds then."""
        try:
            content, answer = operation.effect(value)
        except (TypeError, OverflowError):  # it cannot be added to; if that comes, the state is unexplored
            return
        if answer not in self.places[number].after and (number, answer) not in self._waiting:
            self._waiting.append((number, answer))
        if operation.name:
            self._written.append((operation.name, content))

    def _answers_to(self, operation: Operation) -> Sequence[Result]:
        """Return what the step can return, as far as is known by now."""
        if operation.step is Step.SWAP:
            return (operation.value, CHANGED)
        return self.values[operation.name] if operation.step in READS and not self._private else (None,)

    def _add_values(self) -> bool:
        """Let every read find what was written since the last time, if that is new."""
        written, self._written = self._written, []
        for name, value in written:
            if value not in self.values[name]:
                self.values[name].append(value)
                for number in self._reading[name]:
                    operation = self.places[number].found.next
                    if isinstance(operation, Operation) and operation.access is not None:
                        self._follow_access(number, operation, value)
                    else:
                        self._waiting.append((number, value))
        return bool(self._waiting)

    def _most_writes(self) -> float:
        """Return how often one buyer can write at most, infinity if it does so in a loop."""
        most: dict[int, float] = {-1: 0}
        for component in components(self.roots, lambda number: _behind(self.places[number])):
            inside = set(component)
            found = [
                (self._writes(number, answer), after)
                for number in component
                for answer, after in self.places[number].after.items()
            ]
            loops = any(writes for writes, after in found if after in inside)
            highest = max((writes + most[after] for writes, after in found if after not in inside), default=0)
            most |= dict.fromkeys(component, math.inf if loops else highest)
        return max(most[root] for root in self.roots)

    def _writes(self, number: int, answer: Result) -> int:
        operation = self.places[number].found.next
        assert isinstance(operation, Operation)  # noqa: S101 - nothing follows an end
        if operation.access is not None:
            return operation.access.kind not in {"read", "get", "fence"}
        return operation.step is Step.WRITE or (operation.step is Step.SWAP and answer != CHANGED)


def _behind(place: _Place) -> list[int]:
    return [after for after in place.after.values() if after >= 0]


def _minimise(learner: _Learner) -> Automaton:
    """Merge what has the same future, and number the states from those that take the longest to get to."""
    places = learner.places
    same = _merged(places, learner.roots)
    numbers: dict[int, int] = {-1: UNEXPLORED}
    farthest = sorted(range(len(places)), key=lambda n: (-len(places[n].answers), -len(places[n].after)))
    for place in farthest:
        numbers.setdefault(same[place], len(numbers))
    same[-1] = -1
    after = [
        {},
        *({answer: numbers[same[behind]] for answer, behind in places[n].after.items()} for n in list(numbers)[1:]),
    ]
    heights = _heights(after)
    states = [LocalState(None, begun=False, held=(), cells=frozenset(), after={}, height=0)]
    for number, place in zip(list(numbers.values())[1:], list(numbers)[1:], strict=True):
        states.append(LocalState(*places[place].key, after[number], heights[number]))
    roots = tuple(numbers[same[root]] for root in learner.roots)
    return Automaton(tuple(states), roots, {name: tuple(values) for name, values in learner.values.items()})


def _merged(places: Sequence[_Place], roots: Iterable[int]) -> dict[int, int]:
    """Return for each place the one that stands for all that have its future."""
    same: dict[int, int] = {-1: -1}
    known: dict[Hashable, int] = {}
    loops = []
    for component in components(roots, lambda number: _behind(places[number])):
        first = component[0]
        if len(component) > 1 or first in places[first].after.values():
            same |= {number: number for number in component}
            loops += component
        else:
            key = places[first].key, frozenset((answer, same[after]) for answer, after in places[first].after.items())
            same[first] = known.setdefault(key, first)
    return _refined(places, same) if loops else same


def _refined(places: Sequence[_Place], same: dict[int, int]) -> dict[int, int]:
    """Return the coarsest partition by futures: Moore, "Gedanken-experiments on sequential machines", 1956."""
    left = [number for number in same if same[number] == number and number >= 0]
    colours: dict[int, Hashable] = {number: places[number].key for number in left} | {-1: None}
    count = 0
    while len(set(colours.values())) > count:
        count = len(set(colours.values()))
        names: dict[Hashable, int] = {}
        signs = {
            number: (
                colours[number],
                frozenset((answer, colours[same[after]]) for answer, after in places[number].after.items()),
            )
            for number in left
        }
        colours = {number: names.setdefault(sign, len(names)) for number, sign in signs.items()} | {-1: None}
    first: dict[Hashable, int] = {}
    for number in left:
        first.setdefault(colours[number], number)
    return {number: first[colours[stands]] if stands >= 0 else -1 for number, stands in same.items()}


def _heights(after: Sequence[dict[Result, int]]) -> list[int]:
    """Return the height of each local state."""
    heights = [0] * len(after)
    for component in components(range(len(after)), lambda number: after[number].values()):
        inside = set(component)
        behind = [heights[a] for number in component for a in after[number].values() if a not in inside]
        height = 1 + max(behind, default=0) if any(after[number] for number in component) else 0
        for number in component:
            heights[number] = height
    return heights
