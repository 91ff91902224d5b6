"""A buyer is killed, or stopped, while it holds the lock: the sale goes on, or says why it cannot."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from booking.cli import run as command
from booking.cli.app import run_command
from booking.history import Event, History
from booking.purchase import Outcome
from booking.scenario import Scenario
from booking.simulation.journal import READY, Message
from booking.simulation.sale import simulate
from booking.steps import PAY, Step
from booking.verdict import Anomaly, judge

TIMES = 20
AT_ONCE = 4
PASSED_ON_MS = 100
TIMEOUT = 0.5


@dataclass
class Assassin:
    """Watches a sale and sends a signal to the first buyer that says `word`."""

    by: signal.Signals = signal.SIGKILL
    word: str = PAY
    pid: int = 0
    buyer: int = 0
    t_ns: int = field(default=0)

    def __call__(self, message: Message) -> None:
        """Strike once."""
        if message.word == self.word and not self.pid:
            self.pid, self.buyer, self.t_ns = message.pid, message.buyer, time.monotonic_ns()
            os.kill(message.pid, self.by)


def returned(history: History, step: Step) -> list[Event]:
    """Return the events in which a step returned, in their order."""
    return [event for event in history.events if event.step == step and event.phase == "return"]


def is_gone(pid: int) -> bool:
    """Return whether no process has this number, not even one that waits to be collected."""
    return not Path(f"/proc/{pid}").exists()


def passed_on_after_ms(folder: Path) -> float:
    """Kill the first holder of a file lock and return how long it took until the next one had it."""
    assassin = Assassin()
    scenario = Scenario(buyers=3, tickets=1, lock="file", pay=(0.2, 0.2))
    history = simulate(scenario, db=folder / "db.json", watch=assassin)
    assert [ending.buyer for ending in history.endings if ending.exitcode == -signal.SIGKILL] == [assassin.buyer]
    # 3 buyers, 1 dead before it wrote: the next one buys the ticket and the last finds it sold out.
    assert sorted(ending.outcome for ending in history.endings) == [
        Outcome.BOUGHT,
        Outcome.SOLD_OUT,
        Outcome.UNFINISHED,
    ]
    assert (history.timed_out, history.stock_left) == (False, 0)
    return (returned(history, Step.ACQUIRE)[1].t_ns - assassin.t_ns) / 1e6


def test_a_killed_holder_passes_the_file_lock_on(tmp_path: Path) -> None:
    """The system frees a file lock when its holder dies: the next buyer has it within 100 ms.

    Every time the lock is passed on; how soon is asked of three in four, because the machine may be busy.
    """
    delays = sorted(passed_on_after_ms(tmp_path) for _ in range(TIMES))
    assert delays[TIMES * 3 // 4] < PASSED_ON_MS, delays


@pytest.mark.parametrize("lock", ["mp", "semaphore"])
def test_a_killed_holder_keeps_a_multiprocessing_lock(lock: str, tmp_path: Path) -> None:
    """A lock without an owner is lost with its holder: the sale ends at its time-out and names the dead."""

    def end_of(number: int) -> float:
        assassin = Assassin()
        folder = tmp_path / str(number)
        scenario = Scenario(buyers=3, lock=lock, pay=(0.2, 0.2))
        started = time.monotonic()
        history = simulate(scenario, db=folder / "db.json", timeout=TIMEOUT, watch=assassin)
        took = time.monotonic() - started
        verdict = judge(history)
        assert (verdict.name, verdict.unfinished, history.stock_left) == (Anomaly.DEADLOCK, 3, 1)
        assert f"Buyer {assassin.buyer} (process {assassin.pid}) died while it held the lock" in verdict.sentence
        assert sorted(ending.alive for ending in history.endings) == [False, True, True]
        assert all(is_gone(ending.pid) for ending in history.endings)
        return took

    with ThreadPoolExecutor(AT_ONCE) as pool:
        assert max(pool.map(end_of, range(TIMES))) < TIMEOUT + 0.5


@pytest.mark.parametrize("lock", ["mp", "file"])
def test_a_stopped_holder_is_named_on_time(
    lock: str, db: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A holder that hangs is no dead one: exit status 3 on time, its process named, and nothing left of it."""
    assassin = Assassin(by=signal.SIGSTOP)
    monkeypatch.setattr(
        command, "simulate", lambda scenario, **dials: simulate(scenario, **dials | {"watch": assassin})
    )
    started = time.monotonic()
    status = run_command(
        ["run", "--buyers", "3", "--lock", lock, "--pay", "0.2", "--timeout", str(TIMEOUT), "--db", str(db)]
    )
    took = time.monotonic() - started
    answer = " ".join(capsys.readouterr().out.split())
    assert status == 3
    assert (
        f"UNKNOWN: 0 buyers hold a ticket; 1 existed. Buyer {assassin.buyer} (process {assassin.pid}) did not" in answer
    )
    assert "answer in time, holding the lock" in answer
    assert is_gone(assassin.pid)
    assert TIMEOUT < took < TIMEOUT + 0.5  # with the start of three buyers


