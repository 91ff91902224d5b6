"""A sale in which nobody can move any more ends at once, and one in which anybody can is never cut off."""

import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from booking.history.history import Event
from booking.history.verdict import judge
from booking.locks import LockFacts, Reach
from booking.protection import Protection
from booking.purchase import purchase
from booking.scenario import Scenario
from booking.setup import Fault, Setup
from booking.simulation.sale import simulate
from booking.simulation.stuck import Standing, is_stuck
from booking.steps import PAY, Step

AT_ONCE = 10.0
"""Seconds: far less than the 30 after which such a sale gives up, and far more than a busy machine needs."""


@dataclass
class Reference:
    """Buyers that move in the smallest steps there are: what a buyer does and what it says of it are two.

    `said` is all that the parent knows; `inside` is who holds each lock in truth.
    """

    facts: LockFacts
    plans: list[list[tuple[str, str, int]]]
    said: list[Event] = field(default_factory=list)
    inside: dict[int, list[int]] = field(default_factory=lambda: {1: [], 2: []})
    dead: set[int] = field(default_factory=set)
    frozen: set[int] = field(default_factory=set)

    @property
    def living(self) -> set[int]:
        """Return who is in the middle of a purchase."""
        return {buyer for buyer, plan in enumerate(self.plans, 1) if plan and buyer not in self.dead}

    def can_move(self, buyer: int) -> bool:
        """Return whether the buyer's next step can be done now."""
        word, _, train = self.plans[buyer - 1][0]
        full = len(self.inside[train]) >= (self.facts.permits or 9)
        return buyer in self.living - self.frozen and not (word == "take" and full)

    def move(self, buyer: int) -> None:
        """Do the buyer's next step."""
        word, phase, train = self.plans[buyer - 1].pop(0)
        if word == "take":
            self.inside[train].append(buyer)
        elif word == "give":
            self.inside[train].remove(buyer)
        else:
            self.said.append(Event(len(self.said) + 1, 0, buyer, 0, word, phase, None, train))

    def die(self, buyer: int) -> None:
        """End the buyer; the system may free what it held."""
        self.dead.add(buyer)
        if self.facts.freed_when_holder_dies:
            self.inside = {train: [b for b in held if b != buyer] for train, held in self.inside.items()}

    @property
    def is_certain(self) -> bool:
        """Return whether the parent knows who holds what: nobody died between doing something and saying it."""
        lost = [self.plans[buyer - 1][0] for buyer in self.dead if self.plans[buyer - 1]]
        return not any(word == "give" or (word, phase) in {("acquire", "return"), ("release", "return")}
                       for word, phase, _ in lost)  # fmt: skip

    def verdict(self) -> bool:
        """Return what the rule says of this moment."""
        last = {event.buyer: event for event in self.said}
        standing = Standing(last=last, living=self.living, frozen=self.frozen, struck={}, facts=self.facts)
        return is_stuck(standing, self.said)


def plan(route: tuple[int, ...]) -> list[tuple[str, str, int]]:
    """Return the steps of a buyer that takes these locks, pays, and gives them back."""
    took = [(w, p, t) for t in route for w, p in ((Step.ACQUIRE, "call"), ("take", ""), (Step.ACQUIRE, "return"))]
    gave = [(w, p, t) for t in route for w, p in ((Step.RELEASE, "call"), ("give", ""), (Step.RELEASE, "return"))]
    return [*took, (PAY, "call", 1), (PAY, "return", 1), *gave]


ROUTES = st.sampled_from([(1,), (2,), (1, 2), (2, 1)])
FACTS = st.builds(LockFacts, st.sampled_from([1, 1, 2, None]), st.booleans(), st.just(Reach.MACHINE))


