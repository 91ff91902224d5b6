"""Buyers that are killed or frozen in a step, on purpose.

A fault says "buyer 2, while it pays"; left to luck, another buyer may have bought the last ticket before. So the
buyers without a fault let the others in first, and a buyer that is to be struck while it waits for the lock finds it
taken. The parent sends a signal while the buyer stands in the step: the buyer has said that the step begins and does
not go on by itself, so no moment can be missed.
"""

import os
import signal
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext

from booking.locks import LockFacts
from booking.processes.journal import END, PARENT_GONE, READY, Message, Phase, Record, Value
from booking.processes.lifeline import wait_for_gate
from booking.processes.system import ENDED, die_with_parent, state_of
from booking.protection import Protection
from booking.setup import Fault, FaultKind, FaultReport, Setup
from booking.steps import Step

TAKES_EFFECT_WITHIN = 1.0
"""Seconds that the parent waits to see a signal take effect."""
_POLL = 0.0002


class Door(StrEnum):
    """Where a buyer waits before a step until the parent opens; once open a door stays so."""

    ENTRANCE = "entrance"
    """Before the lock: buyers without a fault wait until those to be struck behind it have read."""
    TAKEN = "taken"
    """Before the lock: the buyers to be struck while they wait for it stand here until no other buyer can get in."""
    HELD = "held"
    """Behind the lock: the buyer that holds it stays until those who wait for it have been struck."""


class FaultPlan:
    """What has been heard so far, and what follows from it; nothing here touches a process.

    `facts` are the lock's and `buyers` is how many there are.
    """

    def __init__(self, faults: Sequence[Fault], facts: LockFacts, buyers: int) -> None:
        self._permits = facts.permits
        self._freed = facts.freed_when_holder_dies
        self._faults = {fault.buyer: fault for fault in faults}
        self._everybody = frozenset(range(1, buyers + 1))
        self._waiters = frozenset(fault.buyer for fault in faults if fault.step == Step.ACQUIRE)
        self._inside = frozenset(fault.buyer for fault in faults if fault.step not in {Step.LOOK, Step.ACQUIRE})
        self._entry = Step.READ if self._permits is None else Step.ACQUIRE
        self._heard: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
        self._gone: set[int] = set()
        self._struck: set[int] = set()

    def doors_of(self, buyer: int) -> dict[str, Door]:
        """Return the doors that this buyer has to pass, by the steps that they stand before."""
        if buyer in self._waiters:
            return {Step.ACQUIRE: Door.TAKEN}
        doors: dict[str, Door] = {}
        if buyer not in self._inside:
            if self._waiters:
                doors[Step.READ] = Door.HELD
            if self._inside:
                doors[self._entry] = Door.ENTRANCE
        return doors

    def hear(self, buyer: int, word: str, phase: str) -> None:
        """Note that a buyer begins a step, or has ended it."""
        self._heard[word, phase].add(buyer)

    def leave(self, buyer: int) -> None:
        """Note that a buyer's process has ended."""
        self._gone.add(buyer)

    def strike(self, fault: Fault) -> None:
        """Note that a buyer was struck."""
        self._struck.add(fault.buyer)

    def due(self) -> Iterator[Fault]:
        """Yield the faults whose moment has come; each is yielded until it was struck."""
        for buyer, fault in self._faults.items():
            if buyer not in self._struck and self._stands_in_its_step(buyer) and self._may_strike(fault):
                yield fault

    def open_doors(self) -> Iterator[Door]:
        """Yield the doors that may be open by now."""
        if self._waiters <= self._out:
            yield Door.HELD
        if self._is_full(self._holding) or self._everybody - self._waiters <= self._out:
            yield Door.TAKEN
        have_read = self._out | self._heard[Step.READ, "return"]
        inside_wait = {buyer for buyer in self._inside - have_read if not self._stands_in_its_step(buyer)}
        if not inside_wait or self._is_full(self._holding & self._struck):
            yield Door.ENTRANCE

    @property
    def _out(self) -> set[int]:
        return self._gone | self._struck

    @property
    def _holding(self) -> set[int]:
        """Return who holds the lock; a dead buyer may have given it back, a stopped one keeps it."""
        holding = self._heard[Step.ACQUIRE, "return"] - self._heard[Step.RELEASE, "return"]
        killed = {buyer for buyer in self._struck if self._faults[buyer].kind is not FaultKind.FREEZE}
        return holding - (self._gone | killed if self._freed else self._gone - self._struck)

    def _is_full(self, holders: set[int]) -> bool:
        return self._permits is not None and len(holders) >= self._permits

    def _stands_in_its_step(self, buyer: int) -> bool:
        step = self._faults[buyer].step
        return buyer in self._heard[step, "call"] and buyer not in self._heard[step, "return"]

    def _may_strike(self, fault: Fault) -> bool:
        if fault.step == Step.LOOK or self._permits is None:
            return True
        if fault.step == Step.ACQUIRE:
            return Door.TAKEN in self.open_doors()
        if not self._waiters <= self._out:
            return False
        coming = self._everybody if Door.ENTRANCE in self.open_doors() else self._inside
        return coming <= self._out | self._heard[self._entry, "call"]  # the others wait for the lock by then


