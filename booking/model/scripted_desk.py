"""The scripted desk: it answers from a list, and stops the buyer's code at the first step beyond the list.

So plain Python code becomes a state machine without being translated: what a buyer does next is a function of
what it has been answered. The idea is stateless model checking's (Godefroid, "Model checking for programming
languages using VeriSoft", POPL 1997); here the code is run once for each list of answers.
"""

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import NamedTuple, Self, TypeAlias

from booking.errors import BadInputError, TornReadError
from booking.history.history import CHANGED, TORN
from booking.model.shared_state import Shared
from booking.purchase import Outcome
from booking.steps import Step
from booking.trains import COUNT, LOCK, SECOND_COUNT, SECOND_LOCK

Program: TypeAlias = Callable[..., Outcome]
"""A buyer's code: it is called with a desk for each train, which mostly is one."""
Result: TypeAlias = int | str | None
"""What a step returned: a count (for a swap the new one), TORN for a half-written file, CHANGED for a swap that found
another count than it expected, None for a step that returns nothing."""
Results: TypeAlias = tuple[Result, ...]


class Operation(NamedTuple):
    """A step that a buyer asks for: on which cell or lock, and for a write or a swap the new count, else None.

    `expected` is the count that a swap expects.
    """

    step: Step
    name: str
    value: int | None = None
    expected: int | None = None


class Continuation(NamedTuple):
    """Where a buyer stands.

    `next` is the step that it asks for, or how it ended. `written` is how many steps of writing it has taken and
    `held` names the locks that it holds: after a death these two decide what is left behind.
    """

    next: Operation | Outcome
    written: int
    held: tuple[str, ...]


class Unwind(BaseException):
    """Leaves the buyer's code when the script has ended; a BaseException, so that `except Exception` lets it by."""


class Runner:
    """A buyer's code, run at most once for each list of answers."""

    def __init__(self, program: Program, shared: Shared) -> None:
        self._program = program
        self.shared = shared
        self._points: dict[Results, Continuation] = {}

    def after(self, answers: Results) -> Continuation:
        """Return where a buyer stands once its steps were answered like this.

        Raises BadInputError where the code fails, or does not do the same after the same answers.
        """
        if answers not in self._points:
            self._points[answers] = self._run(answers)
        return self._points[answers]

    def _run(self, answers: Results) -> Continuation:
        desk = ScriptedDesk(self.shared, answers)
        ending = self._ending(desk)
        if desk.request is None and next(desk.script, self) is not self:
            raise BadInputError("the buyer's code ended early on a second run; take out what is random in it")
        return Continuation(desk.request or ending, desk.written, tuple(sorted(desk.held)))

    def _ending(self, desk: "ScriptedDesk") -> Outcome:
        try:
            return Outcome(self._program(*desk.desks))
        except TornReadError:
            return Outcome.TORN_READ
        except Unwind:
            return Outcome.UNFINISHED
        except Exception as error:
            if desk.request is not None:  # the unwinding caused it, not the buyer
                return Outcome.UNFINISHED
            raise BadInputError(f"the buyer's code fails with {error!r}; mend it, then explore") from error


class ScriptedDesk:
    """The desk of a buyer that is told every answer: see `booking.purchase.Desk` for the contract.

    `request` is the first step without an answer, None while there were answers enough. It is the desk of the first
    train; that of a second one, where there is one, keeps nothing itself and takes its steps here.
    """

    count, guard = COUNT, LOCK
    """The names of this train's cell and lock."""

    def __init__(self, shared: Shared, answers: Results) -> None:
        self.script: Iterator[Result] = iter(answers)
        self.request: Operation | None = None
        self.written = 0
        self.held: list[str] = []
        self.shared = shared
        self._own = dict(shared.cells) if shared.private else {}

    @property
    def desks(self) -> "tuple[ScriptedDesk, ...]":
        """The desks that the buyer's code is handed: this one and, with two trains, that of the second."""
        return (self, SecondDesk(self)) if SECOND_COUNT in self.shared.cells else (self,)

    @property
    def lock(self) -> "ScriptedLock":
        """The lock of this train."""
        return ScriptedLock(self, self.guard, is_step=self.shared.locks[self.guard].permits is not None)

    def look(self) -> int:
        """Return the next answer."""
        return self._see(Step.LOOK)

    def read(self) -> int:
        """Return the next answer."""
        return self._see(Step.READ)

    def pay(self) -> None:
        """Do nothing: paying touches nothing shared."""
        if self.is_unwinding:
            raise Unwind

    def write(self, count: int) -> None:
        """Take the steps of one write."""
        for step in self.shared.write_steps:
            self.take(Operation(step, self.count, count))
            self.wrote()
        if self._own:
            self._own[self.count] = count

    def swap(self, expected: int, count: int) -> bool:
        """Return whether the next answer says that the swap was made; raises BadInputError where none can be."""
        if not self.shared.can_swap:
            raise BadInputError("this store cannot swap in one step; use --store json")
        was_made = self.take(Operation(Step.SWAP, self.count, count, expected)) != CHANGED
        if was_made:
            self.wrote()
        return was_made

    @property
    def is_unwinding(self) -> bool:
        """Tell whether the buyer's code was stopped and is on its way out."""
        return self.request is not None

    def wrote(self) -> None:
        """Count one step of writing."""
        self.written += 1

    def take(self, request: Operation) -> Result:
        """Return the answer to this step, or stop the buyer here: on the way out nothing is asked any more."""
        if self.request is None:
            for answer in self.script:
                return answer
            self.request = request
        raise Unwind

    def _see(self, step: Step) -> int:
        answer = self.take(Operation(step, self.count))
        if self._own:  # nobody else can change it, so the answer adds nothing
            return self._own[self.count]
        if not isinstance(answer, int):
            raise TornReadError(f"a {TORN} read")
        return answer


class SecondDesk(ScriptedDesk):
    """The desk of the second train, at which the buyer goes on with the script of the first."""

    count, guard = SECOND_COUNT, SECOND_LOCK

    def __init__(self, first: ScriptedDesk) -> None:
        super().__init__(first.shared, ())
        self.held = first.held
        self._first = first

    @property
    def is_unwinding(self) -> bool:
        """Tell what the first desk tells."""
        return self._first.is_unwinding

    def wrote(self) -> None:
        """Count one step of writing."""
        self._first.wrote()

    def take(self, request: Operation) -> Result:
        """Take the step there."""
        return self._first.take(request)


class ScriptedLock:
    """A lock at the scripted desk. One that stops nobody takes no step."""

    def __init__(self, desk: ScriptedDesk, name: str, *, is_step: bool) -> None:
        self._desk = desk
        self._name = name
        self._is_step = is_step

    def __enter__(self) -> Self:
        if self._is_step:
            self._desk.take(Operation(Step.ACQUIRE, self._name))
            self._desk.held.append(self._name)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_step and not self._desk.is_unwinding:
            self._desk.take(Operation(Step.RELEASE, self._name))
            self._desk.held.remove(self._name)
