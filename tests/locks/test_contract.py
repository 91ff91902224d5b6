"""What every lock declares, proved on real processes for every lock of the registry."""

import multiprocessing
import time
from dataclasses import dataclass, field
from multiprocessing.context import BaseContext
from pathlib import Path

import pytest
from children import DEADLINE, Child, Family

from booking.locks import Lock, Reach
from booking.registry import LOCKS, protection_of
from booking.scenario import Scenario
from booking.stores.file import JsonStore

FORK = multiprocessing.get_context("fork")
OTHERS = [multiprocessing.get_context("spawn"), multiprocessing.get_context("forkserver")]
AS_GOOD_AS_UNLIMITED = 5
"""How many are let into a lock that stops nobody before the test believes it."""
NOT_YET = 0.05
"""Seconds without an answer that count as waiting."""
PERMITS = {"semaphore": (1, 2, 3)}

CASES = [
    pytest.param(scenario, id=name if permits == 1 else f"{name}-{permits}")
    for name, kind in LOCKS.items()
    if issubclass(kind, Lock) and name != "inherited"  # a mistake on show, with its test in test_inherited.py
    for permits in PERMITS.get(name, (1,))
    for scenario in [Scenario(lock=name, permits=permits)]
]
EXCLUSIVE = [case for case in CASES if protection_of(case.values[0]).facts.permits == 1]  # type: ignore[arg-type]

every_lock = pytest.mark.parametrize("scenario", CASES)
every_exclusive_lock = pytest.mark.parametrize("scenario", EXCLUSIVE)


def made(scenario: Scenario, path: Path, context: BaseContext) -> Lock:
    """Return the lock of a scenario as a sale makes it."""
    kind = LOCKS[scenario.lock]
    assert issubclass(kind, Lock)
    return kind(path, context, scenario)


def limit_of(scenario: Scenario) -> int:
    """Return how many holders fill the lock, or how many shall be let in by one that is never full."""
    return protection_of(scenario).facts.permits or AS_GOOD_AS_UNLIMITED


def filled(scenario: Scenario, lock: Lock, family: Family, context: BaseContext = FORK) -> list[Child]:
    """Let in as many as the lock permits, each a process of its own."""
    holders = [family.child(context, lock) for _ in range(limit_of(scenario))]
    assert [holder.ask("acquire", 0) for holder in holders] == [True] * len(holders)
    return holders


@every_lock
def test_as_many_as_declared_get_in_and_no_more(db: Path, family: Family, scenario: Scenario) -> None:
    """`permits` get in at once; the next attempt fails, unless the lock stops nobody."""
    lock = made(scenario, db, FORK)
    filled(scenario, lock, family)
    assert family.child(FORK, lock).ask("acquire", 0) is (protection_of(scenario).facts.permits is None)


@every_lock
@pytest.mark.parametrize("timeout", [None, 5.0], ids=["without-end", "with-time-out"])
def test_a_release_lets_the_next_in(db: Path, family: Family, scenario: Scenario, timeout: float | None) -> None:
    """Who waits gets in when a holder gives back, not before."""
    lock = made(scenario, db, FORK)
    holders = filled(scenario, lock, family)
    waiting = family.child(FORK, lock)
    waiting.tell("acquire", timeout)
    if protection_of(scenario).facts.permits is not None:
        assert waiting.answer(within=NOT_YET) is None
        holders[0].ask("release")
    assert waiting.answer() is True


@every_exclusive_lock
def test_a_holder_gets_in_again_as_declared(db: Path, family: Family, scenario: Scenario) -> None:
    """A holder that asks again gets in at once if the lock is `reentrant`, and never otherwise."""
    holder = filled(scenario, made(scenario, db, FORK), family)[0]
    assert holder.ask("acquire", 0) is protection_of(scenario).facts.reentrant


@every_lock
def test_a_killed_holder_frees_the_lock_as_declared(db: Path, family: Family, scenario: Scenario) -> None:
    """After SIGKILL the next process gets in long before its time-out, or, as declared, never."""
    freed = protection_of(scenario).facts.freed_when_holder_dies
    lock = made(scenario, db, FORK)
    holders = filled(scenario, lock, family)
    following = family.child(FORK, lock)
    for holder in holders:
        holder.kill()
    assert following.ask("acquire", DEADLINE if freed else 0.1) is freed


