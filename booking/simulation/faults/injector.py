"""The parent's side of the faults: it opens the doors of the choreography, and strikes.

A blow is a signal that the parent sends while the buyer stands in the step: the buyer has said that the step begins
and does not go on by itself, so no moment can be missed.
"""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext

from booking.errors import BadInputError
from booking.locks import Reach
from booking.processes.journal import END, READY, Message
from booking.processes.system import ENDED, state_of
from booking.registry import facts_of, lock_named, store_named
from booking.scenario import Scenario
from booking.setup import Blow, Fault, Setup, Struck
from booking.simulation.faults.plan import Door, FaultPlan
from booking.simulation.faults.victim import Part
from booking.steps import PAY, Step

LANDS_WITHIN = 1.0
"""Seconds after which nobody waits any longer to see a blow land."""
_ASLEEP_WITHIN = 0.05
_POLL = 0.0002
_STOPPED = "Tt"
_SLEEPING = "SD"


class Faults:
    """The faults of one sale, told of every message; `struck` is what they did so far."""

    def __init__(self, setup: Setup, scenario: Scenario, doors: dict[Door, tuple[Connection, Connection]]) -> None:
        self.struck: list[Struck] = []
        self._faults = {fault.buyer: fault for fault in setup.faults}
        self._plan = FaultPlan(setup.faults, facts_of(scenario), scenario.buyers)
        self._doors = doors
        self._open: set[Door] = set()
        self._pids: dict[int, int] = {}
        self._left: set[int] = set()

    def part(self, buyer: int) -> Part:
        """Return what this buyer has to do."""
        doors = {step: self._doors[door][0] for step, door in self._plan.doors_of(buyer).items()}
        return Part(doors, self._faults.get(buyer))

    def hear(self, message: Message) -> None:
        """Take note of a message, or of silence, and do what is due."""
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
                _seen(pid, _SLEEPING, _ASLEEP_WITHIN)  # it has said that it will wait: let it get there
            self.struck.append(_struck(due, pid))


@contextmanager
def faults_in(setup: Setup, scenario: Scenario, context: BaseContext) -> Iterator[Faults]:
    """Yield the faults of a sale with the doors that they need."""
    with ExitStack() as stack:
        doors = {door: context.Pipe(duplex=False) for door in Door}
        for end in (end for pipe in doors.values() for end in pipe):
            stack.callback(end.close)
        yield Faults(setup, scenario, doors)


def require_possible(setup: Setup, scenario: Scenario) -> None:
    """Raise BadInputError where a fault, or its offices, cannot happen in this sale."""
    setup.require_fit(scenario)
    if setup.offices > 1 and not store_named(scenario.store).outlives_sale:
        raise BadInputError(
            f"offices have no memory in common, and the store {scenario.store} is one; use --store json"
        )
    permits = facts_of(scenario).permits
    steps = {Step.LOOK, Step.READ, PAY, *store_named(scenario.store).write_steps}
    steps |= set() if permits is None else {Step.ACQUIRE, Step.RELEASE}
    steps |= {Step.SWAP} if lock_named(scenario.lock).swaps else set()
    for fault in setup.faults:
        if fault.step not in steps:
            raise BadInputError(
                f"no buyer comes to {fault.step} with the lock {scenario.lock} and the store {scenario.store}; "
                f"use one of {', '.join(sorted(steps))}"
            )
        if fault.blow is Blow.HANG and not hasattr(signal, "SIGSTOP"):
            raise BadInputError("this system cannot stop a process without ending it; use --kill")
    _require_somebody_to_wait_for(setup, scenario)


def _require_somebody_to_wait_for(setup: Setup, scenario: Scenario) -> None:
    facts = facts_of(scenario)
    waiters = sum(fault.step == Step.ACQUIRE for fault in setup.faults)
    lost = sum(fault.step == Step.LOOK for fault in setup.faults)  # they never come to hold the lock
    if waiters and scenario.buyers - waiters - lost < (facts.permits or 0):
        raise BadInputError(
            f"nobody would be left to wait for: the lock lets {facts.permits} in; use more buyers, or strike fewer"
        )
    if waiters and setup.offices > 1 and facts.reach is Reach.PROCESS_TREE:
        raise BadInputError(
            f"each office has a lock {scenario.lock} of its own, and perhaps nobody to wait for; use --lock file"
        )


def _struck(fault: Fault, pid: int) -> Struck:
    """Send the signal and watch what becomes of the process."""
    sent_ns = time.monotonic_ns()
    with suppress(ProcessLookupError):
        os.kill(pid, getattr(signal, "SIGSTOP" if fault.blow is Blow.HANG else f"SIG{fault.blow}", signal.SIGTERM))
    alive = state_of(pid) not in ENDED
    landed = _seen(pid, _STOPPED + ENDED if fault.blow is Blow.HANG else ENDED, LANDS_WITHIN)
    took = (time.monotonic_ns() - sent_ns) / 1e9 if landed else None
    return Struck(fault.buyer, fault.step, fault.blow, pid, sent_ns, alive, took)


def _seen(pid: int, states: str, within: float) -> bool:
    """Ask again and again, for so many seconds, whether the process is in one of these states."""
    deadline = time.monotonic() + within
    while (state := state_of(pid)) not in states:
        if time.monotonic() > deadline or state == "?":
            return False
        time.sleep(_POLL)
    return True
