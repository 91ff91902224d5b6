"""An order of the steps that explains the sale: found wherever there is one, and nowhere else."""

from dataclasses import dataclass

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from written import events, sale, steps

from booking.history.history import Event, History
from booking.history.linearization import Interval, intervals, linearize
from booking.purchase import Outcome
from booking.scenario import Scenario
from booking.steps import Step, Value

MOST_STEPS = 64
PROPERTY = settings(max_examples=200, deadline=None, database=None, derandomize=True)


@dataclass
class Buyer:
    """One buyer's next step in a sequential world: look, read, truncate, write."""

    number: int
    place: int = 0
    count: int = 0


def sequential(turns: list[int], tickets: int, *, in_place: bool) -> list[tuple[int, str, Value]]:
    """Return the steps, with their values, that buyers take one after the other in this order of turns."""
    buyers = {number: Buyer(number) for number in turns}
    cell: Value = tickets
    taken = []
    plan = [Step.LOOK, Step.READ, *([Step.TRUNCATE] if in_place else []), Step.WRITE]
    for number in turns:
        buyer = buyers[number]
        if buyer.place == len(plan):
            continue
        step = plan[buyer.place]
        buyer.place += 1
        value: Value = None
        if step in {Step.LOOK, Step.READ}:
            value = cell
            if not isinstance(cell, int) or (step == Step.READ and cell < 1):
                buyer.place = len(plan)  # half a file, or sold out: it goes home
            elif step == Step.READ:
                buyer.count = cell
        elif step == Step.TRUNCATE:
            cell = "torn"
        else:
            value = cell = buyer.count - 1
        taken.append((number, str(step), value))
    return taken


def stretched(taken: list[tuple[int, str, Value]], slack: list[tuple[int, int]]) -> list[Event]:
    """Return the events of these steps, each step's call moved earlier and its return later by its slack.

    The moment of step n is 10 n; a call never comes before the return of the same buyer's step before it.
    """
    moments: list[tuple[float, int, str, str, Value]] = []
    last: dict[int, float] = {}
    for number, ((buyer, step, value), (before, after)) in enumerate(zip(taken, slack, strict=False)):
        at = 10.0 * number
        upcoming = next((10.0 * n for n, (b, *_) in enumerate(taken) if n > number and b == buyer), None)
        end = at + after if upcoming is None else min(at + after, (at + upcoming) / 2)
        call = max(at - before, last.get(buyer, -1e9) + 1e-6)
        last[buyer] = end
        moments += [(call, buyer, step, "call", None), (end + 1e-9, buyer, step, "return", value)]
    ordered = sorted(moments, key=lambda moment: moment[0])
    return [
        Event(seq, seq, buyer, buyer, step, phase, value)  # type: ignore[arg-type]
        for seq, (_, buyer, step, phase, value) in enumerate(ordered, 1)
    ]


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Draw a sale that some order explains: a sequential one, every step stretched over its neighbours."""
    buyers = draw(st.integers(1, 5))
    turns = draw(st.lists(st.integers(1, buyers), min_size=1, max_size=20))
    tickets = draw(st.integers(0, 3))
    in_place = draw(st.booleans())
    taken = sequential(turns, tickets, in_place=in_place)
    slack = draw(st.lists(st.tuples(st.integers(0, 45), st.integers(0, 45)), min_size=len(taken), max_size=len(taken)))
    scenario = Scenario(buyers, tickets, store="inplace" if in_place else "json")
    return History(scenario, tuple(stretched(taken, slack)), (), (None,))


def what_order_fails(history: History, order: list[int]) -> str | None:
    """Return why this order does not explain the sale, None where it does.

    It explains it when it names every step, keeps each inside its interval, and lets every read return what the
    write before it left.
    """
    waiting: dict[int, list[Interval]] = {}
    for interval in intervals(history):
        waiting.setdefault(interval.buyer, []).append(interval)
    cell: Value = history.scenario.tickets
    latest_call = 0
    for buyer in order:
        step = waiting[buyer].pop(0)
        if step.end < latest_call:
            return f"{step} had returned before a step was called that is placed before it"
        latest_call = max(latest_call, step.call)
        if step.step in {Step.LOOK, Step.READ} and step.value != cell:
            return f"{step} read something else than {cell}"
        if step.step in {Step.WRITE, Step.TRUNCATE}:
            cell = "torn" if step.step == Step.TRUNCATE else step.value
    return f"{waiting} are missing" if any(waiting.values()) else None


@PROPERTY
@given(histories())
def test_what_happened_in_some_order_is_explained(history: History) -> None:
    """For every sale that was sequential underneath, an order is found, and it explains every read."""
    order = linearize(history, most_steps=MOST_STEPS)
    assert order is not None
    assert what_order_fails(history, order) is None


@PROPERTY
@given(histories(), st.data())
def test_a_value_that_nobody_wrote_is_never_explained(history: History, data: st.DataObject) -> None:
    """One read changed to a count that was never in the file: there is no order."""
    reads = [event for event in history.events if event.phase == "return" and event.step in {Step.LOOK, Step.READ}]
    assume(reads)
    corrupted = data.draw(st.sampled_from(reads))._replace(value=99)
    changed = tuple(corrupted if event.seq == corrupted.seq else event for event in history.events)
    assert linearize(History(history.scenario, changed, (), (None,)), most_steps=MOST_STEPS) is None


@PROPERTY
@given(histories(), st.data())
def test_an_order_is_found_exactly_where_there_is_one(history: History, data: st.DataObject) -> None:
    """One read changed to any other value: what is found explains it, and trying all orders finds none besides."""
    reads = [event for event in history.events if event.phase == "return" and event.step in {Step.LOOK, Step.READ}]
    assume(reads)
    assume(len(history.events) <= 16)
    corrupted = data.draw(st.sampled_from(reads))
    other = corrupted._replace(value=data.draw(st.sampled_from([0, 1, 2, 3, "torn"])))
    changed = tuple(other if event.seq == other.seq else event for event in history.events)
    told = History(history.scenario, changed, (), (None,))
    order = linearize(told, most_steps=MOST_STEPS)
    assert (order is not None) == any_order(intervals(told), told.scenario.tickets)
    assert order is None or what_order_fails(told, order) is None


def any_order(left: list[Interval], cell: Value) -> bool:
    """Try every order, without any cleverness."""
    if not left:
        return True
    for step in left:
        if any(other.end < step.call for other in left):
            continue
        if step.step in {Step.LOOK, Step.READ} and step.value != cell:
            continue
        after = {Step.TRUNCATE: "torn", Step.WRITE: step.value}.get(Step(step.step), cell)
        if any_order([other for other in left if other is not step], after):
            return True
    return False


def test_overlapping_steps_are_put_in_the_order_that_explains_them() -> None:
    """Buyer 2's read returned the old count although the write had been called: it comes first."""
    told = sale("1.read 1.read=1 1.write 2.read 2.read=1 1.write=0", [Outcome.BOUGHT, Outcome.UNFINISHED])
    assert linearize(told, most_steps=MOST_STEPS) == [1, 2, 1]
    told = sale("1.read 1.read=1 1.write 2.read 2.read=0 1.write=0", [Outcome.BOUGHT, Outcome.SOLD_OUT])
    assert linearize(told, most_steps=MOST_STEPS) == [1, 1, 2]


