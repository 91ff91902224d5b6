"""No lock: compare and swap, which writes only if nobody else has written since."""

from booking.locks import Lock, LockFacts, Reach
from booking.purchase import Desk, Outcome, purchase_by_swap


class CompareAndSwap(Lock):
    """Stop nobody, and write only if the count is still the one that was read.

    It is no lock but another way to buy: the count is compared and written in one step. It needs a store that can
    swap. Nobody waits and nobody can block the others by dying; whoever loses a race starts again.
    """

    facts = LockFacts(permits=None, freed_when_holder_dies=True, reach=Reach.NOWHERE)
    swaps = True

    @staticmethod
    def purchase(desk: Desk) -> Outcome:
        """Be one buyer that compares and swaps."""
        return purchase_by_swap(desk)

    def acquire(self, timeout: float | None = None) -> bool:
        """Return at once."""
        del timeout
        return True

    def release(self) -> None:
        """Do nothing: nothing was taken."""
