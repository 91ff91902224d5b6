"""The standard library's lock between a parent and its children."""

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
