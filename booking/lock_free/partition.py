"""No lock: the tickets are split among the buyers beforehand, so that nobody shares a count with anybody."""

from booking.locks import Lock, LockFacts, Reach


class PartitionedTickets(Lock):
    """Stop nobody, and give every buyer a share of the tickets of its own before the sale.

    It is no lock but the absence of anything to lock: each buyer reads and writes the count of its own share, so no
    ticket is sold twice. The price is that a share can be left unsold while other buyers find theirs empty.
    """

    facts = LockFacts(permits=None, freed_when_holder_dies=True, reach=Reach.NOWHERE)

    def acquire(self, timeout: float | None = None) -> bool:
        """Return at once."""
        del timeout
        return True

    def release(self) -> None:
        """Do nothing: nothing was taken."""
