"""Locks of another package that fail: spawned buyers import them from here."""

from typing import Any

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


class BrokenOnArrival(BrokenInChild):
    """Fail where a spawned buyer unpacks it."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Pack a call that fails."""
        return BrokenInParent, ()
