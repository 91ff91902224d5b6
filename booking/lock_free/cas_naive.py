"""No lock: a compare and swap of three steps, as it is often written, and as it does not work."""

from booking.protection import Protection
from booking.purchase import Desk, Outcome


class NaiveCompareAndSwap(Protection):
    """Read once more before the write, and write if the count is still the same.

    Between the comparison and the write another buyer may write, so it is as racy as no lock at all; the window is
    only smaller.
    """

    @staticmethod
    def purchase(desk: Desk) -> Outcome:
        """Buy one ticket; raises TornReadError for a half-written store."""
        desk.look()
        while (count := desk.read()) > 0:
            desk.pay()
            if desk.read() == count:
                desk.write(count - 1)
                return Outcome.BOUGHT
        return Outcome.SOLD_OUT
