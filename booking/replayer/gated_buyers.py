"""Buyers' processes that take one step at a time: each asks before every step, and the parent permits it.

The parent hears of a step before it permits the next.
"""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Self, TypeVar

from booking.errors import InconclusiveError
from booking.history.history import BLOCKED, Value
from booking.locks import Lock
from booking.processes import lifeline
from booking.processes.group import Process, ProcessGroup
from booking.processes.journal import END, PARENT_GONE, READY, Journal, Record, receive
from booking.processes.lifeline import PipeEnds
from booking.protection import Protection
from booking.purchase import Outcome
from booking.simulation.buyer import Train, settled, trains_of
from booking.simulation.desk import LockAtDesk, RealDesk
from booking.simulation.recorder import Recorder
from booking.simulation.running import IDLE_AFTER, READY_BASE, READY_EACH
from booking.steps import Step
from booking.stores import Store

_Result = TypeVar("_Result")
Ask = Callable[[Step], None]


@dataclass(frozen=True, kw_only=True)
class ReplayTask:
    """All that a buyer's process is told: who it is, what it runs and buys from, and where its permissions arrive."""

    buyer: int
    program: Callable[..., Outcome]
    trains: tuple[Train, ...]
    ends: PipeEnds
    permission: Connection


def run_gated_buyer(task: ReplayTask) -> None:
    """Be one buyer, purchase after purchase, until the controller ends this process."""
    lifeline.become_child(task.ends, task.trains[0].store.sweep_own)
    journal = Journal(task.buyer, task.ends.journal)

    def ask(step: Step) -> None:
        """Say which step comes next, and wait until the controller permits it."""
        journal.record(READY, "call", step)
        try:
            task.permission.recv_bytes()
        except (EOFError, OSError):
            os._exit(PARENT_GONE)

    desks = [
        GatedDesk(train.store, train.lock, partial(journal.record, train=train.number), ask) for train in task.trains
    ]
    while True:
        outcome, error = settled(partial(task.program, *desks))
        journal.record(END, "return", outcome, error)


class GatedDesk(RealDesk):
    """A real desk that asks before every step. Payments take no time: the schedule decides what comes between."""

    def __init__(self, store: Store, lock: Lock | None, record: Record, ask: Ask) -> None:
        super().__init__(store, lock, record, pay_s=0)
        self._ask = ask
        self.lock = GatedLock(lock, record, ask)

    def pay(self) -> None:
        """Pay at once, and leave no trace of it."""

    def perform(self, step: Step, action: Callable[[], _Result], value: Value = None) -> _Result:
        """Do one step when it is this buyer's turn."""
        self._ask(step)
        return super().perform(step, action, value)


class GatedLock(LockAtDesk):
    """The sale's real lock: a permitted attempt tries it once, so that one that must block is seen to block."""

    def __init__(self, lock: Lock | None, record: Record, ask: Ask) -> None:
        super().__init__(lock, record)
        self._ask = ask

    def __enter__(self) -> Self:
        while self._lock is not None and not self._attempt(self._lock):
            pass
        return self

    def _attempt(self, lock: Lock) -> bool:
        self._ask(Step.ACQUIRE)
        self._record(Step.ACQUIRE, "call")
        taken = lock.acquire(timeout=0)
        self._record(Step.ACQUIRE, "return", None if taken else BLOCKED)
        return taken

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lock is not None:
            self._ask(Step.RELEASE)
        super().__exit__(kind, error, trace)


@dataclass
class Controller:
    """Buyers' processes that are kept alive; each stands before its next step and waits for permission."""

    group: ProcessGroup
    permissions: list[Connection] = field(default_factory=list)
    patience: float = READY_BASE

    def start(self, protection: Protection, trains: tuple[Train, ...]) -> None:
        """Start the buyers and wait until each of them stands before its first step."""
        buyers = range(1, protection.scenario.buyers + 1)
        for buyer in buyers:
            theirs, ours = self.group.context.Pipe(duplex=False)
            self.permissions.append(ours)
            task = ReplayTask(
                buyer=buyer,
                program=protection.program,
                trains=trains_of(buyer, protection, trains),
                ends=self.group.ends,
                permission=theirs,
            )
            self.group.start(run_gated_buyer, task, f"buyer-{buyer}")
            theirs.close()
        self.group.seal()
        self.patience = READY_BASE + READY_EACH * len(buyers)
        self._hear(buyers, Recorder())

    def process(self, buyer: int) -> Process:
        """Return the process of a buyer."""
        return self.group.processes[buyer - 1]

    def permit(self, buyer: int, recorder: Recorder) -> None:
        """Let a buyer take one step and listen until it asks for its next; what it says goes to `recorder`.

        Raise InconclusiveError if its process has gone or does not answer.
        """
        try:
            self.permissions[buyer - 1].send_bytes(b"go")
        except OSError:
            raise self._silent([buyer]) from None
        self._hear([buyer], recorder)

    def kill(self, buyer: int) -> None:
        """End a buyer's process as a power failure would, and collect it."""
        self.process(buyer).kill()
        self.process(buyer).join()

    def close(self) -> None:
        """Close this end of the pipes; the group ends the processes."""
        for permission in self.permissions:
            permission.close()

    def _hear(self, buyers: Sequence[int], recorder: Recorder) -> None:
        missing, deadline = set(buyers), time.monotonic() + self.patience
        while missing:
            if not self.group.inbox.poll(IDLE_AFTER):
                if time.monotonic() > deadline or any(self.process(buyer).exitcode is not None for buyer in missing):
                    raise self._silent(sorted(missing))
                continue
            try:
                message = receive(self.group.inbox)
            except EOFError:
                raise self._silent(sorted(missing)) from None
            recorder.take(message)
            if message.word == READY:
                missing.discard(message.buyer)

    def _silent(self, buyers: Sequence[int]) -> InconclusiveError:
        process = self.process(buyers[0])
        return InconclusiveError(
            f"buyer {buyers[0]} (process {process.pid}, exit code {process.exitcode}) does not answer: "
            "somebody ended it, or the machine is too busy; try again"
        )