@settings(max_examples=100, deadline=None)
@given(FACTS, st.lists(ROUTES, min_size=1, max_size=4), st.data())
def test_nobody_who_can_move_is_cut_off(facts: LockFacts, routes: list[tuple[int, ...]], data: st.DataObject) -> None:
    """In every order of steps and deaths: stuck means that nobody can move, and the converse where all is known."""
    world = Reference(facts, [plan(route) for route in routes])
    while movers := [buyer for buyer in sorted(world.living) if world.can_move(buyer)]:
        assert not world.verdict()
        buyer = data.draw(st.sampled_from(movers))
        blow = data.draw(st.sampled_from(["move"] * 12 + ["die", "freeze"]))
        if blow == "die":
            world.die(buyer)
        elif blow == "freeze" and world.said and world.plans[buyer - 1][0] == (PAY, "return", 1):
            world.frozen.add(buyer)
        else:
            world.move(buyer)
    assert world.verdict() == bool(world.living) or not world.is_certain


def test_who_died_while_it_gave_its_lock_back_may_have_done_so() -> None:
    """The journal has the begin of the release and not its end; only a fault is known to strike before the release."""
    facts = LockFacts(permits=1, freed_when_holder_dies=False, reach=Reach.MACHINE)
    world = Reference(facts, [plan((1,)), plan((1,))])
    while world.plans[0][0][0] != "give":
        world.move(1)
    world.move(2)
    world.die(1)
    assert (world.can_move(2), world.verdict()) == (False, False)
    last = {event.buyer: event for event in world.said}
    standing = Standing(last=last, living={2}, frozen=(), struck={1: Step.RELEASE}, facts=facts)
    assert is_stuck(standing, world.said)


def test_a_lease_is_waited_for() -> None:
    """A lock of a cluster may be freed by its clock, whatever became of its holder."""
    facts = LockFacts(permits=1, freed_when_holder_dies=False, reach=Reach.CLUSTER)
    world = Reference(facts, [plan((1,)), plan((1,))])
    for buyer in (1, 1, 1, 2):
        world.move(buyer)
    world.die(1)
    assert not world.can_move(2)
    assert not world.verdict()
    world.facts = facts._replace(reach=Reach.MACHINE)
    assert world.verdict()


@pytest.mark.parametrize(
    ("scenario", "setup", "name"),
    [
        pytest.param(Scenario(4, lock="mp"), Setup(faults=(Fault.parsed("1@pay"),)), "deadlock", id="dead holder"),
        pytest.param(
            Scenario(4, lock="mp", pay=(0, 0)), Setup(faults=(Fault.parsed("1@pay"),), trees=2), "deadlock", id="trees"
        ),
        pytest.param(
            Scenario(3, lock="file"), Setup(faults=(Fault.parsed("1@pay", freeze=True),)), "unknown", id="frozen holder"
        ),
    ],
)
def test_a_stuck_sale_ends_at_once(scenario: Scenario, setup: Setup, name: str, tmp_path: Path) -> None:
    """Nobody is left to give the lock back: the sale does not wait for its time-out of more than 30 seconds."""
    began = time.monotonic()
    history = simulate(scenario, setup=setup, db=tmp_path / "db.json")
    assert time.monotonic() - began < AT_ONCE
    assert (judge(history).name, history.timed_out) == (name, True)
    assert any("No buyer could move any more" in note for note in history.notes)


def test_buyers_with_code_of_their_own_are_not_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They may give back a lock that they do not hold, so the sale waits for its time-out."""
    monkeypatch.setattr(Protection, "purchase", staticmethod(partial(purchase)))
    setup = Setup(faults=(Fault.parsed("1@pay"),))
    history = simulate(Scenario(3, lock="mp"), setup=setup, db=tmp_path / "db.json", start_method="fork", timeout=0.5)
    assert (history.timed_out, history.notes) == (True, ())
    assert history.elapsed_s >= 0.5


def test_a_second_permit_keeps_the_sale_going(tmp_path: Path) -> None:
    """One of two permits is lost with its holder, and the others buy with the second one."""
    scenario = Scenario(4, 4, lock="semaphore", permits=2, pay=(0.1, 0.1))
    history = simulate(scenario, setup=Setup(faults=(Fault.parsed("1@pay"),)), db=tmp_path / "db.json")
    assert not history.timed_out
    assert judge(history).unfinished == 1
