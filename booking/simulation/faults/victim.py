"""The buyer's side of a fault: the doors that it waits at, and the step in which it stays until it is struck."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait

from booking.processes.journal import PARENT_GONE, Phase, Record, Value
from booking.processes.lifeline import wait_for_gate
from booking.processes.system import die_with_parent
from booking.setup import Fault, FaultKind
from booking.steps import Step


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
            """Record the begin of a step after its door, and stay in the step of the fault."""
            if phase == "call" and word in self.doors:
                wait_for_gate(self.doors[word], life)
            record(word, phase, value)
            if phase == "call" and self.fault and word == self.fault.step != Step.ACQUIRE:  # the lock holds it there
                wait([life])
                os._exit(PARENT_GONE)

        return recorded
