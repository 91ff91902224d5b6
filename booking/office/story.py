"""The lines on the office's screen: who came, what it did, how it ended. Pure."""

from booking.history.history import CHANGED, Value
from booking.office.protocol import Told
from booking.purchase import Outcome
from booking.steps import PAY, Step
from booking.text.words import count_of, printable


def who(number: int, name: str) -> str:
    """Return what the screen calls a client: its number, and its name once it gave one."""
    return f"client {number} ({printable(name)})" if name else f"client {number}"


def happened(told: Told) -> str | None:
    """Return one event in words, None for those that would only repeat another."""
    step, phase, value = told
    return {
        (Step.LOOK, "return"): f"looks and sees {_tickets(value)}",
        (Step.ACQUIRE, "call"): "waits for the lock",
        (Step.ACQUIRE, "return"): "has the lock",
        (Step.READ, "return"): f"reads the count: {value}",
        (PAY, "call"): "pays",
        (Step.TRUNCATE, "return"): "empties the file",
        (Step.WRITE, "return"): f"writes the count: {value}",
        (Step.SWAP, "return"): _swapped(value),
        (Step.RELEASE, "return"): "gives the lock back",
    }.get((step, phase))


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


def _swapped(value: Value) -> str:
    return "finds the count changed, and starts again" if value == CHANGED else f"swaps the count: {value}"


def _tickets(value: Value) -> str:
    return count_of(value, "ticket") if isinstance(value, int) else "half a file"
