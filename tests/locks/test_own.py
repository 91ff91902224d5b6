"""A lock of one's own, named by its file, is a lock in every world: explored, run, replayed and played."""

import builtins
from pathlib import Path

import pytest
from locks_by_hand import Naive, Peterson

from booking.errors import BadInputError
from booking.explorer import explore
from booking.locks.own import lock_in, lock_of
from booking.model.prediction import predict
from booking.replayer.stage import replay
from booking.scenario import Scenario
from booking.setup import Setup
from booking.simulation.sale import simulate

LOCKS = Path(__file__).parent.parent / "locks_by_hand.py"


def sale(lock: type, **dials: int) -> Scenario:
    """Return a sale of one ticket to two buyers under this lock."""
    return Scenario(**{"buyers": 2, **dials}, lock=f"{LOCKS}:{lock.__name__}", pay=(0, 0))  # type: ignore[arg-type]


def test_a_right_lock_makes_the_sale_sound() -> None:
    """Under Peterson's lock none of the infinitely many interleavings goes wrong, and all were followed."""
    found = explore(sale(Peterson))

    assert (found.verdict, found.exhausted, found.interleavings, found.max_sold) == ("sound", True, None, 1)


def test_a_wrong_lock_oversells_in_as_many_steps_as_it_takes() -> None:
    """Under the naive flag 12 steps sell two: each buyer looks, tests, sets, reads, writes and resets."""
    found = explore(sale(Naive))

    assert found.verdict == "oversold"
    assert found.shortest is not None
    assert found.shortest.steps == 12
    words = [moved.value for moved in found.shortest.happened if moved.step == "access"]
    assert words == [*["read busy: False"] * 2, *["busy = True"] * 2, *["busy = False"] * 2]


@pytest.mark.parametrize("start_method", ["fork", "spawn"])
def test_the_witness_is_what_real_processes_do(start_method: str, tmp_path: Path) -> None:
    """Real buyers make each access when it is their turn, and sell the ticket twice."""
    found = explore(sale(Naive)).shortest

    assert found is not None
    played = replay(found.schedule, sale(Naive), db=tmp_path / "db.json", start_method=start_method)
    assert played.verdict.name == "oversold"


def test_a_stage_plays_one_schedule_after_another(tmp_path: Path) -> None:
    """Every schedule begins with the first values of the cells, whatever the last one left in them."""
    from booking.replayer.stage import Stage  # noqa: PLC0415

    scenario = sale(Peterson)
    schedule = predict(scenario, (*[1] * 7, *[2] * 6)).schedule
    with Stage(scenario, db=tmp_path / "db.json") as stage:
        verdicts = [stage.play(schedule).verdict.name for _ in range(2)]

    assert verdicts == ["sound", "sound"]


def test_real_buyers_share_the_cells(tmp_path: Path) -> None:
    """In a real sale each buyer waits for the lock as its code does; the history has one acquire for each."""
    history = simulate(sale(Peterson, tickets=2), db=tmp_path / "db.json")

    assert [str(ending.outcome) for ending in history.endings] == ["bought", "bought"]
    assert sum(event.step == "acquire" and event.phase == "return" for event in history.events) == 2


@pytest.mark.parametrize(
    ("setup", "word"), [(Setup(pool=2), "--pool"), (Setup(channel="queue"), "--channel"), (Setup(trees=2), "--trees")]
)
def test_buyers_of_such_a_lock_are_processes_with_numbers(setup: Setup, word: str, tmp_path: Path) -> None:
    """What plays several buyers in one process is refused in one line."""
    with pytest.raises(BadInputError, match=word):
        simulate(sale(Peterson), setup=setup, db=tmp_path / "db.json")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("class Lock(:\n", "line 1"),
        ("x = 1\n", "no class with acquire"),
        ("class Lock:\n    def acquire(self): pass\n    def release(self, me): pass\n", "must take"),
        ("1 / 0\n", "line 1: ZeroDivisionError"),
    ],
)
def test_a_file_that_holds_no_lock_is_refused_in_one_line(text: str, says: str, tmp_path: Path) -> None:
    """The line names the file, the place in it, and what is wrong."""
    file = tmp_path / "mine.py"
    file.write_text(text)

    with pytest.raises(BadInputError, match=says) as refused:
        lock_of(str(file))
    assert str(refused.value).startswith(str(file)) or "Lock" in str(refused.value)


def test_a_stop_while_a_file_is_read_is_no_fault_of_the_file() -> None:
    """Ctrl-C goes on as what it is; what the file itself raises is told with its line."""

    class Stop(BaseException):
        """What unwinds our own command."""

    builtins.stop_here = Stop  # type: ignore[attr-defined]
    try:
        with pytest.raises(Stop):
            lock_in("raise stop_here", "lock.py", None)
    finally:
        del builtins.stop_here  # type: ignore[attr-defined]
    with pytest.raises(BadInputError, match="line 1: SystemExit"):
        lock_in("raise SystemExit", "lock.py", None)


def test_a_lock_of_ones_own_is_for_one_train() -> None:
    """The refusal does not say that it is no lock."""
    with pytest.raises(BadInputError, match="--trains: it is a lock for one train; use"):
        explore(sale(Peterson, trains=2))
