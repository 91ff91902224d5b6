"""No lock: all buyers may be inside at once, which is what the race needs."""

from booking.locks import Lock, LockFacts, Reach


class NoLock(Lock):
    """No lock: nobody waits."""

    facts = LockFacts(permits=None, freed_when_holder_dies=True, reach=Reach.NOWHERE)

    def acquire(self, timeout: float | None = None) -> bool:
        """Return at once."""
        del timeout
        return True

    def release(self) -> None:
        """Do nothing: nothing was taken."""
