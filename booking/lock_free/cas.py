"""No lock: compare and swap, in one step of the store, and in three steps, as it is often written."""

from booking.protection import Protection
from booking.purchase import Desk, Outcome
from booking.steps import PAY, Step


class CompareAndSwap(Protection):
    """Compare and swap: write only if the count has not changed since it was read.

    The store compares and writes in one step. No buyer waits, and none can block the others by dying; a buyer that
    loses a race starts again. Versions of the count stand beside the store until the parent merges them, so the sale
    has to be alone with its store.
    """

    alone = True

    @staticmethod
    def purchase(desk: Desk) -> Outcome:
        """Buy one ticket without waiting for another buyer; of those who race, one always wins.

        Compare and swap: Herlihy, "Wait-free synchronization", ACM Transactions on Programming Languages and
        Systems 13, 1991. Raise TornReadError for a half-written store.
        """
        desk.look()
        while (count := desk.read()) > 0:
            desk.pay()
            if desk.swap(count, count - 1):
                return Outcome.BOUGHT
        return Outcome.SOLD_OUT

    @property
    def steps(self) -> frozenset[str]:
        """Return the names of the steps of a purchase: it swaps and never writes."""
        return frozenset({Step.LOOK, Step.READ, PAY, Step.SWAP})

    def misfit(self) -> str | None:
        """Return why the store cannot be used, None if it can."""
        if self.store_kind.can_swap:
            return None
        return f"--lock cas swaps the count in one step, which the store {self.scenario.store} cannot; use --store json"


class NaiveCompareAndSwap(Protection):
    """Read once more before the write, and write if the count is still the same.

    Between the comparison and the write another buyer may write, so it is as racy as no lock at all; the window is
    only smaller.
    """

    @staticmethod
    def purchase(desk: Desk) -> Outcome:
        """Buy one ticket; raise TornReadError for a half-written store."""
        desk.look()
        while (count := desk.read()) > 0:
            desk.pay()
            if desk.read() == count:
                desk.write(count - 1)
                return Outcome.BOUGHT
        return Outcome.SOLD_OUT
