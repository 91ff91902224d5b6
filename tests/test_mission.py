"""The mission's properties: without a lock a ticket is sold twice, and under a lock never, whatever the order.

A free race would make a flaky property. So the orders are drawn or listed, and real processes are driven through
them step by step; beside that, sales that run freely are counted.
"""

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

import pytest
from apart import apart
from hypothesis import find, given, settings
from hypothesis import strategies as st
from interleavings import complete_schedules
from trials.free_sales import free_sales

from booking.history.schedule import Schedule
from booking.history.verdict import judge
from booking.registry import LOCKS
from booking.replayer.stage import Stage
from booking.scenario import Scenario
from booking.simulation.sale import simulate
from booking.strategies import schedules

METHODS = ("fork", "spawn")
LOCKED = ("mp", "file")
DETERMINISTIC = settings(derandomize=True, deadline=None, database=None, max_examples=60)

StageOf: TypeAlias = Callable[..., Stage]


@pytest.fixture(scope="module")
def stage_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StageOf]:
    """Yield a function that returns a stage of a scenario, whose processes are kept alive for all tests here."""
    stages: dict[tuple[Scenario, str], Stage] = {}
    with ExitStack() as stack:

        def opened(method: str, scenario: Scenario) -> Stage:
            if (scenario, method) not in stages:
                db = tmp_path_factory.mktemp("sale") / "db.json"
                stages[scenario, method] = stack.enter_context(Stage(scenario, db=db, start_method=method))
            return stages[scenario, method]

        yield opened


@pytest.mark.parametrize("method", METHODS)
def test_without_a_lock_the_shortest_overselling_schedule_is_found(stage_of: StageOf, method: str) -> None:
    """Without a lock some order of the steps sells one ticket twice; the simplest has 6 steps and 2 switches.

    Both buyers look, read and write: 6 steps. The second has to read before the first writes, and to do that it has
    to begin in the middle of the first one's purchase: 2 switches at least. The first buyer gets as far as it can.
    """
    race = Scenario(buyers=2)
    stage = stage_of(method, race)
    found = find(schedules(race), lambda schedule: stage.play(schedule).verdict.oversold > 0, settings=DETERMINISTIC)
    assert found == (1, 1, 2, 2, 2, 1)


@pytest.mark.parametrize("lock", LOCKED)
@pytest.mark.parametrize("method", METHODS)
def test_under_a_lock_no_schedule_oversells(stage_of: StageOf, method: str, lock: str) -> None:
    """No order of the steps sells more tickets than there are, not even one in which buyers push for the lock."""
    locked = Scenario(buyers=3, lock=lock)
    stage = stage_of(method, locked)

    @DETERMINISTIC
    @given(schedules(locked, blocked=3))
    def never(schedule: Schedule) -> None:
        verdict = stage.play(schedule).verdict
        assert (verdict.name, verdict.sold) == ("sound", 1)

    never()


@pytest.mark.parametrize("lock", LOCKED)
def test_under_a_lock_no_death_oversells(stage_of: StageOf, lock: str) -> None:
    """Even where a buyer is killed at the worst moment, and may take the lock with it, no ticket is sold twice."""
    locked = Scenario(buyers=3, lock=lock)
    stage = stage_of("fork", locked)

    @settings(DETERMINISTIC, max_examples=25)  # the dead are replaced after each
    @given(schedules(locked, crashes=1, blocked=1))
    def never(schedule: Schedule) -> None:
        verdict = stage.play(schedule).verdict
        assert verdict.oversold == 0
        assert verdict.name in {"sound", "unknown", "deadlock"}

    never()


# How many complete schedules there are. Two buyers of 3 steps: 6!/(3!3!) = 20; in place some of their 4 steps meet
# half a file and end early. Under a lock the winner's five steps (look, acquire, read, write, release) come in a row
# and the loser's purchase behind them; only the loser's look may come at any of the 6 places before its purchase, and
# either buyer may be the winner: 2 x 6 = 12.
ORDERS_UNDER_A_LOCK = {("json", 2): 12, ("inplace", 2): 14, ("json", 3): 360, ("inplace", 3): 402}
EXCLUSIVE = [name for name, lock in LOCKS.items() if lock.facts.permits == 1]


