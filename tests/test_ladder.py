"""The rungs of the ladder on real processes: memory, shared memory, and every lock and every way without a lock."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

import pytest
from interleavings import complete_schedules
from start_methods import METHODS

from booking.errors import BadInputError
from booking.history.history import History
from booking.history.linearization import linearize
from booking.history.verdict import judge
from booking.registry import LOCKS, STORES, go_together, protection_of
from booking.replayer.stage import Stage
from booking.scenario import Scenario
from booking.setup import Fault, FaultKind, Setup
from booking.simulation.sale import simulate
from booking.simulation.single_buyer import buy_alone
from booking.steps import CHANGED, Step

QUICK = (0.002, 0.002)
Report: TypeAlias = Callable[[str, object], None]


@pytest.mark.parametrize("method", METHODS)
def test_memory_of_ones_own_sells_to_everybody(tmp_path: Path, method: str) -> None:
    """All buyers decrement copies: all buy, the parent still has its ticket, and the verdict says why."""
    buyers = 4
    history = simulate(Scenario(buyers, store="memory", pay=QUICK), db=tmp_path / "db.json", start_method=method)
    verdict = judge(history)
    assert (verdict.name, verdict.sold, verdict.oversold) == ("oversold", buyers, buyers - 1)
    assert verdict.stock_left == 1
    assert verdict.findings[0].text == (
        "Each buyer changed a copy of its own, which nobody else sees, and the count that was for sale is still 1."
    )
    assert len(verdict.findings[0].events) == buyers
    assert list(tmp_path.iterdir()) == []


def test_memory_of_ones_own_loses_a_single_sale(tmp_path: Path) -> None:
    """With one buyer nothing is oversold, but the parent never hears of the sale."""
    verdict = judge(simulate(Scenario(1, store="memory"), db=tmp_path / "db.json"))
    assert (verdict.name, verdict.sold, verdict.stock_left) == ("lost update", 1, 1)
    assert verdict.findings[0].text.startswith("The buyer changed a copy of its own")


def test_no_lock_helps_memory_of_ones_own(tmp_path: Path) -> None:
    """A lock lets one in after the other, and each still sells its own copy."""
    verdict = judge(simulate(Scenario(5, lock="mp", store="memory", pay=(0, 0)), db=tmp_path / "db.json"))
    assert (verdict.sold, verdict.stock_left) == (5, 1)


@pytest.mark.parametrize("method", METHODS)
def test_shared_memory_under_a_lock_is_sound(tmp_path: Path, method: str) -> None:
    """Under a lock it is sound; that it can oversell without one is proved below."""
    scenario = Scenario(4, lock="mp", store="shared", pay=QUICK)
    locked = judge(simulate(scenario, db=tmp_path / "db.json", start_method=method))
    assert (locked.name, locked.sold, locked.stock_left) == ("sound", 1, 0)
    assert list(tmp_path.iterdir()) == []


EXCLUDING = [name for name in LOCKS if protection_of(Scenario(lock=name)).facts.permits == 1]


@pytest.mark.parametrize("lock", EXCLUDING)
def test_every_excluding_lock_is_sound(tmp_path: Path, lock: str) -> None:
    """Three tickets: three are sold, and nothing but the store and a lock's own file is left.

    That every lock survives the way to a spawned process is proved in tests/locks/test_contract.py.
    """
    history = simulate(Scenario(10, 3, lock, pay=QUICK), db=tmp_path / "db.json")
    verdict = judge(history)
    assert (verdict.name, verdict.sold, verdict.sold_out, verdict.stock_left) == ("sound", 3, 7, 0)
    assert {entry.name for entry in tmp_path.iterdir()} <= {"db.json", "db.json.lock", "db.json.lockf", "db.json.fair"}


def test_a_killed_holder_of_the_soft_lock_is_collected_so_that_the_sale_goes_on(tmp_path: Path) -> None:
    """While its parent has not collected it, a dead holder bars everybody; ours collects within a tenth of a second."""
    setup = Setup(faults=(Fault(3, "pay", FaultKind.KILL),))
    scenario = Scenario(4, 4, "file-soft", pay=(0.01, 0.01))
    history = simulate(scenario, db=tmp_path / "db.json", setup=setup, timeout=60)
    assert not history.timed_out
    assert Counter(str(ending.outcome) for ending in history.endings) == {"bought": 3, "unfinished": 1}


def failed_swaps(history: History) -> int:
    """Return how often a buyer found another count than it had read."""
    return sum(event.value == CHANGED for event in history.events)


@pytest.mark.often(times=5)
def test_compare_and_swap_is_sound(tmp_path: Path, times: int, record_property: Report) -> None:
    """Sales of three tickets to ten buyers: each sells three, and leaves a plain store and no link."""
    failures: Counter[int] = Counter()
    for _ in range(times):
        history = simulate(Scenario(10, 3, "cas", pay=QUICK), db=tmp_path / "db.json")
        verdict = judge(history)
        assert (verdict.name, verdict.sold, verdict.sold_out, verdict.stock_left) == ("sound", 3, 7, 0)
        assert [entry.name for entry in tmp_path.iterdir()] == ["db.json"]
        assert (tmp_path / "db.json").read_bytes() == b'{"count": 0}\n'
        failures[failed_swaps(history)] += 1
    record_property("failed swaps", dict(failures))


@pytest.mark.parametrize("method", METHODS[1:])
def test_compare_and_swap_under_the_other_start_methods(tmp_path: Path, method: str) -> None:
    """The links are files: nothing has to be inherited."""
    verdict = judge(simulate(Scenario(5, 2, "cas", pay=(0, 0)), db=tmp_path / "db.json", start_method=method))
    assert (verdict.name, verdict.sold) == ("sound", 2)


def test_compare_and_swap_across_offices(tmp_path: Path) -> None:
    """Two process trees share nothing but the file, and that is enough."""
    scenario = Scenario(6, 2, "cas", pay=(0, 0))
    verdict = judge(simulate(scenario, db=tmp_path / "db.json", setup=Setup(trees=2)))
    assert (verdict.name, verdict.sold, verdict.stock_left) == ("sound", 2, 0)
    assert [entry.name for entry in tmp_path.iterdir()] == ["db.json"]


def test_a_lone_buyer_cannot_swap(tmp_path: Path) -> None:
    """`booking buy` has no parent that folds the links, so it is refused, and the store stays."""
    db = tmp_path / "db.json"
    db.write_bytes(b'{"count": 1}')
    with pytest.raises(BadInputError, match="use `booking run`"):
        buy_alone(Scenario(lock="cas"), db=db, timeout=1, tell=lambda *_: None)
    assert db.read_bytes() == b'{"count": 1}'


@pytest.fixture(scope="module")
def stage_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Scenario], Stage]]:
    """Yield a function that returns a stage of a scenario."""
    with ExitStack() as stack:
        yield lambda scenario: stack.enter_context(Stage(scenario, db=tmp_path_factory.mktemp("sale") / "db.json"))


# How many orders two buyers have, and in how many of them both buy: derived in tests/explorer/test_swap.py.
# Without sharing and in shared memory a buyer takes 3 steps: 6!/(3!3!) = 20 orders; in memory every one oversells.
ORDERS = [
    pytest.param(Scenario(2, 1, "cas"), 20, 0, id="cas"),
    pytest.param(Scenario(2, 1, "cas-naive"), 70, 40, id="cas-naive"),
    pytest.param(Scenario(2, 1, store="memory"), 20, 20, id="memory"),
    pytest.param(Scenario(2, 1, store="shared"), 20, 12, id="shared"),
    pytest.param(Scenario(2, 1, "rlock", "shared"), 12, 0, id="rlock-shared"),
    pytest.param(Scenario(2, 1, "flock"), 12, 0, id="flock"),
    pytest.param(Scenario(2, 1, "file-soft"), 12, 0, id="file-soft"),
]


@pytest.mark.parametrize(("scenario", "orders", "oversold"), ORDERS)
def test_model_and_reality_agree(
    stage_of: Callable[[Scenario], Stage], scenario: Scenario, orders: int, oversold: int
) -> None:
    """In every order of two buyers real processes do what the model says, and the verdicts are the same."""
    schedules, stage = list(complete_schedules(scenario)), stage_of(scenario)
    replays = [stage.play(schedule) for schedule in schedules]  # raises at the first step that differs
    assert [replay.verdict.name for replay in replays] == [replay.prediction.verdict.name for replay in replays]
    assert (len(replays), sum(replay.verdict.oversold > 0 for replay in replays)) == (orders, oversold)


def test_a_failed_swap_is_told_in_the_history(stage_of: Callable[[Scenario], Stage]) -> None:
    """Buyer 2 reads 1, buyer 1 swaps, so buyer 2's swap finds another count, and then it is sold out."""
    history = stage_of(Scenario(2, lock="cas")).play((1, 1, 2, 2, 1, 2, 2)).history
    swaps = [(event.buyer, event.phase, event.value) for event in history.events if event.step == Step.SWAP]
    assert swaps == [(1, "call", 1), (1, "return", 0), (2, "call", 1), (2, "return", CHANGED)]


