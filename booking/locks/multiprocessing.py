"""The standard library's locks between a parent and its children: a lock, a reentrant lock and a semaphore."""

from pathlib import Path
from typing import TYPE_CHECKING

from booking.locks import Lock, LockFacts, Reach
from booking.scenario import Scenario

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext


class MultiprocessingLock(Lock):
    """`multiprocessing.Lock`: an unnamed semaphore that only the parent's own children know.

    It has no owner, so the system cannot give it back when the holder dies:
    https://github.com/python/cpython/issues/88304
    """

    facts = LockFacts(permits=1, freed_when_holder_dies=False, reach=Reach.PROCESS_TREE)

    def __init__(self, path: Path, context: "BaseContext", scenario: Scenario) -> None:
        super().__init__(path, context, scenario)
        self._lock = context.Lock()

    def acquire(self, timeout: float | None = None) -> bool:
        """Wait for the lock; a holder that was killed keeps it for ever."""
        return self._lock.acquire(timeout=timeout)

    def release(self) -> None:
        """Give the lock back."""
        self._lock.release()


class ReentrantLock(Lock):
    """`multiprocessing.RLock`: its holder may take it again, everybody else waits.

    It knows its holder, so that only the holder can give it back, and still nobody gives it back for a holder that
    was killed. A holder that takes it twice has to give it back twice.
    """

    facts = LockFacts(permits=1, freed_when_holder_dies=False, reach=Reach.PROCESS_TREE)

    def __init__(self, path: Path, context: "BaseContext", scenario: Scenario) -> None:
        super().__init__(path, context, scenario)
        self._lock = context.RLock()

    def acquire(self, timeout: float | None = None) -> bool:
        """Wait for the lock; a holder that was killed keeps it for ever."""
        return self._lock.acquire(timeout=timeout)

    def release(self) -> None:
        """Give the lock back; raises AssertionError where another process holds it."""
        self._lock.release()


class SemaphoreLock(Lock):
    """`multiprocessing.Semaphore`: with one permit it excludes, with two it sells one ticket twice."""

    facts = LockFacts(permits=1, freed_when_holder_dies=False, reach=Reach.PROCESS_TREE)

    def __init__(self, path: Path, context: "BaseContext", scenario: Scenario) -> None:
        super().__init__(path, context, scenario)
        self._semaphore = context.Semaphore(scenario.permits)

    @classmethod
    def facts_in(cls, scenario: Scenario) -> LockFacts:
        """Return the facts with the scenario's number of permits."""
        return LockFacts(scenario.permits, cls.facts.freed_when_holder_dies, cls.facts.reach)

    def acquire(self, timeout: float | None = None) -> bool:
        """Wait for a permit; one whose holder was killed never comes back."""
        return self._semaphore.acquire(timeout=timeout)

    def release(self) -> None:
        """Give the permit back."""
        self._semaphore.release()
