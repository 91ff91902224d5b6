"""Replay on real processes: what was permitted happens, nothing else does, and nobody is left behind."""

import os
import select
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from start_methods import METHODS

from booking.errors import BadInputError, DiskError, InconclusiveError, ReplayDiffersError
from booking.history.history import Ending, Event, History
from booking.history.schedule import parse
from booking.model.prediction import predict
from booking.purchase import Outcome
from booking.registry import LOCKS
from booking.replayer.check import compare
from booking.replayer.stage import Stage, replay
from booking.scenario import Scenario
from booking.steps import BLOCKED

RACE = Scenario(buyers=2)


def pids(history: History) -> list[int]:
    """Return the process numbers of all buyers."""
    return [ending.pid for ending in history.endings]


def are_gone(processes: list[int]) -> bool:
    """Return whether none of these processes exists any more, not even as a zombie."""
    for pid in processes:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            continue
        return False
    return True


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_every_start_method_plays_a_race(db: Path, method: str) -> None:
    """Two processes sell one ticket twice, on purpose, and are gone afterwards."""
    done = replay([1, 2, 1, 2, 1, 2], RACE, db=db, start_method=method)
    assert (done.verdict.name, done.verdict.sold, done.history.start_method) == ("oversold", 2, method)
    assert db.read_text() == '{"count": 0}\n'
    assert len({os.getpid(), *pids(done.history)}) == 3
    assert are_gone(pids(done.history))


@pytest.mark.parametrize("lock", [name for name, lock in LOCKS.items() if lock.facts.permits is not None])
def test_a_step_that_must_block_is_seen_to_block(db: Path, lock: str) -> None:
    """While buyer 1 is inside, buyer 2 tries the real lock and does not get it; afterwards it does."""
    done = replay(parse("1,2,1,2,1,2,1,1,2,2,2"), Scenario(buyers=2, lock=lock), db=db)
    attempts = [event.value for event in done.history.of(2) if event.step == "acquire" and event.phase == "return"]
    assert attempts == [BLOCKED, BLOCKED, None]
    assert (done.verdict.name, done.verdict.sold) == ("sound", 1)


def test_without_a_scenario_the_schedule_names_the_buyers(db: Path) -> None:
    """There are as many buyers as the schedule names, at least two."""
    assert replay([3, 3, 3], db=db).history.scenario.buyers == 3
    assert replay([1, 1, 1], db=db).history.scenario.buyers == 2


def test_one_company_plays_many_schedules(db: Path) -> None:
    """Buyers that ended or stayed away are kept alive, and every schedule starts with a full stock."""
    with Stage(RACE, db=db) as stage:
        first, second, third = (stage.play(parse(text)) for text in ("1,1,1,2,2", "2,2,2", "1,2,1,2,1,2"))
    assert pids(first.history) == pids(second.history) == pids(third.history)
    assert [done.verdict.sold for done in (first, second, third)] == [1, 1, 2]
    assert are_gone(pids(first.history))


@pytest.mark.parametrize("method", METHODS)
def test_a_death_is_a_real_one(db: Path, method: str) -> None:
    """Buyer 1 is killed inside; its multiprocessing lock is lost, and the next schedule gets new buyers."""
    with Stage(Scenario(buyers=2, lock="mp"), db=db, start_method=method) as stage:
        stuck = stage.play(parse("1,2,1,-1"))
        again = stage.play(parse("1,1,1,1,1,2,2,2,2"))
    assert [(ending.outcome, ending.exitcode, ending.alive) for ending in stuck.history.endings] == [
        (Outcome.UNFINISHED, -signal.SIGKILL, False),
        (Outcome.UNFINISHED, None, True),
    ]
    assert stuck.verdict.name == "deadlock"
    assert f"process {stuck.history.endings[0].pid}" in stuck.verdict.sentence
    assert again.verdict.name == "sound"
    assert not set(pids(stuck.history)) & set(pids(again.history))
    assert are_gone([*pids(stuck.history), *pids(again.history)])


def test_the_file_lock_of_a_dead_holder_is_free(db: Path) -> None:
    """The system frees it: buyer 2 takes the lock that buyer 1 held when it was killed."""
    done = replay(parse("1,2,1,2,-1,2,2,2,2"), Scenario(buyers=2, lock="file"), db=db)
    assert [ending.outcome for ending in done.history.endings] == [Outcome.UNFINISHED, Outcome.BOUGHT]


def test_a_death_in_the_middle_of_a_write_leaves_an_empty_file(db: Path) -> None:
    """The store is half-written for everybody after it, and the next schedule restocks it."""
    with Stage(Scenario(buyers=2, store="inplace"), db=db) as stage:
        torn = stage.play(parse("1,1,1,-1,2"))
        assert db.read_bytes() == b""
        sound = stage.play(parse("1,1,1,1,2,2"))
    assert (torn.history.stock_left, torn.verdict.name) == (None, "torn read")
    assert sound.verdict.name == "sound"


def test_other_keys_of_the_store_are_kept(db: Path) -> None:
    """A replay restocks the count and nothing else."""
    db.write_text('{"count": 7, "train": "G1"}')
    replay([1, 1, 1], RACE, db=db)
    assert db.read_text() == '{"count": 0, "train": "G1"}\n'


