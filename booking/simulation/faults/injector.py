"""The parent's side of the faults: it opens the doors of the plan, and sends the signals.

The parent sends a signal while the buyer stands in the step: the buyer has said that the step begins and does not go
on by itself, so no moment can be missed.
"""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext

from booking.processes.journal import END, READY, Message
from booking.processes.system import ENDED, state_of
from booking.protection import Protection
from booking.setup import Fault, FaultKind, FaultReport, Setup
from booking.simulation.faults.plan import Door, FaultPlan
from booking.simulation.faults.victim import FaultTask
from booking.steps import Step

TAKES_EFFECT_WITHIN = 1.0
"""Seconds that the parent waits to see a signal take effect."""
_ASLEEP_WITHIN = 0.05
_POLL = 0.0002
_STOPPED = "Tt"
_SLEEPING = "SD"


class Faults:
    """The faults of one sale, which hear every message; `struck` is what they did so far."""

    def __init__(self, setup: Setup, protection: Protection, doors: dict[Door, tuple[Connection, Connection]]) -> None:
        self.struck: list[FaultReport] = []
        self._faults = {fault.buyer: fault for fault in setup.faults}
        self._plan = FaultPlan(setup.faults, protection.facts, protection.scenario.buyers)
        self._doors = doors
        self._open: set[Door] = set()
        self._pids: dict[int, int] = {}
        self._left: set[int] = set()

    def task(self, buyer: int) -> FaultTask:
        """Return what this buyer has to do."""
        doors = {step: self._doors[door][0] for step, door in self._plan.doors_of(buyer).items()}
        return FaultTask(doors=doors, fault=self._faults.get(buyer))

    def hear(self, message: Message) -> None:
        """Note a message, or that there was none for a while, and do what is due."""
        if message.word == READY:
            self._pids[message.buyer] = message.pid
        elif message.word == END:
            self._leave(message.buyer)
        elif message.buyer:
            self._plan.hear(message.buyer, message.word, message.phase)
        else:
            for buyer in [b for b, pid in self._pids.items() if b not in self._left and state_of(pid) in ENDED]:
                self._leave(buyer)
        self._go_on()

    def _leave(self, buyer: int) -> None:
        self._left.add(buyer)
        self._plan.leave(buyer)

    def _go_on(self) -> None:
        """Open doors and strike until nothing more is due."""
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
                _seen(pid, _SLEEPING, _ASLEEP_WITHIN)  # it has said that it waits: let it get there
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
    """Send the signal and watch what happens to the process."""
    sent_ns = time.monotonic_ns()
    with suppress(ProcessLookupError):
        os.kill(pid, getattr(signal, fault.kind.signal_name, signal.SIGTERM))  # Windows has SIGTERM only
    alive = state_of(pid) not in ENDED
    landed = _seen(pid, _STOPPED + ENDED if fault.kind is FaultKind.FREEZE else ENDED, TAKES_EFFECT_WITHIN)
    took = (time.monotonic_ns() - sent_ns) / 1e9 if landed else None
    return FaultReport(
        buyer=fault.buyer,
        step=fault.step,
        kind=fault.kind,
        pid=pid,
        t_ns=sent_ns,
        alive_right_after=alive,
        took_effect_after_s=took,
    )


def _seen(pid: int, states: str, within: float) -> bool:
    """Return whether the process comes into one of these states within so many seconds."""
    deadline = time.monotonic() + within
    while (state := state_of(pid)) not in states:
        if time.monotonic() > deadline or state == "?":
            return False
        time.sleep(_POLL)
    return True
