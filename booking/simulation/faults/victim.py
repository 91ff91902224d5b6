"""The buyer's side of a fault: the doors that it waits at, and the step in which it stays until the blow has landed."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import NoReturn

from booking.history.history import Phase, Value
from booking.processes import lifeline
from booking.processes.journal import PARENT_GONE, Record
from booking.processes.system import die_with_parent
from booking.setup import Blow, Fault
from booking.simulation.faults.plan import Moment
from booking.steps import Step


@dataclass(frozen=True)
class Part:
    """What one buyer has to do in a choreography.

    `doors` are what it waits at before a step begins, or after it has ended, and `fault` is what will be done to it.
    """

    doors: Mapping[Moment, Connection] = field(default_factory=dict)
    fault: Fault | None = None

    def played(self, record: Record, life: Connection) -> Record:
        """Return a recorder that plays this part around the steps that it records."""
        if self.fault is not None and self.fault.blow is Blow.HANG:
            die_with_parent()  # whoever is stopped cannot look after its lifeline

        def recorded(word: str, phase: Phase, value: Value = None) -> None:
            """Record one step, and wait before or after it for what this part has to wait for."""
            if phase == "call":
                self._wait_at((word, phase), life)
            record(word, phase, value)
            if self.fault is not None and word == self.fault.step and phase == "call":
                self._await_the_blow(life)
            if phase == "return":
                self._wait_at((word, phase), life)

        return recorded

    def _wait_at(self, moment: Moment, life: Connection) -> None:
        if moment in self.doors:
            lifeline.wait_for_gate(self.doors[moment], life)

    def _await_the_blow(self, life: Connection) -> None:
        """Stay in the step; while it waits for the lock a buyer needs no holding back."""
        if self.fault is not None and self.fault.step != Step.ACQUIRE:
            _stay(life)


def _stay(life: Connection) -> NoReturn:
    wait([life])
    os._exit(PARENT_GONE)
