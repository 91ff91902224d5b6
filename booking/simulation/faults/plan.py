"""Who goes before whom in a sale with faults, so that every fault happens in the step that it names.

A fault says "buyer 2, while it pays"; left to luck, another buyer may have bought the last ticket before. So the
buyers without a fault let the others in first, and a buyer that is to be struck while it waits for the lock finds it
taken. Nothing here touches a process: it hears the buyers' messages and says which door to open and whom to strike.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from enum import StrEnum

from booking.locks import LockFacts
from booking.setup import Fault, FaultKind
from booking.steps import Step


class Door(StrEnum):
    """Where a buyer waits before a step until the parent opens; once open a door stays so."""

    ENTRANCE = "entrance"
    """Before the lock: buyers without a fault wait until those to be struck behind it have read."""
    TAKEN = "taken"
    """Before the lock: the buyers to be struck while they wait for it stand here until nobody can get in."""
    HELD = "held"
    """Behind the lock: whoever holds it stays until those who wait for it have been struck."""


class FaultPlan:
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
