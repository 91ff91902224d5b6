"""The buyer's side of a replay: real steps, each of them only after permission.

A spawned process imports this module and what it names, so nothing here may import the command line.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from booking.history.history import BLOCKED, Value
from booking.locks import Lock
from booking.processes import lifeline
from booking.processes.journal import END, PARENT_GONE, READY, Journal, Record
from booking.processes.lifeline import PipeEnds
from booking.purchase import Outcome
from booking.simulation.buyer import Train, settled
from booking.simulation.desk import LockAtDesk, RealDesk
from booking.steps import Step
from booking.stores import Store

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

_Result = TypeVar("_Result")
Ask = Callable[[Step], None]


@dataclass(frozen=True, kw_only=True)
class ReplayTask:
    """All that a buyer's process is told: who it is, what it runs and buys from, and where its permissions arrive."""

    buyer: int
    program: Callable[..., Outcome]
    trains: tuple[Train, ...]
    ends: PipeEnds
    permission: "Connection"


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
