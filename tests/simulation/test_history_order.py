"""The order of a real sale's events: the one pipe never contradicts the clock, the lock or the count."""

from pathlib import Path

import pytest
from trials.order import BUYERS, EVENTS_EACH, Taken, contradictions, long_history, what_is_wrong

from booking.history.history import Event
from booking.steps import Step


def test_the_checker_finds_a_contradiction() -> None:
    """Two events exchanged between two steps that do not overlap are found."""
    calls = [Event(1, 10, 1, 1, Step.READ, "call"), Event(3, 5, 2, 2, Step.READ, "call")]
    ends = [Event(2, 20, 1, 1, Step.READ, "return", 1), Event(4, 8, 2, 2, Step.READ, "return", 1)]
    steps = [Taken(buyer, Step.READ, call, end) for buyer, call, end in zip([1, 2], calls, ends, strict=True)]
    assert contradictions(steps) == [(steps[0], steps[1])]
    late = steps[1]._replace(call=calls[1]._replace(t_ns=25), end=ends[1]._replace(t_ns=30))
    assert contradictions([steps[0], late]) == []


@pytest.mark.often(times=100)
@pytest.mark.parametrize("lock", EVENTS_EACH)
def test_the_order_of_a_history_cannot_lie(lock: str, times: int, db: Path) -> None:
    """What the pipe orders, the clock never orders the other way, in thousands of events of free-running buyers.

    4 buyers x 100 purchases x 8 events make 3,200, and 12 events each under a lock 4,800. There the order is also
    that of the critical sections: each holder takes all its steps before the next one moves, and reads what the one
    before it wrote.
    """
    history = long_history(lock, db, times)
    assert len(history.events) == BUYERS * times * EVENTS_EACH[lock]
    assert what_is_wrong(history) == []
