"""The lines on the office's screen: who came, what it did, how it ended. Pure."""

from booking.office.protocol import Told
from booking.purchase import Outcome
from booking.text.verbs import narrated
from booking.text.words import count_of, printable


def who(number: int, name: str) -> str:
    """Return what the screen calls a client: its number, and its name once it gave one."""
    return f"client {number} ({printable(name)})" if name else f"client {number}"


def happened(told: Told) -> str | None:
    """Return one event in words, None for those that would only repeat another."""
    step, phase, value = told
    return narrated(step, phase, value)


def ended(outcome: Outcome, *, present: bool) -> str:
    """Return how a purchase ended; `present` tells whether the client is still there to hear it."""
    words = {
        Outcome.BOUGHT: "has a ticket",
        Outcome.SOLD_OUT: "finds it sold out",
        Outcome.TORN_READ: "read half a file and has no ticket",
    }[outcome]
    return words if present else f"{words}, but left before it heard so"


def oversold(bought: int, tickets: int) -> str:
    """Return the line for the moment in which one ticket too many was sold."""
    holders = "client holds" if bought == 1 else "clients hold"
    return f"OVERSOLD: {bought:,} {holders} a ticket; the office opened with {count_of(tickets, 'ticket')}."
