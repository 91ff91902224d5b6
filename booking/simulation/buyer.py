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
    guard.wait_at(invitation.ends.gate, invitation.ends.lifeline)
    outcome, error = answer(desk)
    journal.record(END, "return", outcome, error)


def answer(desk: Desk) -> tuple[Outcome, str | None]:
    """Run the purchase and return its outcome, with what went wrong where it could not go on."""
    try:
        return purchase(desk), None
    except TornReadError:
        return Outcome.TORN_READ, None
    except BookingError as error:
        return Outcome.UNFINISHED, str(error)
    except Exception as error:  # noqa: BLE001 - the lock or the store of another package may raise anything
        return Outcome.UNFINISHED, f"{type(error).__name__}: {error}"