def test_a_dead_holder_ends_the_command_with_3(
    db: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A deadlock that nobody asked for is inconclusive, and one that was expected is what was asked for."""
    arguments = ["run", "--buyers", "3", "--lock", "mp", "--pay", "0.2", "--timeout", str(TIMEOUT), "--db", str(db)]
    for expected, status in [([], 3), (["--expect", "deadlock"], 0), (["--expect", "sound"], 1)]:
        assassin = Assassin()
        monkeypatch.setattr(
            command, "simulate", lambda scenario, a=assassin, **dials: simulate(scenario, **dials | {"watch": a})
        )
        assert run_command([*arguments, *expected]) == status
        assert f"(process {assassin.pid}) died while it held the lock" in " ".join(capsys.readouterr().out.split())


def test_a_buyer_killed_in_its_write_is_unknown(tmp_path: Path) -> None:
    """Who had begun to write may or may not hold a ticket, and the sale is sound or unknown, never worse."""
    for _ in range(TIMES):
        history = simulate(
            Scenario(buyers=2, tickets=2, lock="file", pay=(0.0, 0.0)),
            db=tmp_path / "db.json",
            watch=Assassin(word=Step.WRITE),
        )
        verdict = judge(history)
        dead = [ending for ending in history.endings if ending.exitcode != 0]
        assert verdict.name == ("unknown" if any(e.outcome is Outcome.UNKNOWN for e in dead) else "sound")
        assert verdict.sold <= 2 - (history.stock_left or 0) <= verdict.sold + verdict.unknown
        assert [path.name for path in tmp_path.glob("*.booking-tmp")] == []


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_buyer_killed_before_the_gate_is_not_waited_for(method: str, db: Path) -> None:
    """The gate opens for those who are left."""
    history = simulate(
        Scenario(buyers=3, lock="file", pay=(0.0, 0.0)), db=db, start_method=method, watch=Assassin(word=READY)
    )
    assert sorted(ending.outcome for ending in history.endings) == [
        Outcome.BOUGHT,
        Outcome.SOLD_OUT,
        Outcome.UNFINISHED,
    ]
    assert history.elapsed_s < 5


def test_a_time_out_shorter_than_the_payments_ends_the_sale(db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Buyers that are still paying when the time is up are ended, and the sale says that it does not know."""
    started = time.monotonic()
    status = run_command(["run", "--buyers", "3", "--pay", "30", "--timeout", "0.2", "--db", str(db)])
    assert (status, time.monotonic() - started < 2) == (3, True)
    assert "UNKNOWN: 0 buyers hold a ticket" in capsys.readouterr().out
    assert db.read_bytes() == b'{"count": 1}\n'