def listed() -> Iterator[object]:
    """Yield each scenario with its number of schedules, and each which of them is played here.

    The benchmark `benchmarks/replay.py --all` plays every one.
    """
    for lock in EXCLUSIVE:
        for (store, buyers), orders in ORDERS_UNDER_A_LOCK.items():
            stride = 1 if buyers == 2 else 7 if lock in LOCKED else 40
            yield pytest.param(Scenario(buyers, 1, lock, store), orders, stride, id=f"{lock}-{store}-{buyers}")
    for store, buyers, orders, stride in [
        ("json", 2, 20, 1),
        ("inplace", 2, 52, 1),
        ("json", 3, 1152, 11),
        ("inplace", 3, 11208, 107),
    ]:
        yield pytest.param(Scenario(buyers, 1, "none", store), orders, stride, id=f"none-{store}-{buyers}")
    for store, buyers, orders, stride in [("json", 2, 222, 2), ("inplace", 2, 612, 5), ("json", 3, 38610, 53)]:
        several, marks = Scenario(buyers, 1, "semaphore", store, permits=2), [pytest.mark.slow] * (orders > 20_000)
        yield pytest.param(several, orders, stride, id=f"two-permits-{store}-{buyers}", marks=marks)


@pytest.mark.parametrize(("scenario", "orders", "stride"), list(listed()))
def test_model_and_reality_agree(stage_of: StageOf, scenario: Scenario, orders: int, stride: int) -> None:
    """In every order of the steps real processes do what the model says: each value, each block, each ending."""
    schedules_of = list(complete_schedules(scenario))
    assert len(schedules_of) == orders
    stage = stage_of("fork", scenario)
    for schedule in schedules_of[::stride]:
        stage.play(schedule)  # raises ReplayDiffersError at the first step, value or verdict that differs


LARGER = [
    Scenario(buyers, tickets, lock, store)
    for (buyers, tickets), (lock, store) in itertools.product(
        [(4, 1), (5, 2)], [("none", "json"), ("none", "inplace"), ("mp", "inplace"), ("file", "json")]
    )
]


@pytest.mark.parametrize("scenario", LARGER, ids=lambda s: f"{s.lock}-{s.store}-{s.buyers}-{s.tickets}")
def test_model_and_reality_agree_on_larger_sales(stage_of: StageOf, scenario: Scenario) -> None:
    """The same for a sample of the orders of four and five buyers, with attempts at a lock that is held."""
    stage = stage_of("fork", scenario)

    @settings(DETERMINISTIC, max_examples=15)
    @given(st.data())
    def agree(data: st.DataObject) -> None:
        schedule = data.draw(schedules(scenario, blocked=3))
        stage.play(schedule)  # raises ReplayDiffersError

    agree()


@pytest.mark.often(times=10)
def test_without_a_lock_free_sales_oversell(tmp_path: Path, times: int) -> None:
    """Ten buyers, one ticket and no lock: nobody tears a read, and real sales sell too many.

    A sale is sound only if the system holds nine processes back for the 50 ms that the first one pays. That may
    happen to some sale on an overloaded machine, but not to all of ten.
    """
    sales = apart(free_sales, "none", tmp_path / "db.json", times)
    assert {name for name, _, _ in sales} <= {"oversold", "sound"}
    assert max(number for _, number, _ in sales) > 1


@pytest.mark.often(times=10)
@pytest.mark.parametrize("lock", LOCKED)
def test_under_a_lock_no_free_sale_oversells(tmp_path: Path, lock: str, times: int) -> None:
    """Ten buyers and one ticket: it is sold once, in every sale."""
    assert apart(free_sales, lock, tmp_path / "db.json", times) == [("sound", 1, 0)] * times


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_the_start_method_makes_no_difference(tmp_path: Path, method: str) -> None:
    """Buyers that inherit nothing are kept apart all the same."""
    for lock in LOCKED:
        history = simulate(Scenario(3, lock=lock, pay=(0.01, 0.01)), db=tmp_path / "db.json", start_method=method)
        assert (judge(history).name, judge(history).sold) == ("sound", 1)
