"""A buyer's code as a small automaton, learned by running it and then minimised.

Learning is a fixpoint: the values that a cell can hold are its first one and those that some buyer writes.
Minimising merges the states that have the same future, so what a buyer saw when it only looked multiplies nothing.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from booking.explorer.knowledge import View
from booking.history.history import CHANGED, TORN
from booking.model.scripted_desk import Continuation, Operation, Program, Result, Results, Runner
from booking.model.shared_state import Shared
from booking.purchase import Outcome
from booking.steps import READS, WRITES, Step

MOST_RUNS = 40_000
"""How often a buyer's code is run at most. Beyond it the rest of its behaviour is unknown, and reported so."""
MOST_STEPS = 64
"""How many steps one buyer is followed at most; a buyer that retries for ever is cut there."""
UNEXPLORED = 0
"""The number of the local state in which a buyer's code was not followed any further."""


@dataclass(frozen=True, slots=True)
class LocalState:
    """What one buyer will do from here on, whatever brought it here.

    `next` is the step that it asks for, its outcome if it has ended, or None where its code was not followed any
    further. `begun` tells that it has changed a cell and `held` names the locks that it holds. `after` leads from
    each answer to the number of the next local state. `height` is the longest way to an end, in steps.
    """

    next: Operation | Outcome | None
    begun: bool
    held: tuple[str, ...]
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
        """Tell whether every program was followed to all of its ends."""
        return not any(UNEXPLORED in state.after.values() for state in self.states)

    def walk(self, root: int, answers: Results) -> int:
        """Return the local state of a buyer that started at `root` and was answered like this."""
        for answer in answers:
            after = self.states[root].after
            root = after[answer] if answer in after else after[None]
        return root


def learn(programs: Sequence[Program], shared: Shared, buyers: int, own: Sequence[Shared] = ()) -> Automaton:
    """Return the minimal automaton of the programs in a world with so many buyers.

    `own` is the world as each program sees it, where it is not `shared` for all: they may start with other shares.
    Raises BadInputError where a program fails.
    """
    seen = own or [shared] * len(programs)
    codes = [Runner(program, world) for program, world in zip(programs, seen, strict=True)]
    learner = _Learner(codes, shared, buyers)
    learner.learn()
    return _minimise(learner)