@every_lock
def test_who_waits_in_line_is_let_in_when_the_holder_is_killed(db: Path, family: Family, scenario: Scenario) -> None:
    """Waiting without a time-out ends with the holder's death where the lock declares it."""
    lock = made(scenario, db, FORK)
    holders = filled(scenario, lock, family)
    waiting = family.child(FORK, lock)
    waiting.tell("acquire", None)
    for holder in holders:
        holder.kill()
    freed = protection_of(scenario).facts.freed_when_holder_dies
    assert waiting.answer(within=DEADLINE if freed else 0.3) is (True if freed else None)


@dataclass
class Stranger:
    """A process that makes its own lock on the same store, as another terminal does."""

    scenario: Scenario
    path: Path
    locks: list[Lock] = field(default_factory=list)

    def enter(self) -> bool:
        """Make a lock and try it once."""
        self.locks.append(made(self.scenario, self.path, FORK))
        return self.locks[-1].acquire(0)


@every_lock
def test_the_lock_reaches_as_far_as_declared(db: Path, family: Family, scenario: Scenario) -> None:
    """A process of another tree is kept out by a lock of the machine and by no other: its lock is another one."""
    filled(scenario, made(scenario, db, FORK), family)
    stranger = family.child(FORK, Stranger(scenario, db))
    assert stranger.ask("enter") is (protection_of(scenario).facts.reach not in {Reach.MACHINE, Reach.CLUSTER})


@every_lock
@pytest.mark.parametrize("context", OTHERS)
def test_the_lock_survives_the_way_to_a_process_that_shares_no_memory(
    db: Path, family: Family, scenario: Scenario, context: BaseContext
) -> None:
    """Spawned children get the same lock: one is kept out while the parent fills it, and is let in afterwards."""
    lock = made(scenario, db, context)
    child = family.child(context, lock)
    for _ in range(limit_of(scenario)):
        assert lock.acquire(0)
    assert child.ask("acquire", 0) is (protection_of(scenario).facts.permits is None)
    lock.release()
    assert child.ask("acquire", 5.0) is True
    child.kill()
    assert lock.acquire(0.3) is protection_of(scenario).facts.freed_when_holder_dies


@every_lock
def test_a_time_out_is_kept(db: Path, family: Family, scenario: Scenario) -> None:
    """Whoever is kept out is told so, not before the time-out and not never; a lock that stops nobody lets it in."""
    lock = made(scenario, db, FORK)
    filled(scenario, lock, family)
    for timeout in (0.1, 0.0):
        start = time.monotonic()
        assert lock.acquire(timeout) is (protection_of(scenario).facts.permits is None)
        assert protection_of(scenario).facts.permits is None or time.monotonic() - start >= timeout


@dataclass
class Till:
    """One of several processes that sell from the same store."""

    lock: Lock
    path: Path

    def sell(self, number: int) -> None:
        """Take so many tickets out of the store, one after the other."""
        store = JsonStore(self.path)
        for _ in range(number):
            assert self.lock.acquire()
            store.put(store.read() - 1)
            self.lock.release()


@every_exclusive_lock
def test_no_sale_is_lost_under_an_exclusive_lock(db: Path, family: Family, scenario: Scenario) -> None:
    """4 processes sell 50 tickets each: 1,000 - 4 * 50 = 800 are left."""
    JsonStore(db).put(1000)
    lock = made(scenario, db, FORK)
    tills = [family.child(FORK, Till(lock, db)) for _ in range(4)]
    for till in tills:
        till.tell("sell", 50)
    assert [till.answer() for till in tills] == [None] * 4
    assert JsonStore(db).read() == 800


@every_lock
def test_a_lock_is_summed_up_in_a_line(scenario: Scenario) -> None:
    """The table of `booking locks` has a sentence for each."""
    assert LOCKS[scenario.lock].summary().endswith(".")
