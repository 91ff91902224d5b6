"""The scripted desk: it answers from a list, and stops the buyer's code at the first step beyond the list.

So plain Python code becomes a state machine without being translated: what a buyer does next is a function of
what it has been answered. The idea is stateless model checking's (Godefroid, "Model checking for programming
languages using VeriSoft", POPL 1997); here the code is run once for each list of answers.
"""

import sys
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, TypeAlias

from booking.errors import BadInputError, BookingError, TornReadError
from booking.locks import LockFacts
from booking.model.local_state import local_state, plain_codes
from booking.model.operation import Operation, Result
from booking.model.scripted_lock import ScriptedLock
from booking.model.shared_state import COUNTER, Shared, lock_of, train_of
from booking.model.watchdog import Unwind, Watchdog, call, force_out, line_behind, line_of, programs_frame
from booking.protection import outcome_of
from booking.purchase import Desk, Outcome, buy, require_count
from booking.steps import CHANGED, TORN, Step

if TYPE_CHECKING:
    from booking.model.scripted_cells import OwnCode, ScriptedCells

Program: TypeAlias = Callable[..., Outcome]
"""A buyer's code: it is called with a desk for each train, which mostly is one."""
Results: TypeAlias = tuple[Result, ...]

MOST_UNWINDINGS = 100
"""How often code may catch what stops it; then it is forced out, and at once on later runs."""


@dataclass(frozen=True, slots=True)
class Continuation:
    """Where a buyer stands.

    `next` is the step that it asks for, or how it ended. Code that failed has ended as if it had died, UNFINISHED or
    UNKNOWN, with the `error` that ended it ("" for none). `written` is how many steps of writing it has taken and
    `held` names the locks that it holds: after a death these two decide what is left behind. `place` is the file and
    line of the buyer's code that asks, and `paid` the number of the line in which it has paid since the last answer, 0
    for none. `local` is equal for two continuations only if the code goes on alike from
    both, whatever it is answered; None if that cannot be told.
    """

    next: Operation | Outcome
    written: int
    held: tuple[str, ...]
    error: str = field(default="", compare=False)
    place: str = field(default="", compare=False)
    paid: int = field(default=0, compare=False)
    local: Hashable | None = field(default=None, compare=False)


