"""The plan for the faults, without processes: whoever moves first, every blow lands and nobody is left at a door."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from booking.locks import LockFacts, Reach
from booking.setup import Fault, FaultKind
from booking.simulation.faults import Door, FaultPlan
from booking.steps import PAY, Step

STEPS = [Step.LOOK, Step.ACQUIRE, Step.READ, PAY, Step.WRITE, Step.RELEASE]
ROUNDS = 400


@dataclass
class Model:
    """Buyers that go through their steps in a random order, as the processes would, under one lock."""

    facts: LockFacts
    faults: Sequence[Fault]
    buyers: int
    dice: random.Random
    held: list[int] = field(default_factory=list)
    struck: list[Fault] = field(default_factory=list)
    ended: set[int] = field(default_factory=set)
    open: set[Door] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Put everybody before the first step."""
        self.play = FaultPlan(self.faults, self.facts, self.buyers)
        self.steps = [step for step in STEPS if self.facts.permits or step not in {Step.ACQUIRE, Step.RELEASE}]
        self.at = dict.fromkeys(range(1, self.buyers + 1), (0, "call"))
        self.fault = {fault.buyer: fault for fault in self.faults}

    def run(self) -> None:
        """Let a buyer that can move do so, strike who is due, until nobody moves."""
        while movers := [buyer for buyer in self.at if buyer not in self.ended and self.can_move(buyer)]:
            self.move(self.dice.choice(movers))
            while due := next(self.play.due(), None):
                self.strike(due)

    def can_move(self, buyer: int) -> bool:
        """Tell whether nothing stops this buyer: no door, no lock, no blow to come."""
        number, phase = self.at[buyer]
        step, doors = self.steps[number], self.play.doors_of(buyer)
        if phase == "call":
            return self.is_open(doors.get(step))
        if buyer in self.fault and self.fault[buyer].step == step and step != Step.ACQUIRE:
            return False
        return step != Step.ACQUIRE or len(self.held) < (self.facts.permits or 0)

    def is_open(self, door: Door | None) -> bool:
        """Tell whether this door is open, or none at all; once open it stays so."""
        self.open |= set(self.play.open_doors())
        return door is None or door in self.open

    def move(self, buyer: int) -> None:
        """Begin the step, or end it."""
        number, phase = self.at[buyer]
        step = self.steps[number]
        self.play.hear(buyer, step, phase)
        if phase == "call":
            self.at[buyer] = (number, "return")
            return
        if step == Step.ACQUIRE:
            self.held.append(buyer)
        if step == Step.RELEASE:
            self.held.remove(buyer)
        self.at[buyer] = (number + 1, "call")
        if number + 1 == len(self.steps):
            self.ended.add(buyer)
            self.play.leave(buyer)

    def strike(self, fault: Fault) -> None:
        """Let the blow land, and check that the buyer stands where it was to stand."""
        assert self.at[fault.buyer] == (self.steps.index(fault.step), "return")
        if fault.step == Step.ACQUIRE:
            assert len(self.held) >= (self.facts.permits or 0), "nobody to wait for"
        self.struck.append(fault)
        self.ended.add(fault.buyer)
        self.play.strike(fault)
        if fault.kind is not FaultKind.FREEZE:
            self.play.leave(fault.buyer)
            if self.facts.freed_when_holder_dies and fault.buyer in self.held:
                self.held.remove(fault.buyer)


def drawn(dice: random.Random, facts: LockFacts, buyers: int) -> list[Fault]:
    """Return up to `buyers` faults, with enough buyers left to wait for."""
    steps = [step for step in STEPS if facts.permits or step not in {Step.ACQUIRE, Step.RELEASE}]
    struck = dice.sample(range(1, buyers + 1), dice.randint(1, buyers))
    faults = [Fault(buyer, dice.choice(steps), dice.choice(list(FaultKind))) for buyer in struck]
    waiters = [fault for fault in faults if fault.step == Step.ACQUIRE]
    lookers = sum(fault.step == Step.LOOK for fault in faults)
    while waiters and buyers - len(waiters) - lookers < (facts.permits or 0):
        faults.remove(waiters.pop())
    return faults


@pytest.mark.parametrize("freed", [True, False], ids=["freed", "kept"])
@pytest.mark.parametrize("permits", [None, 1, 2])
def test_every_blow_lands_and_nobody_stays_at_a_door(permits: int | None, freed: bool) -> None:  # noqa: FBT001
    """In every order of moves: who is not struck ends, or waits for a lock that the struck ones keep."""
    facts = LockFacts(permits, freed, Reach.MACHINE)
    dice = random.Random(f"{permits} {freed}")
    for _ in range(ROUNDS):
        buyers = dice.randint(2, 5)
        faults = drawn(dice, facts, buyers)
        model = Model(facts, faults, buyers, dice)
        model.run()
        lost = permits is not None and len(model.held) >= permits
        waiting = {buyer for buyer in model.at if buyer not in model.ended}
        assert all(model.steps[model.at[buyer][0]] == Step.ACQUIRE for buyer in waiting), faults
        assert not waiting or lost, faults
        missed = [fault for fault in faults if fault not in model.struck]
        assert all(fault.buyer in waiting for fault in missed), faults
        assert model.struck or not faults, faults
