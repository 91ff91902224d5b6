"""Histories written by hand: `1.read` is the call of a step by buyer 1, and `1.read=1` its return with a value."""

from collections.abc import Sequence

from booking.history.history import Ending, Event, History
from booking.purchase import Outcome
from booking.scenario import Scenario
from booking.steps import BLOCKED, TORN, Value

WORDS = {"": None, TORN: TORN, BLOCKED: BLOCKED}


def value_of(text: str) -> Value:
    """Return the value that stands after the equals sign."""
    return WORDS[text] if text in WORDS else int(text)


def events(text: str) -> tuple[Event, ...]:
    """Return the events that `text` tells, one word each; buyer 1 has process number 101."""
    found = []
    for seq, word in enumerate(text.split(), 1):
        buyer, _, step = word.partition(".")
        name, returned, value = step.partition("=")
        number = int(buyer)
        found.append(
            Event(seq, seq * 1000, number, 100 + number, name, "return" if returned else "call", value_of(value))
        )
    return tuple(found)


def steps(text: str) -> str:
    """Return `text` with every returned step called right before: `1.read=1` becomes `1.read 1.read=1`."""
    return " ".join(f"{word.partition('=')[0]} {word}" for word in text.split())


def sale(  # noqa: PLR0913 - each is one thing that a history tells
    told: str,
    outcomes: Sequence[Outcome],
    *,
    tickets: int = 1,
    left: int | None = 0,
    lock: str = "none",
    store: str = "json",
    dead: Sequence[int] = (),
    alive: Sequence[int] = (),
) -> History:
    """Return the history of a sale in which these things happened and each buyer ended so.

    `dead` are the buyers that signal 9 ended, and `alive` those that the sale itself had to end.
    """
    endings = [
        Ending(buyer, 100 + buyer, outcome, -9 if buyer in dead else None if buyer in alive else 0, buyer in alive)
        for buyer, outcome in enumerate(outcomes, 1)
    ]
    return History(
        Scenario(len(outcomes), tickets, lock, store), events(told), tuple(endings), (left,), timed_out=bool(alive)
    )
