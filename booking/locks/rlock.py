"""The standard library's lock that its holder may take again."""

from pathlib import Path
from typing import TYPE_CHECKING

from booking.locks import Lock, LockFacts, Reach
from booking.scenario import Scenario

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext


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
