"""Locks of another package that fail: spawned buyers import them from here."""

import os
from typing import Any, ClassVar

from booking.locks import Lock, LockFacts, Reach


class BrokenInChild(Lock):
    """Fail in the buyer's process."""

    facts = LockFacts(permits=1, freed_when_holder_dies=True, reach=Reach.MACHINE)

    def acquire(self, timeout: float | None = None) -> bool:
        """Raise an error that is none of ours."""
        return bool((timeout or 1) / 0)

    def release(self) -> None:
        """Nothing is held."""


class BrokenInParent(BrokenInChild):
    """Fail where the lock is made."""

    def __init__(self, *arguments: object) -> None:
        del arguments
        1 / 0  # noqa: B018 - it raises


class BrokenInTree(BrokenInChild):
    """Fail where it is made a second time, in a process that was forked from the first one's."""

    makers: ClassVar[set[int]] = set()

    def __init__(self, *arguments: object) -> None:
        del arguments
        self.makers.add(os.getpid())
        if len(self.makers) > 1:
            raise PermissionError(1, "no second lock")


class BrokenOnArrival(BrokenInChild):
    """Fail where a spawned buyer unpacks it."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Pack a call that fails."""
        return BrokenInParent, ()
