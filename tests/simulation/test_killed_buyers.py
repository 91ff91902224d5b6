"""A buyer is killed, or stopped, while it holds the lock: the sale goes on, or says why it cannot."""

import random
import signal
import time
from pathlib import Path

import pytest
from apart import apart
from start_methods import METHODS
from striking import Striker, is_gone
from trials.holders import FREED, KEPT, deaths_of_holders, passed_on, told
from trials.nemesis import SAFE, kills, sale_with_a_nemesis

from booking.cli import run as command
from booking.cli.app import run_command
from booking.history.verdict import judge
from booking.processes.journal import READY
from booking.purchase import Outcome
from booking.scenario import Scenario
from booking.simulation.sale import simulate
from booking.steps import Step

TIMEOUT = 0.5


@pytest.mark.often(times=5)
@pytest.mark.parametrize("lock", FREED)
def test_a_killed_holder_passes_its_lock_on(lock: str, times: int, tmp_path: Path) -> None:
    """The next buyer gets the lock of a killed one, in its turn and long before the time-out.

    How soon is measured in benchmarks/torture.py.
    """
    assert apart(deaths_of_holders, passed_on, lock, tmp_path, times) == []


@pytest.mark.often(times=5)
@pytest.mark.parametrize("lock", KEPT)
def test_a_killed_holder_keeps_a_multiprocessing_lock(lock: str, times: int, tmp_path: Path) -> None:
    """A lock without an owner is lost with its holder: nobody can move, so the sale ends and names the dead."""
    assert apart(deaths_of_holders, told, lock, tmp_path, times) == []


@pytest.mark.often(times=10)
@pytest.mark.parametrize("lock", SAFE)
def test_no_acknowledged_sale_is_lost_however_many_are_killed(lock: str, times: int, tmp_path: Path) -> None:
    """At least so many buyers are killed in their sales: acked <= sold <= acked + unknown, and nobody oversells.

    The locks are those under which no order of the steps oversells, as the explorer finds. Some of the killed were
    inside, and some of the others were told that they have a ticket, or the kills would prove little.
    """
    assert apart(kills, lock, tmp_path, times).wrong == []


def test_the_account_shows_a_sale_without_a_lock(tmp_path: Path) -> None:
    """Where nothing keeps 40 buyers apart the account does not come out: it can fail, so it proves something."""
    dice = random.Random(1)
    assert any(sale_with_a_nemesis("none", tmp_path, dice).wrong for _ in range(200))


@pytest.mark.parametrize("lock", ["mp", "file"])
def test_a_stopped_holder_is_named_on_time(
    lock: str, db: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A holder that hangs is no dead one: exit status 3 on time, its process named, and nothing left of it."""
    striker = Striker(by=signal.SIGSTOP)
    monkeypatch.setattr(command, "simulate", lambda scenario, **dials: simulate(scenario, **dials | {"watch": striker}))
    status = run_command(
        ["run", "--buyers", "3", "--lock", lock, "--pay", "0.2", "--timeout", str(TIMEOUT), "--db", str(db)]
    )
    answer = " ".join(capsys.readouterr().out.split())
    assert status == 3
    assert answer.startswith("UNKNOWN: 1 ticket existed, none was sold, and 3 buyers never answered.")
    assert f"Buyer {striker.buyer} (process {striker.pid}) did not" in answer
    assert "answer in time, holding the lock" in answer
    assert is_gone(striker.pid)


def test_a_dead_holder_ends_the_command_with_3(
    db: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A deadlock that nobody asked for is inconclusive, and one that was expected is what was asked for."""
    arguments = ["run", "--buyers", "3", "--lock", "mp", "--pay", "0.2", "--timeout", str(TIMEOUT), "--db", str(db)]
    for expected, status in [([], 3), (["--expect", "deadlock"], 0), (["--expect", "sound"], 1)]:
        striker = Striker()
        monkeypatch.setattr(
            command, "simulate", lambda scenario, a=striker, **dials: simulate(scenario, **dials | {"watch": a})
        )
        assert run_command([*arguments, *expected]) == status
        assert f"(process {striker.pid}) died while it held the lock" in " ".join(capsys.readouterr().out.split())


def test_a_buyer_killed_in_its_write_is_unknown(tmp_path: Path) -> None:
    """Who had begun to write may or may not hold a ticket, and the sale is sound or unknown, never worse."""
    for _ in range(5):
        history = simulate(
            Scenario(buyers=2, tickets=2, lock="file", pay=(0.0, 0.0)),
            db=tmp_path / "db.json",
            watch=Striker(word=Step.WRITE),
        )
        verdict = judge(history)
        dead = [ending for ending in history.endings if ending.exitcode != 0]
        assert verdict.name == ("unknown" if any(e.outcome is Outcome.UNKNOWN for e in dead) else "sound")
        assert verdict.sold <= 2 - (history.stock_left or 0) <= verdict.sold + verdict.unknown
        assert [path.name for path in tmp_path.glob("*.booking-tmp")] == []


@pytest.mark.parametrize("method", METHODS)
def test_a_buyer_killed_before_the_gate_is_not_waited_for(method: str, db: Path) -> None:
    """The gate opens for those who are left."""
    history = simulate(
        Scenario(buyers=3, lock="file", pay=(0.0, 0.0)), db=db, start_method=method, watch=Striker(word=READY)
    )
    assert sorted(ending.outcome for ending in history.endings) == [
        Outcome.BOUGHT,
        Outcome.SOLD_OUT,
        Outcome.UNFINISHED,
    ]
    assert not history.timed_out


def test_a_time_out_shorter_than_the_payments_ends_the_sale(db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Buyers that are still paying when the time is up are ended, and the sale says that it does not know."""
    started = time.monotonic()
    status = run_command(["run", "--buyers", "3", "--pay", "30", "--timeout", "0.2", "--db", str(db)])
    assert (status, time.monotonic() - started < 30) == (3, True)
    assert "UNKNOWN: 1 ticket existed, none was sold, and 3 buyers never answered." in capsys.readouterr().out
    assert db.read_bytes() == b'{"count": 1}\n'
