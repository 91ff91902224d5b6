"""The order of a real sale's events: the one pipe never contradicts the clock, the lock or the count."""

from pathlib import Path

import pytest
from trials.order import EVENTS_EACH, Taken, contradictions, long_history, what_is_wrong

from booking.history.history import Event
from booking.steps import Step

PURCHASES = 625


def test_the_checker_finds_a_contradiction() -> None:
    """Two events exchanged between two steps that do not overlap are found."""
    calls = [Event(1, 10, 1, 1, Step.READ, "call"), Event(3, 5, 2, 2, Step.READ, "call")]
    ends = [Event(2, 20, 1, 1, Step.READ, "return", 1), Event(4, 8, 2, 2, Step.READ, "return", 1)]
    steps = [Taken(buyer, Step.READ, call, end) for buyer, call, end in zip([1, 2], calls, ends, strict=True)]
    assert contradictions(steps) == [(steps[0], steps[1])]
    late = steps[1]._replace(call=calls[1]._replace(t_ns=25), end=ends[1]._replace(t_ns=30))
    assert contradictions([steps[0], late]) == []


@pytest.mark.parametrize("lock", EVENTS_EACH)
def test_the_order_of_a_history_cannot_lie(lock: str, db: Path) -> None:
    """What the pipe orders, the clock never orders the other way, in 20,000 events of free-running buyers.

    4 buyers x 625 purchases x 8 events make 20,000, and 12 events each under a lock 30,000. There the order is also
    that of the critical sections: each holder takes all its steps before the next one moves, and reads what the one
    before it wrote.
    """
    history = long_history(lock, db, PURCHASES)
    assert len(history.events) >= 20_000
    assert what_is_wrong(history) == []
