"""The order of a real sale's events, and what could contradict it: the clock, the lock, the count."""

from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from booking.history.history import Event, History
from booking.processes import lifeline
from booking.processes.group import ProcessGroup
from booking.processes.journal import Journal, receive
from booking.scenario import Scenario
from booking.simulation.buyer import BuyerTask
from booking.simulation.desk import RealDesk
from booking.simulation.recorder import Recorder
from booking.simulation.sale import Sale

BUYERS = 4
EVENTS_EACH = {"none": 8, "file": 12, "mp": 12}
"""Events of one purchase: 4 steps (look, read, pay, write) without a lock and 6 with one, 2 events each."""
END_WITHIN = 60.0
"""Seconds that the buyers have to end after their last message: far more than any loaded machine needs."""


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


def long_history(lock_name: str, db: Path, purchases: int) -> History:
    """Return the history of BUYERS processes that purchase so often each, as quickly as they can."""

    def attend_often(task: BuyerTask) -> None:
        """Be one buyer that purchases again and again: many steps for one start of a process."""
        lifeline.become_child(task.ends, task.sweep)
        journal, (train,) = Journal(task.buyer, task.ends.journal), task.trains
        desk = RealDesk(train.store, train.lock, journal.record, task.pay_s)
        lifeline.wait_for_gate(task.ends.gate, task.ends.lifeline)
        for _ in range(purchases):
            task.program(desk)

    scenario = Scenario(BUYERS, BUYERS * purchases, lock_name)
    sale, recorder = Sale.of(scenario, db=db, start_method="fork"), Recorder()
    with sale.opened() as (_, trains), ProcessGroup(sale.context) as group:
        for buyer in range(1, BUYERS + 1):
            task = BuyerTask(buyer=buyer, program=sale.protection.program, trains=trains, ends=group.ends, pay_s=0)
            group.start(attend_often, task, f"buyer-{buyer}")
        group.seal()
        group.open_gate()
        with suppress(EOFError):
            while True:
                recorder.take(receive(group.inbox))
        assert group.all_end_within(END_WITHIN)
        assert [process.exitcode for process in group.processes] == [0] * BUYERS
    return History(scenario, tuple(recorder.events), (), (trains[0].store.read(),))


def what_is_wrong(history: History) -> list[str]:
    """Return what the order of these events contradicts: the numbers, a buyer's own clock, the clock, the lock."""
    lock, purchases = history.scenario.lock, history.scenario.tickets
    buyers = range(1, history.scenario.buyers + 1)
    found = {
        f"{len(history.events)} events": len(history.events) != purchases * EVENTS_EACH[lock],
        "a number is missing": any(event.seq != number for number, event in enumerate(history.events, 1)),
        "a buyer's own time went back": any(
            a.t_ns > b.t_ns for buyer in buyers for a, b in pairwise(history.of(buyer))
        ),
        **dict.fromkeys(map(str, contradictions(list(taken(history)))), True),
        "the critical sections do not follow one another": lock != "none" and not _sections_follow(history),
    }
    return [f"{lock}: {what}" for what, is_so in found.items() if is_so]


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


def _sections_follow(history: History) -> bool:
    """Tell whether each holder takes all its steps before the next one moves, and reads what that one wrote.

    Looked at are the steps between the return of an acquire and the call of its release.
    """
    inside = [event for event in history.events if (event.step, event.phase) in _INSIDE]
    sections = [inside[place : place + len(_INSIDE)] for place in range(0, len(inside), len(_INSIDE))]
    return (
        {tuple((event.step, event.phase) for event in section) for section in sections} == {_INSIDE}
        and all(len({event.buyer for event in section}) == 1 for section in sections)
        and [section[2].value for section in sections] == list(range(history.scenario.tickets, 0, -1))
    )