class Runner:
    """A buyer's code, with what it does after each list of answers.

    Checked on every run: for each answer, that the code asks for the step for which it was given on an earlier run.
    Code that `plain_codes` cannot vouch for is run twice for each list of answers, and the runs have to end alike.
    What differs more rarely than that is not noticed.
    """

    def __init__(self, program: Program, shared: Shared) -> None:
        self._program = program
        self.shared = shared
        self.codes = plain_codes(program)
        code = getattr(program, "__code__", None)
        self.file = code.co_filename if code else ""
        self.first_line = code.co_firstlineno if code else 0
        self._start = f"{Path(self.file).name}:{self.first_line}" if code else "the buyer's code"
        self.patience = MOST_UNWINDINGS
        is_ours = str(getattr(program, "__module__", "")).startswith("booking.")
        if shared.own is not None:
            self.file = shared.own.file
        self.watchdog = Watchdog(self.file, is_needed=not is_ours or shared.own is not None)
        self.known: dict[Results, Continuation] = {}

    def after(self, answers: Results) -> Continuation:
        """Return where a buyer stands after these answers; raise BadInputError, with line, if it stalls or differs."""
        if answers not in self.known:
            if answers:
                self.after(answers[:-1])
            with self.watchdog:
                found = self._run(answers)
                if not self.codes and self._run(answers) != found:
                    raise _different(found.place)
            self.known[answers] = found
        return self.known[answers]

    def line_of(self, point: Continuation) -> int:
        """Return the number of the line of the buyer's own file at which it stands, 0 if it stands elsewhere."""
        name, _, line = point.place.rpartition(":")
        return int(line) if self.file and name == Path(self.file).name and line.isdecimal() else 0

    def _run(self, answers: Results) -> Continuation:
        script = Script(self, answers)
        outcome, error, place = self._ending(script)
        if script.difference is not None:
            raise _different(script.difference)
        if self.watchdog.stalled and script.operation is None:
            what = f"the buyer's code takes no step for {self.watchdog.limit_s:g} s; end it"
            raise BadInputError(f"{self.watchdog.stalled}: {what}")
        if self.watchdog.stalled:
            self.patience = 0
        if script.operation is None and script.position < len(answers):
            raise _different(self.known[answers[: script.position]].place)
        if error and script.operation is None:
            outcome = Outcome.UNKNOWN if script.written else Outcome.UNFINISHED
        return Continuation(
            script.operation or outcome,
            script.written,
            tuple(sorted(script.held)),
            error="" if script.operation else error,
            place=script.place if script.operation else place,
            paid=script.paid,
            local=script.local,
        )

    def _ending(self, script: "Script") -> tuple[Outcome, str, str]:
        """Return how the code ended, with the error and its place if it failed."""
        try:
            self.watchdog.stalled, self.watchdog.is_leaving, self.watchdog.is_running = "", False, True
            return self._judged(call(self._program, *script.desks))
        except TornReadError as error:
            return Outcome.TORN_READ, "", line_behind(error, self.file)
        except Unwind:
            return Outcome.UNFINISHED, "", ""
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            if isinstance(error, BookingError) and script.operation is None:
                raise
            place, reason = line_behind(error, self.file), str(error).partition("\n")[0]
            return Outcome.UNFINISHED, f"{type(error).__name__}{reason and ': '}{reason} ({place})", place
        finally:
            self.watchdog.is_running = False

    def _judged(self, returned: object) -> tuple[Outcome, str, str]:
        """Return the outcome that the code returned; without one it has failed."""
        try:
            return outcome_of(self._program, returned), "", self._start
        except BadInputError as error:
            return Outcome.UNFINISHED, str(error), self._start


class Script:
    """One run of a buyer's code. `operation` is the first step without an answer, None while there were enough."""

    def __init__(self, runner: Runner, answers: Results) -> None:
        self.shared = runner.shared
        self.answers = answers
        self.position = 0
        self.operation: Operation | None = None
        self.place = ""
        self.paid = 0
        self.local: Hashable | None = None
        self.difference: str | None = None
        self.written = 0
        self.held: list[str] = []
        self.own = dict(self.shared.cells) if self.shared.private else {}
        self._runner = runner
        self._unwindings = 0
        self._outer: list[Result] = []
        self._own_locks: list[ScriptedCells] = []
        self.desks = tuple(ScriptedDesk(self, cell) for cell in self.shared.cells)

    @property
    def is_unwinding(self) -> bool:
        """Return whether the buyer's code was stopped and is on its way out."""
        return self.operation is not None or self.difference is not None

    def take(self, operation: Operation) -> Result:
        """Return the answer to this step, or stop the buyer here: on the way out nothing is asked any more."""
        if not self.is_unwinding:
            if self.position < len(self.answers):
                if self._runner.known[self.answers[: self.position]].next == operation:
                    self._runner.watchdog.steps += 1
                    self.position += 1
                    self.paid = 0
                    answer = self.answers[self.position - 1]
                    if operation.access is None:
                        self._outer.append(answer)
                    return answer
                self.difference = line_of(sys._getframe(), self._runner.file)  # noqa: SLF001 - the only way to the line
            else:
                self._stop_at(operation, programs_frame(sys._getframe()))  # noqa: SLF001
        raise self.unwinding()

    def note_payment(self, frame: FrameType) -> None:
        """Keep the line in which the buyer's own file pays."""
        self.paid = frame.f_lineno if frame.f_code.co_filename == self._runner.file else 0

    def lock(self, name: str, facts: LockFacts | None) -> ScriptedLock:
        """Return a lock for one of the desks; with no facts, None, it stops no buyer."""
        return ScriptedLock(name, facts, self.held, self.take, lambda: self.is_unwinding)

    def own_lock(self, own: "OwnCode") -> "ScriptedCells":
        """Return a lock of one's own for one of the desks."""
        lock = own.scripted(self.shared.me, self.shared.buyers, self.take, lambda: self.is_unwinding)
        self._own_locks.append(lock)
        return lock

    def unwinding(self) -> Unwind:
        """Return what leaves the buyer's code; code that has caught it too often is left by force."""
        self._runner.watchdog.is_leaving = True
        self._unwindings += 1
        if self._unwindings > self._runner.patience:
            self._runner.patience = 0
            force_out(programs_frame(sys._getframe()))  # noqa: SLF001
        return Unwind()

    def _stop_at(self, operation: Operation, frame: FrameType | None) -> None:
        self.operation = operation
        self.place = line_of(frame, self._runner.file)
        if self.shared.own is not None:
            states = [lock.state() for lock in self._own_locks]
            if None not in states:
                self.local = (tuple(self._outer), tuple(states), operation)
        elif self._runner.codes:
            names = {id(desk): desk.count for desk in self.desks}
            names |= {id(desk.lock): desk.lock.name for desk in self.desks}
            frames = local_state(frame, call.__code__, self._runner.codes, names)
            if frames is not None:
                again = tuple(desk.lock.again for desk in self.desks if isinstance(desk.lock, ScriptedLock))
                self.local = (frames, operation, tuple(self.held), again, self.written > 0, tuple(self.own.items()))


