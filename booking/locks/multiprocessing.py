"""The standard library's locks between a parent and its children: a lock, a reentrant lock and a semaphore."""

from pathlib import Path
from typing import TYPE_CHECKING

from booking.locks import Lock, LockFacts, Reach
from booking.scenario import Scenario

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext
    from multiprocessing.synchronize import Lock as LibraryLock
    from multiprocessing.synchronize import RLock, Semaphore


class MultiprocessingLock(Lock):
    """`multiprocessing.Lock`: an unnamed semaphore that only the parent's own children know.

    It has no owner, so the system cannot give it back when the holder dies:
    https://github.com/python/cpython/issues/88304
    """

    facts = LockFacts(permits=1, freed_when_holder_dies=False, reach=Reach.PROCESS_TREE)

    def __init__(self, path: Path, context: "BaseContext", scenario: Scenario) -> None:
        super().__init__(path, context, scenario)
        self._lock = self._made(context, scenario)

    @staticmethod
    def _made(context: "BaseContext", scenario: Scenario) -> "LibraryLock | RLock | Semaphore":
        del scenario
        return context.Lock()

    def acquire(self, timeout: float | None = None) -> bool:
        """Wait for the lock; a holder that was killed keeps it."""
        return self._lock.acquire(timeout=timeout)

    def release(self) -> None:
        """Give the lock back; raise AssertionError if it is a reentrant lock that another process holds."""
        self._lock.release()


class ReentrantLock(MultiprocessingLock):
    """`multiprocessing.RLock`: its holder may take it again, everybody else waits.

    It knows its holder, so that only the holder can give it back, and still it is never given back for a holder that
    was killed. A holder that takes it twice has to give it back twice.
    """

    facts = MultiprocessingLock.facts._replace(reentrant=True)

    @staticmethod
    def _made(context: "BaseContext", scenario: Scenario) -> "RLock":
        del scenario
        return context.RLock()


class SemaphoreLock(MultiprocessingLock):
    """`multiprocessing.Semaphore`: with one permit it excludes, with two it sells one ticket twice."""

    @staticmethod
    def _made(context: "BaseContext", scenario: Scenario) -> "Semaphore":
        return context.Semaphore(scenario.permits)

    @classmethod
    def facts_in(cls, scenario: Scenario) -> LockFacts:
        """Return the facts with the scenario's number of permits."""
        return cls.facts._replace(permits=scenario.permits)
