"""The standard library's semaphore: up to `permits` buyers inside, which excludes nobody from a race."""

from pathlib import Path
from typing import TYPE_CHECKING

from booking.locks import Lock, LockFacts, Reach
from booking.scenario import Scenario

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext


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
