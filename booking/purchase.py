"""The purchase, written once, and the desk through which it touches the world.

Everything that `booking` shows happens to this code: real processes run it, the explorer runs it against
every possible order of steps, and replay runs it step by step.
"""

from contextlib import AbstractContextManager, ExitStack
from enum import StrEnum
from typing import Protocol


class Outcome(StrEnum):
    """How one buyer's purchase ended."""

    BOUGHT = "bought"
    SOLD_OUT = "sold out"
    TORN_READ = "torn read"
    UNFINISHED = "unfinished"
    """The buyer never answered and cannot have changed the count."""
    UNKNOWN = "unknown"
    """The buyer never answered, but it had begun to write: it may or may not hold a ticket."""


class Desk(Protocol):
    """All that a buyer can see and do. The worlds differ only in the desk that they hand out."""

    @property
    def lock(self) -> "DeskLock":
        """The lock of this sale; entering it waits until the lock is free, leaving it gives it back."""

    def look(self) -> int:
        """Return how many tickets are left, without any promise that it stays true.

        Raise TornReadError if the store is half-written.
        """

    def read(self) -> int:
        """Return the count that the purchase will be based on.

        Raise TornReadError if the store is half-written.
        """

    def pay(self) -> None:
        """Take the time that a payment takes. It touches nothing shared."""

    def write(self, count: int) -> None:
        """Make `count` the number of tickets left."""

    def swap(self, expected: int, count: int) -> bool:
        """Make `count` the number of tickets left if that is still `expected`, in one step; tell whether it was."""


def purchase(desk: Desk) -> Outcome:
    """Look at the count, then buy one ticket: the whole of what a buyer does.

    Raise TornReadError if a read meets a half-written store; the lock is given back on the way out.
    """
    desk.look()
    return buy(desk)


def buy(desk: Desk) -> Outcome:
    """Buy one ticket under the lock of the desk; the race is between `read` and `write`."""
    with desk.lock:
        count = desk.read()
        if count < 1:
            return Outcome.SOLD_OUT
        desk.pay()
        desk.write(count - 1)
    return Outcome.BOUGHT


def journey(*desks: Desk) -> Outcome:
    """Buy a ticket on every train, or on none: take all the locks, then read, pay once and write.

    There is a desk for each train, in the order in which this buyer takes the locks. Orders that differ from buyer to
    buyer can end in a deadlock, a cycle of buyers that hold one lock and wait for the next: Coffman, Elphick and
    Shoshani, "System deadlocks", ACM Computing Surveys 3, 1971. One order for all buyers prevents it.
    Raise TornReadError if a read meets a half-written store; the locks are given back on the way out.
    """
    with ExitStack() as locks:
        for desk in desks:
            locks.enter_context(desk.lock)
        counts = [desk.read() for desk in desks]
        if min(counts) < 1:
            return Outcome.SOLD_OUT
        desks[0].pay()
        for desk, count in zip(desks, counts, strict=True):
            desk.write(count - 1)
    return Outcome.BOUGHT


NOT_HELD = "desk.lock.release() without desk.lock.acquire()"
"""What a lock says that is given back by a buyer which does not hold it."""


def require_count(count: object) -> None:
    """Raise ValueError if this cannot be a number of tickets left."""
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        raise ValueError(f"write({count!r:.40}): a count is a whole number from 0")


class DeskLock(AbstractContextManager[object], Protocol):
    """The lock of a sale as a buyer sees it: `with desk.lock:`, or the two calls."""

    def acquire(self) -> None:
        """Wait until the lock is free, and take it."""

    def release(self) -> None:
        """Give it back. Raise RuntimeError if this buyer does not hold it."""