def test_a_read_of_the_past_has_no_order() -> None:
    """The write had returned before the read was called, and the read returned the old count."""
    told = sale(steps("1.read=1 1.write=0 2.read=1"), [Outcome.BOUGHT, Outcome.UNFINISHED])
    assert linearize(told, most_steps=MOST_STEPS) is None


def test_a_lock_is_held_from_the_return_of_acquire_to_the_call_of_release() -> None:
    """Buyer 2 asked first and got the lock second: the order is that of the holds."""
    told = (
        "2.acquire 1.acquire 1.acquire= 1.read 1.read=1 1.write 1.write=0 1.release "
        "2.acquire= 1.release= 2.read 2.read=0 2.release 2.release="
    )
    history = sale(told, [Outcome.BOUGHT, Outcome.SOLD_OUT], lock="file")
    assert linearize(history, most_steps=MOST_STEPS) == [1, 1, 1, 1, 2, 2, 2]


@pytest.mark.parametrize(("most_steps", "expected"), [(4, [1, 2, 1, 2]), (3, None)])
def test_a_long_sale_is_left_alone(most_steps: int, expected: list[int] | None) -> None:
    """More steps than are asked for give no order; paying is no step."""
    told = steps("1.read=1 1.pay= 2.read=1 2.pay= 1.write=0 2.write=0")
    history = sale(told, [Outcome.BOUGHT, Outcome.BOUGHT])
    assert len(events(told)) == 12
    assert linearize(history, most_steps=most_steps) == expected


@pytest.mark.parametrize(("left", "order"), [(0, [1, 2, 2, 1]), (1, [1, 2, 1, 2])])
def test_the_order_ends_with_what_the_store_holds(left: int, order: list[int]) -> None:
    """Of two writes at the same time the last is the one that is still there.

    Both read 2, and their writes of 0 and 1 overlap: whichever stands in the store came last.
    """
    told = "1.read 1.read=2 2.read 2.read=2 1.write 2.write 1.write=0 2.write=1"
    history = sale(told, [Outcome.BOUGHT, Outcome.BOUGHT], tickets=2, left=left)
    assert linearize(history, most_steps=MOST_STEPS) == order
