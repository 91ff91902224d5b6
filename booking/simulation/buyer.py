"""What runs in a buyer's process: wait at the gate, purchase, say how it ended.

A spawned process imports this module and what it names, so nothing here may import the command line.
"""

from dataclasses import dataclass

from booking.errors import BookingError, TornReadError
from booking.locks import Lock
from booking.purchase import Desk, Outcome, purchase
from booking.simulation import guard
from booking.simulation.desk import RealDesk
from booking.simulation.ends import Ends
from booking.simulation.journal import END, READY, Journal
from booking.stores import Store


@dataclass(frozen=True)
class Invitation:
    """All that a buyer's process is told: who it is, what it buys from, and how long its payment takes."""

    buyer: int
    store: Store
    lock: Lock
    pay_s: float
    ends: Ends


def attend(invitation: Invitation) -> None:
    """Be one buyer, from the gate to the end."""
    guard.enter(invitation.ends, invitation.store.path)
    journal = Journal(invitation.buyer, invitation.ends.journal)
    desk = RealDesk(invitation.store, invitation.lock, journal.record, invitation.pay_s)
    journal.record(READY, "call")
    invitation.ends.gate.poll(None)
    outcome, error = answer(desk)
    journal.record(END, "return", outcome, error)


def answer(desk: Desk) -> tuple[Outcome, str | None]:
    """Run the purchase and return its outcome, with what went wrong where the disk refused."""
    try:
        return purchase(desk), None
    except TornReadError:
        return Outcome.TORN_READ, None
    except BookingError as error:
        return Outcome.UNFINISHED, str(error)
