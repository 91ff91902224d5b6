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
from booking.simulation.buyer import SecondTrain, answer, travel
from booking.simulation.desk import LockAtDesk, RealDesk
from booking.steps import Step
from booking.stores import Store

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

_Result = TypeVar("_Result")
Ask = Callable[[Step], None]


@dataclass(frozen=True)
class ReplayTask:
    """All that a buyer's process is told: who it is, what it buys from, and where its permissions arrive.

    With a `second` train it is the journey on both that is bought.
    """

    buyer: int
    store: Store
    lock: Lock
    ends: PipeEnds
    permission: "Connection"
    second: SecondTrain | None = None


def run_gated_buyer(task: ReplayTask) -> None:
    """Be one buyer, purchase after purchase, until the controller ends this process."""
    lifeline.become_child(task.ends, task.store.sweep_own)
    journal = Journal(task.buyer, task.ends.journal)

    def ask(step: Step) -> None:
        """Say which step comes next, and wait until the controller permits it."""
        journal.record(READY, "call", step)
        try:
            task.permission.recv_bytes()
        except (EOFError, OSError):
            os._exit(PARENT_GONE)

    desk = GatedDesk(task.store, task.lock, journal.record, ask)
    while True:
        if second := task.second:
            there = GatedDesk(second.store, second.lock, partial(journal.record, train=2), ask)
            outcome, error = travel(desk, there, second)
        else:
            outcome, error = answer(desk, task.lock)
        journal.record(END, "return", outcome, error)


class GatedDesk(RealDesk):
    """A real desk that asks before every step. Payments take no time: the schedule decides what comes between."""

    def __init__(self, store: Store, lock: Lock, record: Record, ask: Ask) -> None:
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

    def __init__(self, lock: Lock, record: Record, ask: Ask) -> None:
        super().__init__(lock, record)
        self._ask = ask

    def __enter__(self) -> Self:
        while self._is_step and not self._attempt():
            pass
        return self

    def _attempt(self) -> bool:
        self._ask(Step.ACQUIRE)
        self._record(Step.ACQUIRE, "call")
        taken = self._lock.acquire(timeout=0)
        self._record(Step.ACQUIRE, "return", None if taken else BLOCKED)
        return taken

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_step:
            self._ask(Step.RELEASE)
        super().__exit__(kind, error, trace)
