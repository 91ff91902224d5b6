"""The order of a real sale's events: the one pipe never contradicts the clock, the lock or the count."""

from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import pytest

from booking.history import Event, History
from booking.purchase import purchase
from booking.registries import lock_named
from booking.scenario import Scenario
from booking.simulation import guard
from booking.simulation.buyer import Invitation
from booking.simulation.company import Company
from booking.simulation.desk import RealDesk
from booking.simulation.journal import Journal, receive
from booking.simulation.recorder import Recorder
from booking.steps import Step
from booking.stores.json import JsonStore

BUYERS = 4
PURCHASES = 500


class Taken(NamedTuple):
    """One step from its call to its return, in the numbers of the pipe and in nanoseconds."""

    buyer: int
    step: str
    call: Event
    end: Event


def taken(history: History) -> Iterator[Taken]:
    """Yield every step of the sale; each buyer's calls and returns alternate."""
    for buyer in range(1, history.scenario.buyers + 1):
        events = history.of(buyer)
        for call, end in zip(events[::2], events[1::2], strict=True):
            assert (call.phase, end.phase, call.step) == ("call", "return", end.step)
            yield Taken(buyer, call.step, call, end)


def contradictions(steps: list[Taken]) -> list[tuple[Taken, Taken]]:
    """Return the pairs that the pipe orders one way and the clock the other.

    The pipe says that a step came before another when its return has the smaller number than the other's call;
    the clock contradicts it when the other returned before the first was called.
    """
    found = []
    latest: Taken | None = None
    ended = iter(sorted(steps, key=lambda step: step.end.seq))
    before = next(ended)
    for step in sorted(steps, key=lambda step: step.call.seq):
        while before.end.seq < step.call.seq:  # of all steps that are over by now, the one that was called last
            latest = before if latest is None or before.call.t_ns > latest.call.t_ns else latest
            before = next(ended)
        if latest is not None and step.end.t_ns < latest.call.t_ns:
            found.append((latest, step))
    return found


def test_the_checker_finds_a_contradiction() -> None:
    """Two events exchanged between two steps that do not overlap are found."""
    calls = [Event(1, 10, 1, 1, Step.READ, "call"), Event(3, 5, 2, 2, Step.READ, "call")]
    ends = [Event(2, 20, 1, 1, Step.READ, "return", 1), Event(4, 8, 2, 2, Step.READ, "return", 1)]
    steps = [Taken(buyer, Step.READ, call, end) for buyer, call, end in zip([1, 2], calls, ends, strict=True)]
    assert contradictions(steps) == [(steps[0], steps[1])]
    late = steps[1]._replace(call=calls[1]._replace(t_ns=25), end=ends[1]._replace(t_ns=30))
    assert contradictions([steps[0], late]) == []


def attend_often(invitation: Invitation) -> None:
    """Be one buyer that purchases again and again: many steps for one start of a process."""
    guard.enter(invitation.ends, invitation.store.path)
    journal = Journal(invitation.buyer, invitation.ends.journal)
    desk = RealDesk(invitation.store, invitation.lock, journal.record, invitation.pay_s)
    guard.wait_at(invitation.ends.gate, invitation.ends.lifeline)
    for _ in range(PURCHASES):
        purchase(desk)


def long_history(db: Path, lock_name: str) -> History:
    """Return the history of BUYERS processes that purchase PURCHASES times each, as quickly as they can."""
    scenario = Scenario(BUYERS, BUYERS * PURCHASES, lock_name)
    store, context, recorder = JsonStore(db), get_context("fork"), Recorder()
    store.put(scenario.tickets)
    lock = lock_named(lock_name)(db, context, scenario)
    with Company(context) as company:
        for buyer in range(1, BUYERS + 1):
            company.start(attend_often, Invitation(buyer, store, lock, 0, company.ends), f"buyer-{buyer}")
        company.complete()
        company.open_gate()
        with suppress(EOFError):
            while True:
                recorder.take(receive(company.inbox))
        assert company.all_end_within(10)
        assert [process.exitcode for process in company.processes] == [0] * BUYERS
    return History(scenario, tuple(recorder.events), (), store.read())


@pytest.mark.parametrize("lock", ["none", "file", "mp"])
def test_the_order_of_a_history_cannot_lie(lock: str, db: Path) -> None:
    """What the pipe orders, the clock never orders the other way, in 20,000 events of free-running buyers.

    Under a lock the order is also that of the critical sections: each holder takes all its steps before the
    next one moves, and reads what the one before it wrote.
    """
    history = long_history(db, lock)
    # 4 * 500 purchases of 4 steps (look, read, pay, write) without a lock, and 6 with one, 2 events each.
    assert len(history.events) == BUYERS * PURCHASES * 2 * (4 if lock == "none" else 6)
    assert [event.seq for event in history.events] == list(range(1, len(history.events) + 1))
    for buyer in range(1, BUYERS + 1):
        assert all(a.t_ns <= b.t_ns for a, b in pairwise(history.of(buyer)))
    assert contradictions(list(taken(history))) == []
    if lock != "none":
        assert_sections_follow_one_another(history)


def assert_sections_follow_one_another(history: History) -> None:
    """Check the steps between the return of an acquire and the call of its release."""
    inside = [event for event in history.events if (event.step, event.phase) in _INSIDE]
    sections = [inside[place : place + len(_INSIDE)] for place in range(0, len(inside), len(_INSIDE))]
    assert {tuple((event.step, event.phase) for event in section) for section in sections} == {_INSIDE}
    assert all(len({event.buyer for event in section}) == 1 for section in sections)
    assert [section[2].value for section in sections] == list(range(BUYERS * PURCHASES, 0, -1))


_INSIDE = (
    ("acquire", "return"),
    ("read", "call"),
    ("read", "return"),
    ("pay", "call"),
    ("pay", "return"),
    ("write", "call"),
    ("write", "return"),
    ("release", "call"),
)