PLAYING = """
import sys
from booking import Scenario, Stage

if __name__ == "__main__":
    with Stage(Scenario(buyers=2), db=sys.argv[1], start_method=sys.argv[2]) as stage:
        print(*(ending.pid for ending in stage.play((1, 1, 1)).history.endings), flush=True)
        while True:
            stage.play((1, 2, 1, 2, 1, 2))
"""


@pytest.mark.parametrize("method", METHODS)
def test_buyers_do_not_outlive_a_parent_that_is_killed(db: Path, tmp_path: Path, method: str) -> None:
    """The parent is killed in the middle of a replay; within two seconds its buyers have ended, too."""
    script = tmp_path / "playing.py"
    script.write_text(PLAYING)
    with subprocess.Popen([sys.executable, script, db, method], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        buyers = [os.pidfd_open(int(pid)) for pid in parent.stdout.readline().split()]
        parent.kill()
        ended = [bool(select.select([buyer], [], [], 2)[0]) for buyer in buyers]
    for buyer in buyers:
        os.close(buyer)
    assert ended == [True, True]


@pytest.mark.parametrize("schedule", ["1,1", "1,1,1,1", "3,3,3", "1,-1,-1"])
def test_a_refused_schedule_touches_nothing(tmp_path: Path, schedule: str) -> None:
    """Too short, too long, an absent buyer, a dead one: no file is made and no process started."""
    with pytest.raises(BadInputError):
        replay(parse(schedule), RACE, db=tmp_path / "new" / "db.json")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"[]", b'{"count": -1}'])
def test_a_bad_store_is_refused_and_left_as_it_is(db: Path, content: bytes) -> None:
    """Whatever the file is, it is not ours to repair."""
    db.write_bytes(content)
    with pytest.raises(BadInputError):
        replay([1, 1, 1], RACE, db=db)
    assert db.read_bytes() == content


def test_a_buyer_that_is_ended_from_outside_is_named(db: Path) -> None:
    """Somebody kills the process of buyer 2 between two schedules: one line says so, and new buyers can play."""
    with Stage(RACE, db=db) as stage:
        victim = stage.play(parse("1,1,1")).history.endings[1].pid
        os.kill(victim, signal.SIGKILL)
        with pytest.raises(InconclusiveError, match=rf"buyer 2 \(process {victim}, exit code -9\)"):
            stage.play(parse("2,2,2"))
        assert stage.play(parse("2,2,2")).verdict.name == "sound"


def test_a_disk_that_fails_is_not_a_difference(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A buyer that the disk refuses says so, and the replay fails with its words."""

    def refuse(*arguments: object) -> None:
        raise DiskError(f"cannot write {arguments[1]}: no room")

    monkeypatch.setattr("booking.simulation.desk.RealDesk.write", refuse)  # forked buyers inherit it
    with pytest.raises(DiskError, match="buyer 1 could not go on: cannot write 0: no room"):
        replay([1, 1, 1], RACE, db=db, start_method="fork")


def test_a_lock_that_lies_is_found_out(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock that lets two in although it declares one permit differs from the prediction at that very step."""
    monkeypatch.setattr(LOCKS["mp"], "acquire", lambda *_, **__: True)
    with pytest.raises(ReplayDiffersError, match=r'step 4: "buyer 2 blocked" .* and "buyer 2 acquire"'):
        replay(parse("1,2,1,2,1,1,1,2,2,2"), Scenario(buyers=2, lock="mp"), db=db, start_method="fork")


def test_a_buyer_that_does_something_else_is_found_out(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A buyer that ends before the model says so is not permitted a step that it would never take."""
    monkeypatch.setattr("booking.simulation.desk.RealDesk.read", lambda _: 0)
    with pytest.raises(ReplayDiffersError, match=r"step 2: buyer 1 was to move, and it has ended \(sold out\)"):
        replay([1, 1, 1], RACE, db=db, start_method="fork")


PREDICTION = predict(RACE, parse("1,1,1,2,2"))
HISTORY = PREDICTION.history
EVENTS = HISTORY.events


@pytest.mark.parametrize(
    ("other", "message"),
    [
        pytest.param(
            replace(HISTORY, events=(*EVENTS[:3], EVENTS[3]._replace(value=0), *EVENTS[4:])),
            'step 2: "buyer 1 read 1" .* "buyer 1 read 0"',
            id="another value",
        ),
        pytest.param(
            replace(HISTORY, events=(*EVENTS, Event(11, 0, 2, 0, "write", "call", 0))),
            'step 5: nothing was predicted, and "buyer 2 write 0"',
            id="one step more",
        ),
        pytest.param(replace(HISTORY, events=EVENTS[:-1]), "step 5: .* nothing happened", id="one step less"),
        pytest.param(
            replace(HISTORY, endings=(HISTORY.endings[0], Ending(2, 0, Outcome.BOUGHT))),
            "buyer 2: sold out was predicted, and bought happened",
            id="another ending",
        ),
        pytest.param(replace(HISTORY, counts_left=(3,)), "count left: 0 was predicted, and 3", id="another count left"),
    ],
)
def test_every_difference_is_named(other: History, message: str) -> None:
    """What was predicted, what happened, and at which step."""
    compare(PREDICTION, HISTORY)
    with pytest.raises(ReplayDiffersError, match=message):
        compare(PREDICTION, other)