@pytest.mark.parametrize("lock", ["cas", "cas-naive"])
def test_a_free_sale_can_be_replayed(tmp_path: Path, stage_of: Callable[[Scenario], Stage], lock: str) -> None:
    """An order of the steps is found that explains what happened, and in that order it happens again."""
    stage = stage_of(Scenario(3, 2, lock, pay=(0, 0)))
    for _ in range(3):
        history = simulate(stage.scenario, db=tmp_path / "db.json")
        schedule = linearize(history, most_steps=64)
        assert schedule is not None
        again = stage.play(tuple(schedule)).history
        assert [ending.outcome for ending in again.endings] == [ending.outcome for ending in history.endings]
        assert again.stock_left == history.stock_left


def test_a_stage_leaves_a_plain_store(tmp_path: Path) -> None:
    """The links of a replay are folded into the file when the stage is closed."""
    db = tmp_path / "db.json"
    with Stage(Scenario(2, 2, "cas"), db=db) as stage:
        stage.play((1, 1, 1, 2, 2, 2))
    assert ([entry.name for entry in tmp_path.iterdir()], db.read_bytes()) == (["db.json"], b'{"count": 0}\n')


@pytest.mark.parametrize("store", [name for name, store in STORES.items() if not store.outlives_sale])
def test_a_store_in_memory_is_for_one_sale_only(tmp_path: Path, store: str) -> None:
    """One line says so, and no file is made."""
    with pytest.raises(BadInputError, match="exists only during one sale; use --store json"):
        simulate(Scenario(store=store), db=tmp_path / "db.json", restock=False)
    with pytest.raises(BadInputError, match="trees share no memory"):
        simulate(Scenario(store=store), db=tmp_path / "db.json", setup=Setup(trees=2))
    with pytest.raises(BadInputError, match="exists only during one sale; use --store json"):
        buy_alone(Scenario(store=store), db=tmp_path / "db.json", timeout=1, tell=lambda *_: None)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("store", [name for name in STORES if not go_together("cas", name)])
def test_a_swap_needs_a_store_that_swaps(tmp_path: Path, store: str) -> None:
    """One line names the store that can, before anything is touched."""
    for refused in (lambda s: simulate(s, db=tmp_path / "db.json"), lambda s: Stage(s, db=tmp_path / "x").__enter__()):
        with pytest.raises(BadInputError, match=f"{store} cannot; use --store json"):
            refused(Scenario(2, lock="cas", store=store))
    assert list(tmp_path.iterdir()) == []