@dataclass(frozen=True, kw_only=True)
class FaultTask:
    """What one buyer has to do in a sale with faults.

    `doors` are what it waits at before a step begins, by the name of the step, and `fault` is what will be done to it.
    """

    doors: Mapping[str, Connection] = field(default_factory=dict)
    fault: Fault | None = None

    def around(self, record: Record, life: Connection) -> Record:
        """Return a recorder that waits where this buyer has to wait, and else does what `record` does."""
        if self.fault is not None and self.fault.kind is FaultKind.FREEZE:
            die_with_parent()  # a stopped process cannot watch its lifeline

        def recorded(word: str, phase: Phase, value: Value = None) -> None:
            if phase == "call" and word in self.doors:
                wait_for_gate(self.doors[word], life)
            record(word, phase, value)
            if phase == "call" and self.fault and word == self.fault.step != Step.ACQUIRE:  # the lock holds it there
                wait([life])
                os._exit(PARENT_GONE)

        return recorded


class Faults:
    """The faults of one sale, which hear every message; `struck` is what they did so far."""

    def __init__(self, setup: Setup, protection: Protection, doors: dict[Door, tuple[Connection, Connection]]) -> None:
        self.struck: list[FaultReport] = []
        self._faults = {fault.buyer: fault for fault in setup.faults}
        self._plan = FaultPlan(setup.faults, protection.facts, protection.scenario.buyers)
        self._doors = doors
        self._open: set[Door] = set()
        self._pids: dict[int, int] = {}

    def task(self, buyer: int) -> FaultTask:
        """Return what this buyer has to do."""
        doors = {step: self._doors[door][0] for step, door in self._plan.doors_of(buyer).items()}
        return FaultTask(doors=doors, fault=self._faults.get(buyer))

    def hear(self, message: Message) -> None:
        """Note a message, or that there was none for a while, and do what is due."""
        if message.word == READY:
            self._pids[message.buyer] = message.pid
        elif message.word == END:
            self._plan.leave(message.buyer)
        elif message.buyer:
            self._plan.hear(message.buyer, message.word, message.phase)
        else:
            for buyer, pid in self._pids.items():
                if state_of(pid) in ENDED:
                    self._plan.leave(buyer)
        self._go_on()

    def _go_on(self) -> None:
        while True:
            for door in [door for door in self._plan.open_doors() if door not in self._open]:
                self._open.add(door)
                with suppress(BrokenPipeError):
                    self._doors[door][1].send_bytes(b"open")
            due = next(self._plan.due(), None)
            if due is None:
                return
            self._plan.strike(due)
            pid = self._pids[due.buyer]
            if due.step == Step.ACQUIRE:
                _seen(pid, "SD", 0.05)  # it has said that it waits: let it get there
            self.struck.append(_struck(due, pid))


@contextmanager
def faults_in(setup: Setup, protection: Protection, context: BaseContext) -> Iterator[Faults]:
    """Yield the faults of a sale with the doors that they need."""
    with ExitStack() as stack:
        doors = {door: context.Pipe(duplex=False) for door in Door}
        for end in (end for pipe in doors.values() for end in pipe):
            stack.callback(end.close)
        yield Faults(setup, protection, doors)


def _struck(fault: Fault, pid: int) -> FaultReport:
    sent_ns = time.monotonic_ns()
    with suppress(ProcessLookupError):
        os.kill(pid, getattr(signal, fault.kind.signal_name, signal.SIGTERM))  # Windows has SIGTERM only
    alive = state_of(pid) not in ENDED
    landed = _seen(pid, "Tt" + ENDED if fault.kind is FaultKind.FREEZE else ENDED, TAKES_EFFECT_WITHIN)
    took = (time.monotonic_ns() - sent_ns) / 1e9 if landed else None
    return FaultReport(fault.buyer, fault.step, fault.kind, pid, sent_ns, alive, took)


def _seen(pid: int, states: str, within: float) -> bool:
    deadline = time.monotonic() + within
    while (state := state_of(pid)) not in states:
        if time.monotonic() > deadline or state == "?":
            return False
        time.sleep(_POLL)
    return True
