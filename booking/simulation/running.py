"""A running sale: the buyers start, the gate opens, the parent listens, and no process is left in the end."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from booking.errors import BookingError, InconclusiveError
from booking.history.history import Ending, History
from booking.processes.group import Process, ProcessGroup
from booking.processes.journal import IDLE, Message, receive
from booking.protection import Protection
from booking.purchase import journey, purchase
from booking.registry import LOCKS
from booking.scenario import Scenario
from booking.setup import FaultKind, Setup
from booking.simulation.buyer import BuyerTask, Train, program_of, run_buyer, trains_of
from booking.simulation.recorder import Recorder
from booking.simulation.stuck import Standing, is_stuck, waits
from booking.steps import Step
from booking.stores import Store
from booking.version import __version__

if TYPE_CHECKING:
    from booking.simulation.faults import Faults

IDLE_AFTER = 0.05
"""Seconds without a message after which the parent looks whether the buyers are still alive."""

READY_BASE = 30.0
READY_EACH = 1.0
"""Seconds that the buyers have to get ready: a number for all, and one more for each of them."""

GRACE = 1.0
"""Seconds that a buyer which has answered, or closed its end of the pipe, has to end."""

Watcher = Callable[[Message], None]
Countdown = Callable[[float], None]


def count_left(store: Store) -> int | None:
    """Return the count in the store, None if it holds none any more."""
    try:
        return store.read()
    except BookingError:
        return None


def versions() -> dict[str, str]:
    """Return the versions that a history names, so that it can be compared with one from elsewhere."""
    return {"booking": __version__, "python": sys.version.split()[0], "platform": sys.platform}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All that a sale is held with.

    `pay_s` is how many seconds each buyer's payment takes. `faults` strike buyers, `watch` is told every message, and
    `countdown` the seconds left while everybody waits for the opening. `arrived` collects received signals; the sale
    stops at the first one.
    """

    scenario: Scenario
    protection: Protection
    trains: tuple[Train, ...]
    group: ProcessGroup
    pay_s: Sequence[float]
    setup: Setup = field(default_factory=Setup)
    faults: "Faults | None" = None
    watch: Watcher | None = None
    countdown: Countdown | None = None
    arrived: Sequence[int] = ()


