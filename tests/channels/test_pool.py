"""A pool that plays the buyers, as real processes: when a race can show, how many it bears, and what a death leaves."""

import json
import os
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from programs import alive_in_session, children_of, eventually, started
from striking import Striker, descriptors, is_gone

from booking.cli.app import run_command
from booking.errors import InconclusiveError
from booking.history.history import TIME_WAS_UP, WORKER_DIED, History
from booking.history.verdict import judge
from booking.processes.journal import END, Message
from booking.scenario import Scenario
from booking.setup import Setup
from booking.simulation.pool import BATCH, MOST_RECORDED
from booking.simulation.sale import simulate
from booking.steps import PAY, Step

MANY = 100_000
QUICK = (0.0, 0.0)


def sale(db: Path, lock: str = "none", submit: str = "async", method: str = "fork", workers: int = 3) -> History:
    """Let a pool play eight buyers of one ticket, who pay for 50 ms."""
    scenario = Scenario(buyers=8, lock=lock, pay=(0.05, 0.05))
    return simulate(scenario, setup=Setup(pool=workers, submit=submit), db=db, start_method=method)


@pytest.mark.parametrize(
    ("lock", "submit", "method"),
    [
        ("file", "async", "fork"),
        ("mp", "async", "fork"),
        ("none", "sync", "fork"),
        ("mp", "sync", "fork"),
        ("mp", "async", "spawn"),
        ("mp", "async", "forkserver"),
    ],
)
def test_a_lock_or_waiting_for_each_is_sound(lock: str, submit: str, method: str, db: Path) -> None:
    """A lock reaches the workers of every start method, and handing in one after the other needs none."""
    history = sale(db, lock, submit, method)
    verdict = judge(history)
    assert (verdict.name, verdict.sold, verdict.sold_out, history.stock_left) == ("sound", 1, 7, 0)
    assert 1 <= len({event.pid for event in history.events}) <= 3
    assert all(is_gone(event.pid) for event in history.events)


@pytest.mark.parametrize("way", ["argument", "manager"])
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_lock_can_travel_as_what_stands_for_it(way: str, method: str, db: Path) -> None:
    """A file lock is its path, and a manager's lock a proxy: either can be an argument, and no process is left."""
    scenario = Scenario(buyers=4, lock="file" if way == "argument" else "mp", pay=(0.02, 0.02))
    before = children_of(os.getpid())
    verdict = judge(simulate(scenario, setup=Setup(pool=2, hand_over=way), db=db, start_method=method))
    assert (verdict.name, verdict.sold) == ("sound", 1)
    assert eventually(lambda: len(children_of(os.getpid())) <= len(before) + (method == "spawn"), within=5)


