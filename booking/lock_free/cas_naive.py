"""No lock: a compare and swap of three steps, as it is often written, and as it does not work."""

from booking.locks import Lock, LockFacts, Reach
from booking.purchase import Desk, Outcome, purchase_by_naive_swap


class NaiveCompareAndSwap(Lock):
    """Stop nobody, read once more, and write if the count is still the same.

    Between the comparison and the write another buyer may write, so it is as racy as no lock at all; the window is
    only smaller.
    """

    facts = LockFacts(permits=None, freed_when_holder_dies=True, reach=Reach.NOWHERE)

    @staticmethod
    def purchase(desk: Desk) -> Outcome:
        """Be one buyer that compares, then writes."""
        return purchase_by_naive_swap(desk)

    def acquire(self, timeout: float | None = None) -> bool:
        """Return at once."""
        del timeout
        return True

    def release(self) -> None:
        """Do nothing: nothing was taken."""