class _Learner:
    """Grows the tree of all answers that a program can get, one generation of written values after the other."""

    def __init__(self, codes: Sequence[Runner], shared: Shared, buyers: int) -> None:
        self.codes = codes
        self.points: dict[tuple[int, Results], Continuation] = {}
        self.values: dict[str, list[Result]] = {name: [first] for name, first in shared.cells.items()}
        self._private = shared.private
        self._buyers = buyers
        self._most_writes = 0
        self._most_changes = 0
        self._views: dict[tuple[int, Results], View] = {}
        self.postponed: set[tuple[int, Results]] = set()
        self._seeing: dict[str, list[tuple[int, Results]]] = defaultdict(list)
        self._written: list[tuple[str, Result]] = []

    def learn(self) -> None:
        """Fill `points` and `values`.

        A value of generation g takes at least g writes, so values beyond all the writes of all buyers are not
        followed: a sale of a million tickets to two buyers has three of them. Nor are answers that take more changes
        by the other buyers than all their writes.
        """
        waiting: list[tuple[int, Results]] = [(kind, ()) for kind in range(len(self.codes))]
        generation = 0
        while waiting and len(self.points) < MOST_RUNS:
            self._run_all(waiting)
            waiting = [key for key in self.postponed if self._is_possible(self._views[key])]
            self.postponed.difference_update(waiting)
            if not waiting and generation < self._buyers * self._most_writes:
                generation += 1
                waiting = self._with_new_values()

    def _run_all(self, waiting: list[tuple[int, Results]]) -> None:
        for kind, answers in waiting:  # the list grows while it is read: breadth first
            if len(self.points) >= MOST_RUNS or len(answers) > MOST_STEPS:
                continue
            view = self._views[kind, answers] = self._view(kind, answers)
            if not self._is_possible(view):
                self.postponed.add((kind, answers))
                continue
            point = self.codes[kind].after(answers)
            self.points[kind, answers] = point
            if isinstance(point.next, Operation):
                self._note(kind, answers, point.next)
                waiting.extend((kind, (*answers, answer)) for answer in self.answers_to(point.next))

    def _view(self, kind: int, answers: Results) -> View:
        if not answers:
            return View(tuple((name, values[0]) for name, values in self.values.items()))
        request = self.points[kind, answers[:-1]].next
        assert isinstance(request, Operation)  # noqa: S101 - nothing follows an end
        return self._views[kind, answers[:-1]].after(request, answers[-1])

    def _is_possible(self, view: View) -> bool:
        return view.changes <= (self._buyers - 1) * self._most_changes

    def answers_to(self, request: Operation) -> Sequence[Result]:
        """Return what the step can return, as far as is known by now."""
        if request.step is Step.SWAP:
            return (request.value, CHANGED)
        return self.values[request.name] if request.step in READS and not self._private else (None,)

    def possible(self, key: tuple[int, Results]) -> list[Result]:
        """Return the answers that the next step can get as far as is known, none after an end."""
        kind, answers = key
        request = self.points[key].next
        given = self.answers_to(request) if isinstance(request, Operation) else ()
        return [answer for answer in given if (kind, (*answers, answer)) not in self.postponed]

    def order(self, key: tuple[int, Results]) -> tuple[int, int]:
        """Return what to sort by: the longest lists of answers first, of these those with the most possible ones."""
        return -len(key[1]), -len(self.possible(key))

    def _note(self, kind: int, answers: Results, request: Operation) -> None:
        if request.step in READS:
            self._seeing[request.name].append((kind, answers))
        elif request.step in WRITES and not self._private:
            self._written.append((request.name, TORN if request.step is Step.TRUNCATE else request.value))
            written = self.points[kind, answers].written
            self._most_changes = max(self._most_changes, written + 1)
            self._most_writes = max(self._most_writes, written // len(self.codes[kind].shared.write_steps) + 1)

    def _with_new_values(self) -> list[tuple[int, Results]]:
        written, self._written = self._written, []
        waiting = []
        for name, value in written:
            if value not in self.values[name]:
                self.values[name].append(value)
                waiting += [(kind, (*answers, value)) for kind, answers in self._seeing[name]]
        return waiting


def _minimise(learner: _Learner) -> Automaton:
    """Merge what has the same future, the longest lists of answers first: so what follows a state has its number."""
    states = [LocalState(None, begun=False, held=(), after={}, height=0)]
    alike: defaultdict[object, list[int]] = defaultdict(list)
    after: dict[tuple[int, Results], dict[Result, int]] = defaultdict(dict)
    for kind, answers in sorted(learner.points, key=learner.order):
        point = learner.points[kind, answers]
        known = after.pop((kind, answers), {})
        follows = {answer: known.get(answer, UNEXPLORED) for answer in learner.possible((kind, answers))}
        like = alike[point.next, point.written > 0, point.held]
        # An answer that is never given may be followed by anything: more of them is as good as the same.
        number = next((number for number in like if follows.items() <= states[number].after.items()), None)
        if number is None:
            number = len(states)
            height = 1 + max((states[behind].height for behind in follows.values()), default=-1)
            states.append(LocalState(point.next, point.written > 0, point.held, follows, height))
            like.append(number)
        parent, answer = ((kind, answers[:-1]), answers[-1]) if answers else ((kind, ()), None)
        after[parent][answer] = number
    roots = tuple(after[kind, ()][None] for kind in range(len(learner.codes)))
    return Automaton(tuple(states), roots, {name: tuple(values) for name, values in learner.values.items()})