class ScriptedDesk:
    """The desk of a buyer that is told every answer, see `booking.purchase.Desk`; `count` is its train's cell."""

    def __init__(self, script: Script, count: str) -> None:
        self.script = script
        self.count = count
        guard = lock_of(train_of(count))
        facts, own = script.shared.locks.get(guard), script.shared.own
        stops = facts if facts is not None and facts.permits is not None else None
        self.lock: ScriptedLock | ScriptedCells = script.own_lock(own) if own else script.lock(guard, stops)

    def look(self) -> int:
        """Return the next answer."""
        return self._see(Step.LOOK)

    def read(self) -> int:
        """Return the next answer."""
        return self._see(Step.READ)

    def pay(self) -> None:
        """Do nothing: paying touches nothing shared."""
        if self.script.is_unwinding:
            raise self.script.unwinding()
        self.script.note_payment(sys._getframe(1))  # noqa: SLF001 - the only way to the line

    def write(self, count: int) -> None:
        """Take the steps of one write; raise ValueError for a count that is no number."""
        require_count(count)
        for step in self.script.shared.write_steps:
            self.script.take(Operation(step, self.count, count))
            self.script.written += 1
        if self.script.own:
            self.script.own[self.count] = count

    def swap(self, expected: int, count: int) -> bool:
        """Return whether the next answer says that the swap was made; raise BadInputError if none can be."""
        if not self.script.shared.can_swap:
            raise BadInputError("this store cannot swap in one step; use --store json")
        was_made = self.script.take(Operation(Step.SWAP, self.count, count, expected)) != CHANGED
        self.script.written += was_made
        return was_made

    def _see(self, step: Step) -> int:
        answer = self.script.take(Operation(step, self.count))
        if self.script.own:  # no other buyer can change it, so the answer adds nothing
            return self.script.own[self.count]
        if not isinstance(answer, int):
            raise TornReadError(f"a {TORN} read")
        return answer


def purchase_at_counter(desk: Desk) -> Outcome:
    """Ask a clerk to look, then a clerk to buy; raise TypeError at any other desk.

    A buyer has one clerk for itself until the answer is there. So K clerks are a lock with K permits, taken once for
    the look and once for the purchase.
    """
    if not isinstance(desk, ScriptedDesk):
        raise TypeError("only the explorer's desk has a counter; real buyers ask real clerks")
    counter = desk.script.lock(COUNTER, desk.script.shared.locks[COUNTER])
    with counter:
        desk.look()
    with counter:
        return buy(desk)


def _different(place: str) -> BadInputError:
    return BadInputError(
        f"{place}: the buyer's code does something else on a second run; "
        "take out what is random in it: the time, random numbers, globals, caches"
    )