def test_a_multiprocessing_lock_is_no_argument(db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Python refuses to pickle it; its own words and the remedy are one line."""
    assert run_command(["run", "--db", str(db), "--pool", "2", "--lock", "mp", "--hand-over", "argument"]) == 2
    captured = capsys.readouterr()
    assert "RuntimeError: Lock objects should only be shared between processes through inheritance" in captured.err
    assert "use --hand-over initializer" in captured.err


def test_handed_in_at_once_the_race_shows(db: Path) -> None:
    """Three workers can sell one ticket three times and no oftener, and sooner or later they sell it twice."""
    sold = {0}
    while max(sold) < 2:
        sold.add(judge(sale(db)).sold)
    assert sold <= {0, 1, 2, 3}


def test_one_worker_races_with_nobody(db: Path) -> None:
    """One worker plays the buyers one after the other, however they are handed in."""
    assert [judge(sale(db, workers=1)).name for _ in range(3)] == ["sound"] * 3


def test_synchronous_buyers_do_not_overlap(db: Path) -> None:
    """Each buyer's last step returns before the next one's first begins, and the report says what that hides."""
    history = sale(db, submit="sync")
    spans = [(history.of(buyer)[0].seq, history.of(buyer)[-1].seq) for buyer in range(1, 9)]
    assert all(before[1] < after[0] for before, after in pairwise(spans))
    assert "no race could show" in " ".join(history.notes)


@pytest.mark.parametrize("gate", ["event", "none"])
def test_every_gate_that_a_pool_can_have(gate: str, db: Path) -> None:
    """The workers wait at the gate, or do not."""
    history = simulate(Scenario(8, lock="file", pay=QUICK), setup=Setup(pool=2, gate=gate), db=db)
    assert judge(history).name == "sound"


@pytest.mark.parametrize(("lock", "many"), [("none", 20_000), pytest.param("mp", MANY, marks=pytest.mark.slow)])
def test_a_hundred_thousand_buyers(lock: str, many: int, db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They are all answered, and the document about them is small."""
    options = ["--buyers", str(many), "--tickets", "10", "--pool", "2", "--lock", lock, "--pay", "0"]
    assert run_command(["run", *options, "--db", str(db), "--json"]) == 0
    text = capsys.readouterr().out
    document = json.loads(text)
    assert document["sold"] + document["sold_out"] == many
    assert document["sold"] == 10 or lock == "none"
    assert document["stock_left"] == 0
    assert document["unfinished"] == 0
    assert len(text) < 3000


@pytest.mark.parametrize("buyers", [MOST_RECORDED, MOST_RECORDED + 1])
def test_events_are_kept_up_to_a_limit(
    buyers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Up to the limit every step is kept; beyond it the text says that none is, and has no empty picture."""
    options = ["--buyers", str(buyers), "--pool", "2", "--lock", "file", "--pay", "0", "--db", "db.json"]
    monkeypatch.chdir(tmp_path)
    assert run_command(["run", *options]) == 0
    text = capsys.readouterr().out
    assert ("L look" in text) is (buyers <= MOST_RECORDED)
    assert ("keeps no events" in text) is (buyers > MOST_RECORDED)
    assert "CORRECT: 1 ticket existed, 1 was sold." in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_history_of_a_pool_can_be_read_again(db: Path) -> None:
    """Endings without events are a history like any other."""
    history = simulate(Scenario(1500, lock="mp", pay=QUICK), setup=Setup(pool=2), db=db)
    assert (history.events, len(history.endings)) == ((), 1500)
    assert History.from_lines(history.to_lines()) == history
    assert judge(history).findings == ()


def test_nothing_stays_open_or_alive(db: Path) -> None:
    """After a sale on a pool the parent has the children and the open files that it had before."""
    sale(db)
    before = set(children_of(os.getpid())), descriptors()
    for submit in ("async", "sync"):
        sale(db, submit=submit)
    assert (set(children_of(os.getpid())), descriptors()) == before


@pytest.mark.parametrize("word", ["ready", Step.LOOK, PAY, Step.WRITE, END])
@pytest.mark.parametrize("submit", ["async", "sync"])
def test_a_killed_worker_is_a_sentence(
    submit: str, word: str, db: Path, struck: tuple[Striker, list[History]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Python ends a pool whose worker died: the buyers that are left get no answer, and the command ends with 3."""
    (striker, histories), options = struck, ["--lock", "file", "--pool", "2", "--pay", "0.05", "--submit", submit]
    striker.word = word
    status = run_command(["run", "--buyers", "6", "--tickets", "6", *options, "--db", str(db)])
    answer = " ".join(capsys.readouterr().out.split())
    (history,) = histories
    lost = [ending for ending in history.endings if ending.error == WORKER_DIED]

    assert (status, history.timed_out) == (3, False)
    assert lost
    assert f"A worker (process {striker.pid}) died (exit code -9), so Python ended the pool." in answer
    assert f"got no answer: {WORKER_DIED}." in answer
    assert judge(history).sold <= 6 - (history.stock_left or 0) <= judge(history).sold + judge(history).unknown
    assert is_gone(striker.pid)


def test_without_events_the_lost_are_in_doubt(db: Path) -> None:
    """Where no steps are kept nobody knows what a dead worker's buyers had begun: their outcome is unknown."""
    history = simulate(
        Scenario(5000, tickets=5000, pay=QUICK, lock="file"),
        setup=Setup(pool=2),
        db=db,
        watch=Striker(word="ready"),
    )
    verdict = judge(history)
    assert (verdict.name, verdict.unknown % BATCH) == ("unknown", 0)
    assert verdict.unknown > 0
    assert verdict.sold <= 5000 - (history.stock_left or 0) <= verdict.sold + verdict.unknown
    assert len(verdict.findings) == 1


@pytest.mark.parametrize("buyers", [4, MOST_RECORDED + 1])
def test_a_stopped_worker_ends_at_the_time_out(buyers: int, db: Path) -> None:
    """A worker that hangs is no dead one: the sale ends on time, and the worker is made to end."""
    striker = Striker(by=signal.SIGSTOP, word="ready")
    history = simulate(Scenario(buyers, pay=QUICK), setup=Setup(pool=1), db=db, timeout=0.5, watch=striker)
    assert (judge(history).name, history.timed_out) == ("unknown", True)
    assert {ending.error for ending in history.endings} == {TIME_WAS_UP}
    assert is_gone(striker.pid)


def test_workers_that_fail_on_the_way_are_explained(tmp_path: Path) -> None:
    """A script that calls `simulate` at its top level is told what to do, under spawn."""
    script = tmp_path / "forgetful.py"
    script.write_text(
        "from booking import Scenario, simulate\nfrom booking.setup import Setup\n"
        "simulate(Scenario(2), setup=Setup(pool=1), db='db.json', start_method='spawn')\n"
    )
    ran = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert 'call simulate() under `if __name__ == "__main__":`' in ran.stderr.splitlines()[-1]


@pytest.mark.parametrize("word", ["ready", PAY])
def test_an_interruption_leaves_nobody(word: str, db: Path) -> None:
    """Ctrl-C before the gate opens or in the middle of a purchase ends the workers first."""
    sale(db)
    before = set(children_of(os.getpid())), descriptors()

    def interrupt(message: Message) -> None:
        if message.word == word:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises((KeyboardInterrupt, InconclusiveError)):
        simulate(Scenario(3, pay=(20.0, 20.0)), setup=Setup(pool=2), db=db, watch=interrupt)
    assert (set(children_of(os.getpid())), descriptors()) == before


@pytest.mark.parametrize(
    ("buyers", "by", "method"),
    [(buyers, by, "fork") for buyers in (3, MANY) for by in (signal.SIGINT, signal.SIGKILL)]
    + [(3, signal.SIGKILL, method) for method in ("spawn", "forkserver")],
)
def test_nobody_outlives_the_command(buyers: int, by: signal.Signals, method: str, tmp_path: Path) -> None:
    """Ctrl-C gives 130 and a line; SIGKILL gives no chance to speak; neither leaves a worker."""
    options = ["--buyers", str(buyers), "--pool", "2", "--pay", "20", "--db", "db.json", "--start-method", method]
    program = started(["run", *options], tmp_path)
    assert eventually(lambda: len(alive_in_session(program.pid)) >= 3)  # itself and two workers
    program.send_signal(by)
    _, errors = program.communicate(timeout=30)
    assert eventually(lambda: not alive_in_session(program.pid), within=2)
    if by is signal.SIGINT:
        assert (program.returncode, errors) == (130, "Stopped. All buyer processes have ended.\n")


SENTENCES: list[tuple[list[str], str]] = [
    (["--pool", "2", "--channel", "queue"], "--pool cannot be combined"),
    (["--pool", "2", "--trees", "2"], "--pool cannot be combined"),
    (["--pool", "2", "--kill", "2@pay"], "--pool cannot be combined"),
    (["--pool", "2", "--gate", "barrier"], "--gate barrier cannot be combined with --pool"),
    (["--pool", "2", "--lock", "partition"], "--lock partition cannot be combined with --pool"),
    (["--pool", "2", "--trains", "2", "--lock", "file"], "--trains cannot be combined with --pool"),
    (["--pool", "2", "--store", "memory"], "every worker has its own count"),
    (["--pool", "-1"], "from 0 to 256"),
    (["--pool", "2", "--submit", "later"], "use one of async, sync"),
    (["--submit", "sync"], "--submit requires --pool"),
    (["--hand-over", "argument"], "--hand-over requires --pool"),
    (["--pool", "2", "--lock", "file", "--hand-over", "manager"], "a manager holds a lock of mp's kind"),
    (["--pool", "2", "--buyers", "100001"], "from 1 to 100000"),
    (["--buyers", "10001"], "from 1 to 10000"),
]


@pytest.mark.parametrize(("options", "sentence"), SENTENCES, ids=lambda value: "".join(value)[:40])
def test_what_makes_no_sense_says_so(
    options: list[str], sentence: str, db: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A combination without a meaning is refused in one line, with what to change, and the file stays as it is."""
    db.write_bytes(b'{"count": 7}')
    assert run_command(["run", "--db", str(db), *options]) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err.count("\n")) == ("", 1)
    assert sentence in captured.err
    assert db.read_bytes() == b'{"count": 7}'
