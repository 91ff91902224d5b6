"""Who goes before whom where buyers are to be struck, so that every blow lands where it was ordered.

A fault says "buyer 2, while it pays"; left to luck, another buyer may have bought the last ticket before. So the
buyers that nobody strikes let the others in first, and a buyer that is to be struck while it waits has somebody to
wait for. Nothing here touches a process: it hears the buyers' messages and says which door to open and whom to strike.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import TypeAlias

from booking.locks import LockFacts
from booking.setup import Blow, Fault
from booking.steps import Step

Moment: TypeAlias = tuple[str, str]
"""A step and "call", before it begins, or "return", after it has ended."""


class Door(StrEnum):
    """Where a buyer waits until the parent opens; once open a door stays so."""

    ENTRANCE = "entrance"
    """Before the lock: the buyers that nobody strikes inside wait until those to be struck there have read."""
    TAKEN = "taken"
    """Before the lock: the buyers that are to be struck while they wait stand here until nobody can get in."""
    LANDED = "landed"
    """Behind the lock: whoever holds it stays until those who wait for it have been struck."""


class Choreography:
    """What has been heard so far, and what follows from it.

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
        self._in_step: dict[int, str] = {}
        self._at_entry: set[int] = set()
        self._has_read: set[int] = set()
        self._holding: set[int] = set()
        self._gone: set[int] = set()
        self._struck: set[int] = set()

    def doors_of(self, buyer: int) -> dict[Moment, Door]:
        """Return the doors that this buyer has to pass, before the call of a step or after its return."""
        if buyer in self._waiters:
            return {(Step.ACQUIRE, "call"): Door.TAKEN}
        doors: dict[Moment, Door] = {}
        if self._inside and buyer not in self._inside:
            doors[self._entry, "call"] = Door.ENTRANCE
        if self._waiters:  # who is to be struck inside reads first, so that the ticket is still there
            doors[Step.READ if buyer in self._inside else Step.ACQUIRE, "return"] = Door.LANDED
        return doors

    def hear(self, buyer: int, word: str, phase: str) -> None:
        """Take note that a buyer begins a step, or has ended it."""
        if phase == "call":
            self._in_step[buyer] = word
            if word == self._entry:
                self._at_entry.add(buyer)
        else:
            self._in_step.pop(buyer, None)
            if word == Step.READ:  # from now on nobody can take away the ticket that it has seen
                self._has_read.add(buyer)
            if word == Step.ACQUIRE:
                self._holding.add(buyer)
            if word == Step.RELEASE:
                self._holding.discard(buyer)

    def leave(self, buyer: int) -> None:
        """Take note that a buyer has ended, however it did."""
        self._gone.add(buyer)
        if self._freed or buyer not in self._struck:
            self._holding.discard(buyer)

    def strike(self, fault: Fault) -> None:
        """Take note that a buyer was struck; a dead one may leave the lock, a stopped one keeps it."""
        self._struck.add(fault.buyer)
        if fault.blow is not Blow.HANG and self._freed:
            self._holding.discard(fault.buyer)

    def due(self) -> Iterator[Fault]:
        """Yield the faults whose moment has come; each is yielded until it was struck."""
        for buyer, fault in self._faults.items():
            if buyer not in self._struck and self._in_step.get(buyer) == fault.step and self._may_strike(fault):
                yield fault

    def open_doors(self) -> Iterator[Door]:
        """Yield the doors that may be open by now."""
        out = self._gone | self._struck
        if self._waiters <= out:
            yield Door.LANDED
        if self._nobody_gets_in() or self._everybody - self._waiters <= out:
            yield Door.TAKEN
        if self._inside <= out | self._has_read | self._at_their_step() or self._is_lost():
            yield Door.ENTRANCE

    def _may_strike(self, fault: Fault) -> bool:
        if fault.step == Step.LOOK or self._permits is None:
            return True
        if fault.step == Step.ACQUIRE:
            return Door.TAKEN in self.open_doors()
        if not self._waiters <= self._gone | self._struck:
            return False
        coming = self._everybody if Door.ENTRANCE in self.open_doors() else self._inside
        return coming <= self._gone | self._struck | self._at_entry

    def _at_their_step(self) -> set[int]:
        return {buyer for buyer in self._inside if self._in_step.get(buyer) == self._faults[buyer].step}

    def _nobody_gets_in(self) -> bool:
        return self._permits is not None and len(self._holding) >= self._permits

    def _is_lost(self) -> bool:
        """Return whether those who were struck keep the lock from everybody else."""
        return self._permits is not None and len(self._holding & self._struck) >= self._permits