class RunningSale:
    """A sale with its buyers' processes; `barrier` stands behind the gate where there is to be one."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        buyers, context = plan.scenario.buyers, plan.group.context
        self.barrier = context.Barrier(buyers) if plan.setup.gate == "barrier" else None
        self.recorder = Recorder()
        self._all_said = False
        self._is_stuck = False

    def hold(self, timeout: float) -> History:
        """Start the buyers, open the gate when all are ready, and listen until all have ended."""
        try:
            opened_ns = self._open()
            timed_out = self._listen(timeout)
            closed_ns = time.monotonic_ns()
            endings = self._endings()
        finally:
            self.plan.group.kill_all()
            dead = {process.pid or 0 for process in self.plan.group.processes}
            for train in self.plan.trains:
                train.store.tidy(dead)
        last_ns = closed_ns if timed_out else max((m.t_ns for m in self.recorder.ended.values()), default=closed_ns)
        history = History(
            scenario=self.plan.scenario,
            events=tuple(self.recorder.events),
            endings=endings,
            counts_left=tuple(count_left(train.store) for train in self.plan.trains),
            elapsed_s=(last_ns - opened_ns) / 1e9,
            timed_out=timed_out,
            start_method=self.plan.group.start_method,
            versions=versions(),
            notes=self._notes(),
            setup=self.plan.setup,
            struck=tuple(self.plan.faults.struck) if self.plan.faults else (),
        )
        note = self.plan.protection.note(history)
        return history if note is None else replace(history, notes=(*history.notes, note))

    def _open(self) -> int:
        """Start the buyers, let them in, and return when that was; without a gate they are in at once."""
        if self.plan.setup.gate == "none":
            opened_ns = time.monotonic_ns()
            self.plan.group.open_gate()
            self._start()
            return opened_ns
        self._start()
        self._gather()
        self._count_down()
        opened_ns = time.monotonic_ns()
        self.plan.group.open_gate()
        return opened_ns

    def _count_down(self) -> None:
        opens = time.monotonic() + self.plan.setup.countdown
        for _ in self._messages(self.plan.setup.countdown):
            if self.plan.countdown and (left := opens - time.monotonic()) > 0:
                self.plan.countdown(left)
        if self.plan.countdown and self.plan.setup.countdown:
            self.plan.countdown(0.0)

    @property
    def _buyer_processes(self) -> Sequence[Process]:
        return self.plan.group.processes[: self.plan.scenario.buyers]

    def _start(self) -> None:
        # All tasks first: a page that this process writes between two forks is copied for each child.
        for task in [self._task(buyer, pay_s) for buyer, pay_s in enumerate(self.plan.pay_s, 1)]:
            self._check_interrupted()
            self._start_buyer(task)
        self.plan.group.seal()

    def _task(self, buyer: int, pay_s: float) -> BuyerTask:
        plan = self.plan
        return BuyerTask(
            buyer=buyer,
            program=program_of(plan.protection),
            trains=trains_of(buyer, plan.protection, plan.trains),
            ends=plan.group.ends,
            pay_s=pay_s,
            barrier=self.barrier,
            fault_task=plan.faults.task(buyer) if plan.faults else None,
        )

    def _start_buyer(self, task: BuyerTask) -> None:
        self.plan.group.start(run_buyer, task, f"buyer-{task.buyer}")

    def _gather(self) -> None:
        buyers, ready = self.plan.scenario.buyers, self.recorder.ready
        for message in self._messages(READY_BASE + READY_EACH * buyers):
            if len(ready) == buyers or (message is None and ready and self._missing_are_dead()):
                return
        self._require_anybody()
        if not self._missing_are_dead():
            raise InconclusiveError(
                f"only {len(ready)} of {buyers} buyers got ready; use fewer buyers or a quieter machine"
            )

    def _require_anybody(self) -> None:
        if not self.recorder.ready and self.plan.group.all_end_within(GRACE):
            failures = self.recorder.failures
            names = {process.pid or 0: f"buyer {buyer}" for buyer, process in enumerate(self.plan.group.processes, 1)}
            for pid in (*names, *failures):
                if pid in failures:
                    raise InconclusiveError(f"{names.get(pid, 'a process tree')} failed: {failures[pid]}")
            raise InconclusiveError(
                "every buyer's process ended before it was ready; a script has to call simulate() "
                'under `if __name__ == "__main__":`'
            )

    def _missing_are_dead(self) -> bool:
        ready = self.recorder.ready
        missing = [process for buyer, process in enumerate(self._buyer_processes, 1) if buyer not in ready]
        return self.plan.group.all_ended(missing)

    def _listen(self, timeout: float) -> bool:
        """Take messages until every buyer has ended, nobody can move, or the time is up; return whether all ended."""
        for message in self._messages(timeout):
            if message is None:
                self._require_whole_barrier()
                self._is_stuck = self._nobody_can_move()
            if self._is_stuck:
                break
        self._require_anybody()
        self._require_whole_barrier()
        return not self._buyers_have_ended()

    def _nobody_can_move(self) -> bool:
        """Return whether waiting is in vain; only our own locks and buyers are known to do what a journal says of them.

        Another lock may not live up to its facts, and another way to buy may give back what it does not hold; a
        scenario's own buyer cannot, because its desk refuses that.
        """
        plan, said = self.plan, self.recorder
        is_known = plan.scenario.buyer is not None or plan.protection.program in {purchase, journey}
        if plan.scenario.lock not in LOCKS or not is_known:
            return False
        processes = {n: p for n, p in enumerate(self._buyer_processes, 1) if n not in said.ended}
        struck = {blow.buyer: blow for blow in plan.faults.struck} if plan.faults else {}
        frozen = {
            n for n, blow in struck.items() if blow.kind is FaultKind.FREEZE and blow.step != Step.ACQUIRE
        }  # whoever wakes it finds it in the same step
        movers = (p for n, p in processes.items() if n not in frozen and not waits(said.last.get(n)))
        if any(process.exitcode is None for process in movers):
            return False
        standing = Standing(
            last=said.last,
            living={n for n, process in processes.items() if process.exitcode is None},
            frozen=frozen,
            struck={n: blow.step for n, blow in struck.items()},
            facts=plan.protection.facts,
            trees=plan.setup.trees,
        )
        return not plan.group.inbox.poll(0) and is_stuck(standing, said.events)  # asked last: the dead have said all

    def _buyers_have_ended(self) -> bool:
        """Return whether all have; give them GRACE if all have answered, or closed their ends of the pipe."""
        answered = len(self.recorder.ended) == self.plan.scenario.buyers
        return self.plan.group.all_end_within(GRACE if answered or self._all_said else 0, self._buyer_processes)

    def _require_whole_barrier(self) -> None:
        if self.barrier is None or self.recorder.events:
            return
        for buyer, process in enumerate(self._buyer_processes, 1):
            if process.exitcode is not None and buyer not in self.recorder.ended:
                raise InconclusiveError(
                    f"buyer {buyer} (process {process.pid}) died before it had passed the barrier, which "
                    "now never opens; use --gate event"
                )

    def _messages(self, patience: float) -> Iterator[Message | None]:
        """Yield what the buyers say, None when they are silent, until all have ended or patience is over."""
        deadline, silent = time.monotonic() + patience, False
        while (left := deadline - time.monotonic()) > 0:
            self._check_interrupted()
            over = silent and self._nobody_speaks()  # asked before the pipe: what they said is in it by now
            silent = not self.plan.group.inbox.poll(0 if over else min(left, IDLE_AFTER))
            if silent:
                self._tell(Message(0, 0, time.monotonic_ns(), IDLE, "call", None))
            message = None if silent else self._next()
            if message is None and (over or not silent):
                self._all_said = True
                return
            yield message

    def _nobody_speaks(self) -> bool:
        return self.plan.group.all_ended()

    def _next(self) -> Message | None:
        """Take the next message in; None when every buyer has closed its end of the pipe."""
        try:
            message = receive(self.plan.group.inbox)
        except EOFError:
            return None
        self.recorder.take(message)
        self._tell(message)
        return message

    def _tell(self, message: Message) -> None:
        if self.plan.watch:
            self.plan.watch(message)
        if self.plan.faults:
            self.plan.faults.hear(message)

    def _notes(self) -> tuple[str, ...]:
        """Return sentences about what stands around the buyers: in a plain sale only why it was closed early."""
        return ("No buyer could move any more, so the sale was stopped before its time was up.",) * self._is_stuck

    def _check_interrupted(self) -> None:
        if self.plan.arrived:
            raise InconclusiveError("the sale was interrupted; all buyer processes have ended, and the store is intact")

    def _endings(self) -> tuple[Ending, ...]:
        processes = [(process.pid or 0, process.exitcode) for process in self._buyer_processes]
        return tuple(
            self.recorder.ending(buyer, pid, exitcode, alive=exitcode is None)
            for buyer, (pid, exitcode) in enumerate(processes, 1)
        )
