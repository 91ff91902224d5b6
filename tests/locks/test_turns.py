"""A lock on a file is shared fairly: whoever has had a turn steps aside, and nobody else does."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest

from booking.locks import descriptor
from booking.locks.descriptor import TURN, DescriptorLock
from booking.registry import lock_named
from booking.scenario import Scenario
from booking.simulation.sale import context_named

ON_A_FILE = ["file", "flock"]


@dataclass
class Clock:
    """Stands in for the clock of the lock's module: it moves only when somebody lets it, or sleeps."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        """Return the time, in seconds."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Take note that somebody stepped aside."""
        self.slept.append(seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return the clock that the lock looks at."""
    clock = Clock()
    monkeypatch.setattr(descriptor, "time", clock)
    return clock


@pytest.fixture(params=ON_A_FILE)
def lock(request: pytest.FixtureRequest, db: Path) -> DescriptorLock:
    """Return each lock on a file."""
    made = lock_named(request.param)(db, context_named(None), Scenario(lock=request.param))
    return cast("DescriptorLock", made)


def bought_times(lock: DescriptorLock, clock: Clock, purchases: int, seconds: float) -> list[int]:
    """Take and return the lock so often, each time for so many seconds, and return before which it stepped aside."""
    aside = []
    for purchase in range(purchases):
        before = len(clock.slept)
        assert lock.acquire()
        clock.now += seconds
        lock.release()
        aside += [purchase] * (len(clock.slept) - before)
    return aside


def test_who_buys_again_and_again_steps_aside_after_each_turn(lock: DescriptorLock, clock: Clock) -> None:
    """Turns last 1, 2, 4, 8, 16, 16 times TURN, and a purchase 0.45 of it: 3, 5, 9, 18, 36 and 36 fill one.

    The purchase before which it steps aside is in no turn, so it is the 3rd, the 4 + 5th, the 10 + 9th, and so on.
    """
    assert bought_times(lock, clock, purchases=113, seconds=0.45 * TURN) == [3, 9, 19, 38, 75, 112]


def test_who_buys_once_steps_aside_for_nobody(lock: DescriptorLock, clock: Clock) -> None:
    """A first purchase has had no turn before it, however long it takes."""
    assert bought_times(lock, clock, purchases=1, seconds=100 * TURN) == []


def test_who_had_to_wait_begins_a_new_turn(lock: DescriptorLock, clock: Clock, db: Path) -> None:
    """After a vain attempt the turn is over, so the purchases after it are not its second half, and turns are short."""
    name = "flock" if type(lock).__name__ == "FileLock" else "file"
    other = lock_named(name)(db, context_named(None), Scenario(lock=name))
    assert bought_times(lock, clock, purchases=5, seconds=0.45 * TURN) == [3]
    assert other.acquire()
    assert not lock.acquire(0)
    other.release()
    assert bought_times(lock, clock, purchases=4, seconds=0.45 * TURN) == [3]
