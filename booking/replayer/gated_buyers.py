"""Buyers' processes that take one step at a time: each asks before every step, and the parent permits it.

The parent hears of a step before it permits the next.
"""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection
from typing import Any, Protocol

from booking import cells
from booking.cells import Access, access_text, cell_text, pack
from booking.errors import InconclusiveError
from booking.locks import Lock
from booking.locks.own import CellLock
from booking.locks.own import lock_of as lock_named
from booking.processes import lifeline
from booking.processes.group import Process, ProcessGroup
from booking.processes.journal import END, PARENT_GONE, READY, Journal, Message, Phase, Record, Value, receive
from booking.protection import Protection
from booking.simulation.buyer import BuyerTask, Train, program_of, settled, trains_of
from booking.simulation.desk import LockAtDesk, RealDesk
from booking.simulation.recorder import Recorder
from booking.simulation.running import IDLE_AFTER, READY_BASE, READY_EACH
from booking.steps import BLOCKED, PAY, Step


@dataclass(frozen=True, kw_only=True)
class GatedTask(BuyerTask):
    """All that a buyer's process is told; its payments take no time, and its permissions arrive in a pipe."""

    permission: Connection


def run_gated_buyer(task: GatedTask) -> None:
    """Be one buyer, purchase after purchase, until the controller ends this process."""
    lifeline.become_child(task.ends, task.sweep)
    journal = Journal(task.buyer, task.ends.journal)
    desks = [_gated_desk(train, partial(journal.record, train=train.number), task.permission) for train in task.trains]
    while True:
        outcome, error = settled(partial(task.program, *desks))
        journal.record(END, "return", outcome, error)
        for desk in desks:
            desk.lock.abandon()


def _gated_desk(train: Train, record: Record, permission: Connection) -> RealDesk:
    """Return a real desk that asks before every step; the schedule decides what comes while a buyer pays."""

    def ask_and_record(word: str, phase: Phase, value: Value = None) -> None:
        if word == PAY:
            return
        if phase == "call":
            record(READY, "call", word)
            try:
                permission.recv_bytes()
            except (EOFError, OSError):
                os._exit(PARENT_GONE)
        record(word, phase, value)

    desk = RealDesk(train.store, train.lock, ask_and_record, pay_s=0)
    gated = GatedCells if isinstance(train.lock, CellLock) else GatedLock
    desk.lock = gated(train.lock, ask_and_record)
    return desk


class GatedLock(LockAtDesk):
    """The sale's real lock: a permitted attempt tries it once, so that one that must block is seen to block."""

    def _take(self, lock: Lock) -> None:
        taken = False
        while not taken:
            self._record(Step.ACQUIRE, "call")
            taken = lock.acquire(timeout=0)
            self._record(Step.ACQUIRE, "return", None if taken else BLOCKED)


class Listener(Protocol):
    """Takes what the buyers say."""

    def take(self, message: Message, /) -> None:
        """Take one message."""


class GatedCells(LockAtDesk):
    """A lock of one's own, between real processes, that asks before each access; the access is what is recorded."""

    def __init__(self, lock: Lock | None, record: Record) -> None:
        super().__init__(lock, record)
        assert isinstance(lock, CellLock)  # noqa: S101 - made for no other
        self._kind, self._me, self._memory = lock_named(lock.name), lock.me, lock.memory()
        self.buyers = lock.buyers
        self._own: Any = lock.opened(self)

    def access(self, access: Access) -> cells.Value:
        """Ask, make the access, and record it in words."""
        self._record(Step.ACCESS, "call")
        told = self._memory.access(access)
        cell = cell_text(self._kind, access.name, access.at) if access.name else ""
        self._record(Step.ACCESS, "return", access_text(access, cell, pack(told)))
        return told

    def _take(self, lock: Lock) -> None:
        del lock
        self._own.acquire(self._me)

    def _give_back(self, lock: Lock) -> None:
        del lock
        self._own.release(self._me)


@dataclass
class Controller:
    """Buyers' processes that are kept alive; each stands before its next step and waits for permission."""

    group: ProcessGroup
    permissions: list[Connection] = field(default_factory=list)
    patience: float = READY_BASE

    def start(self, protection: Protection, trains: tuple[Train, ...]) -> None:
        """Start the buyers and wait until each of them stands before its first step."""

        def task_of(buyer: int, permission: Connection) -> GatedTask:
            """Return what this buyer is told."""
            return GatedTask(
                buyer=buyer,
                program=program_of(protection),
                trains=trains_of(buyer, protection, trains),
                ends=self.group.ends,
                permission=permission,
            )

        self.begin(protection.scenario.buyers, run_gated_buyer, task_of, Recorder())

    def begin(
        self,
        buyers: int,
        target: Callable[[Any], None],
        task_of: Callable[[int, Connection], object],
        listener: Listener,
    ) -> None:
        """Start so many buyers, each with its task, and wait until each of them stands before its first step."""
        for buyer in range(1, buyers + 1):
            theirs, ours = self.group.context.Pipe(duplex=False)
            self.permissions.append(ours)
            self.group.start(target, task_of(buyer, theirs), f"buyer-{buyer}")
            theirs.close()
        self.group.seal()
        self.patience = READY_BASE + READY_EACH * buyers
        self._hear(range(1, buyers + 1), listener)

    def process(self, buyer: int) -> Process:
        """Return the process of a buyer."""
        return self.group.processes[buyer - 1]

    def permit(self, buyer: int, listener: Listener) -> None:
        """Let a buyer take one step and listen until it asks for its next; what it says goes to `listener`.

        Raise InconclusiveError if its process has gone or does not answer.
        """
        try:
            self.permissions[buyer - 1].send_bytes(b"go")
        except OSError:
            raise self._silent([buyer]) from None
        self._hear([buyer], listener)

    def kill(self, buyer: int) -> None:
        """End a buyer's process as a power failure would, and collect it."""
        self.process(buyer).kill()
        self.process(buyer).join()

    def close(self) -> None:
        """Close this end of the pipes; the group ends the processes."""
        for permission in self.permissions:
            permission.close()

    def _hear(self, buyers: Sequence[int], listener: Listener) -> None:
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
            listener.take(message)
            if message.word == READY:
                missing.discard(message.buyer)

    def _silent(self, buyers: Sequence[int]) -> InconclusiveError:
        process = self.process(buyers[0])
        return InconclusiveError(
            f"buyer {buyers[0]} (process {process.pid}, exit code {process.exitcode}) does not answer: "
            "somebody ended it, or the machine is too busy; try again"
        )
