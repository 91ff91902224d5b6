"""Buyers that go to clerks, as real processes: who sells, when it is safe, and what a death leaves behind."""

import contextlib
import io
import os
import random
import re
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from programs import alive_in_session, children_of, eventually, started
from striking import Massacre, Striker, descriptors, is_gone

from booking.cli.app import run_command
from booking.errors import InconclusiveError
from booking.history.history import CLERK_DIED, History
from booking.history.verdict import judge
from booking.processes.journal import Message
from booking.purchase import Outcome
from booking.scenario import Scenario
from booking.setup import Setup
from booking.simulation.channels import Question, QueueToClerks, Tell
from booking.simulation.sale import simulate
from booking.steps import PAY, Step

VIAS = ["queue", "pipe"]
QUICK = (0.0, 0.0)
ANSWERED = {Outcome.BOUGHT, Outcome.SOLD_OUT}


def sale(  # noqa: PLR0913, PLR0917 - each is one dial
    db: Path, via: str, clerks: int = 1, lock: str = "none", method: str = "fork", buyers: int = 6, **dials: object
) -> History:
    """Hold a sale of one ticket to six buyers who pay for 50 ms."""
    scenario = Scenario(buyers, lock=lock, pay=(0.05, 0.05))
    return simulate(scenario, setup=Setup(channel=via, clerks=clerks, **dials), db=db, start_method=method)  # type: ignore[arg-type]


@pytest.mark.parametrize("via", VIAS)
@pytest.mark.parametrize(
    ("clerks", "lock", "method"),
    [(1, "none", "fork"), (2, "file", "fork"), (2, "mp", "fork"), (2, "mp", "spawn"), (2, "mp", "forkserver")],
)
def test_one_clerk_or_a_lock_is_sound(via: str, clerks: int, lock: str, method: str, db: Path) -> None:
    """One clerk needs no lock, and two with a lock sell one ticket once, whatever the start method."""
    buyers = 6 if method == "fork" else 3  # a process that is spawned costs as much as twenty that are forked
    history = sale(db, via, clerks, lock, method, buyers)
    verdict = judge(history)
    assert (verdict.name, verdict.sold, verdict.sold_out, history.stock_left) == ("sound", 1, buyers - 1, 0)
    assert [ending.exitcode for ending in history.endings] == [0] * buyers
    assert not history.timed_out


@pytest.mark.parametrize("via", VIAS)
def test_two_clerks_without_a_lock_race_again(via: str, db: Path) -> None:
    """Two clerks sell one ticket never three times, and sooner or later twice."""
    sold: set[int] = set()
    while 2 not in sold:
        sold.add(judge(sale(db, via, clerks=2)).sold)
    assert sold <= {1, 2}


@pytest.mark.parametrize("via", VIAS)
@pytest.mark.parametrize("clerks", [1, 3])
def test_the_clerks_do_the_steps_and_the_buyers_none(via: str, clerks: int, db: Path) -> None:
    """Every event has its buyer's number and a clerk's process; every ending has the buyer's own."""
    history = sale(db, via, clerks, "file")
    sellers = {event.pid for event in history.events}
    assert 1 <= len(sellers) <= clerks
    assert sellers & {ending.pid for ending in history.endings} == set()
    assert len({ending.pid for ending in history.endings}) == 6
    assert {event.buyer for event in history.events} == set(range(1, 7))
    assert all(is_gone(pid) for pid in sellers)


@pytest.mark.parametrize("gate", ["event", "barrier", "none"])
@pytest.mark.parametrize("via", VIAS)
def test_every_gate_leads_to_the_clerks(via: str, gate: str, db: Path) -> None:
    """How the sale opens is one thing, and where the buyers go then another."""
    assert judge(sale(db, via, gate=gate)).name == "sound"


def test_a_full_and_an_empty_queue_are_told(db: Path) -> None:
    """While the one clerk is paying, nine buyers have questions and four find room; a clerk without work says so."""
    history = simulate(Scenario(10, pay=(0.3, 0.3)), setup=Setup(channel="queue"), db=db)
    (note,) = history.notes
    told = re.search(r"found it full (\d+) times?, a clerk found it empty (\d+) times?", " ".join(note.split()))
    assert told, note
    full, empty = map(int, told.groups())
    assert full >= 5
    assert empty >= 1
    assert "1 clerk sold" in note
    assert judge(history).name == "sound"


@pytest.mark.often(times=1)
@pytest.mark.parametrize("via", VIAS)
def test_a_crowd_is_served(via: str, times: int, tmp_path: Path) -> None:
    """Dozens of buyers that come and go at once lose no question: none takes the queue's lock away with it."""
    for _ in range(times):
        scenario = Scenario(60, tickets=5, lock="file", pay=QUICK)
        history = simulate(scenario, setup=Setup(channel=via, clerks=2), db=tmp_path / "db.json", timeout=20)
        verdict = judge(history)
        assert (verdict.name, verdict.sold, verdict.sold_out, history.timed_out) == ("sound", 5, 55, False)


@pytest.mark.parametrize("via", VIAS)
def test_nothing_stays_open_or_alive(via: str, db: Path) -> None:
    """After a sale with clerks the parent has the children and the open files that it had before."""
    sale(db, via)
    before = set(children_of(os.getpid())), descriptors()
    for clerks in (1, 2):
        sale(db, via, clerks)
    assert (set(children_of(os.getpid())), descriptors()) == before


@pytest.mark.often(times=30)
def test_through_pipes_everybody_else_is_served(times: int, tmp_path: Path) -> None:
    """Buyers are killed at drawn moments, and every other buyer is answered as if nothing had happened."""
    dice, killed = random.Random(1), 0
    while killed < times:
        scenario = Scenario(80, tickets=80, lock="file", pay=QUICK)
        history = simulate(
            scenario, setup=Setup(channel="pipe", clerks=2), db=tmp_path / "db.json", watch=Massacre(dice), timeout=20
        )
        dead = [ending for ending in history.endings if ending.exitcode == -signal.SIGKILL]
        living = [ending for ending in history.endings if ending.buyer % 2]
        assert {ending.outcome for ending in living} == {Outcome.BOUGHT}
        assert {ending.exitcode for ending in living} == {0}
        verdict = judge(history)
        assert verdict.name in {"sound", "unknown"}
        assert verdict.sold <= 80 - (history.stock_left or 0) <= verdict.sold + verdict.unknown
        assert not history.timed_out
        killed += len(dead)
    assert list(tmp_path.glob("*.booking-tmp")) == []


@pytest.mark.often(times=4)
def test_through_a_queue_the_sale_ends_all_the_same(times: int, tmp_path: Path) -> None:
    """Buyers that are killed may take the queue's lock with them: the sale then ends on time, and says why."""

    def what_is_wrong(number: int) -> list[str]:
        folder = tmp_path / str(number)
        scenario = Scenario(12, tickets=12, lock="file", pay=QUICK)
        history = simulate(
            scenario,
            setup=Setup(channel="queue", clerks=2),
            db=folder / "db.json",
            watch=Massacre(random.Random(number)),
            timeout=1.5,
        )
        served = all(ending.outcome in ANSWERED for ending in history.endings if ending.buyer % 2)
        found = {
            "ended early": not served and not history.timed_out,
            "says nothing": history.timed_out and "queue's lock" not in " ".join(history.notes),
            "oversold": judge(history).sold > 12,
            "left files": bool(list(folder.glob("*.booking-tmp"))),
            "left processes": not all(is_gone(ending.pid) for ending in history.endings),
        }
        return [f"{number}: {what}" for what, is_so in found.items() if is_so]

    with ThreadPoolExecutor(4) as pool:
        assert [what for wrongs in pool.map(what_is_wrong, range(times)) for what in wrongs] == []


def lose_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let buyer 1 die while it holds the queue's lock, like one that is killed while it puts, before the others put."""
    put = QueueToClerks._put

    def dying(self: QueueToClerks, question: Question, tell: Tell) -> None:
        lock = self._line._wlock  # type: ignore[attr-defined]
        if question.buyer == 1:
            lock.acquire()
            os.kill(os.getpid(), signal.SIGKILL)
        while not lock._semlock._is_zero():
            os.sched_yield()
        put(self, question, tell)

    monkeypatch.setattr(QueueToClerks, "_put", dying)


def test_a_lost_queue_ends_the_command_with_3(
    db: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A buyer that dies while it puts keeps the queue's lock: nobody is served, on time, in a sentence."""
    lose_the_lock(monkeypatch)
    assert run_command(["run", "--buyers", "3", "--channel", "queue", "--timeout", "0.5", "--db", str(db)]) == 3
    answer = " ".join(capsys.readouterr().out.split())
    assert "UNKNOWN: 1 ticket existed, none was sold" in answer
    assert "Buyer 1 died, perhaps while putting a question into the queue." in answer
    assert "no other question gets through" in answer


@pytest.mark.parametrize(
    ("word", "outcome"), [(Step.LOOK, Outcome.UNFINISHED), (PAY, Outcome.UNFINISHED), (Step.WRITE, Outcome.UNKNOWN)]
)
@pytest.mark.parametrize("channel", ["queue 1", "queue 2", "pipe 1", "pipe 2"])
def test_a_killed_clerk_is_reported_before_the_time_out(
    channel: str, word: str, outcome: Outcome, db: Path, standing: tuple[Striker, list[History]]
) -> None:
    """Whoever waits for a dead clerk is told, and the sale ends with 3; through pipes the other clerk sells on."""
    (via, clerks), (striker, histories), said = channel.split(), standing, io.StringIO()
    striker.word = word
    options = ["--buyers", "6", "--tickets", "6", "--lock", "file", "--pay", "0", "--channel", via]
    with contextlib.redirect_stdout(said):
        status = run_command(["run", *options, "--clerks", clerks, "--db", str(db)])
    answer = " ".join(said.getvalue().split())
    (history,) = histories
    lost = [ending for ending in history.endings if ending.error == CLERK_DIED]

    assert (status, history.timed_out) == (3, False)
    assert {ending.buyer: ending.outcome for ending in lost}[striker.buyer] == outcome
    assert {ending.outcome for ending in lost} <= {Outcome.UNFINISHED, Outcome.UNKNOWN}  # nobody is told a lie
    assert f"(process {striker.pid}) died (exit code -9)" in answer
    assert f"got no answer: {CLERK_DIED}." in answer
    assert is_gone(striker.pid)
    if channel == "pipe 2":
        # The buyers are dealt out like cards: three of the six belong to the other clerk.
        assert sum(ending.outcome in ANSWERED for ending in history.endings) >= 3


def test_a_clerk_that_dies_with_the_lock_is_a_deadlock(db: Path) -> None:
    """A multiprocessing lock is lost with the clerk that held it: the other clerk waits, and the sale says for whom."""
    striker = Striker()
    history = simulate(
        Scenario(4, lock="mp", pay=(0.05, 0.05)),
        setup=Setup(channel="pipe", clerks=2),
        db=db,
        timeout=0.5,
        watch=striker,
    )
    verdict = judge(history)
    assert (verdict.name, history.timed_out) == ("deadlock", True)
    assert f"The lock was held for buyer {striker.buyer} when {CLERK_DIED}" in verdict.sentence


@pytest.mark.parametrize("via", VIAS)
def test_a_stopped_clerk_ends_at_the_time_out(via: str, db: Path) -> None:
    """A clerk that hangs is no dead one: the sale ends on time, and the clerk is made to end."""
    striker = Striker(by=signal.SIGSTOP)
    history = simulate(Scenario(3, pay=(0.01, 0.01)), setup=Setup(channel=via), db=db, timeout=0.5, watch=striker)
    assert (judge(history).name, history.timed_out) == ("unknown", True)
    assert is_gone(striker.pid)


@pytest.mark.parametrize("via", VIAS)
@pytest.mark.parametrize("word", ["ready", PAY])
def test_an_interruption_leaves_nobody(via: str, word: str, db: Path) -> None:
    """Ctrl-C before the gate opens or in the middle of a purchase ends buyers and clerks first."""
    sale(db, via)
    before = set(children_of(os.getpid())), descriptors()

    def interrupt(message: Message) -> None:
        if message.word == word:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises((KeyboardInterrupt, InconclusiveError)):
        simulate(Scenario(3, pay=(20.0, 20.0)), setup=Setup(channel=via, clerks=2), db=db, watch=interrupt)
    assert (set(children_of(os.getpid())), descriptors()) == before


@pytest.mark.parametrize(
    ("via", "by", "method"),
    [(via, by, "fork") for via in VIAS for by in (signal.SIGINT, signal.SIGKILL)]
    + [("queue", signal.SIGKILL, "spawn"), ("pipe", signal.SIGKILL, "forkserver")],
)
def test_nobody_outlives_the_command(via: str, by: signal.Signals, method: str, tmp_path: Path) -> None:
    """Ctrl-C gives 130 and a line; SIGKILL gives no chance to speak; neither leaves a buyer or a clerk."""
    options = ["--buyers", "2", "--clerks", "2", "--pay", "20", "--db", "db.json", "--history", "h.jsonl"]
    program = started(["run", "--channel", via, "--start-method", method, *options], tmp_path)
    assert eventually(lambda: len(alive_in_session(program.pid)) >= 5)  # itself, two buyers, two clerks
    program.send_signal(by)
    _, errors = program.communicate(timeout=30)
    assert eventually(lambda: not alive_in_session(program.pid), within=2)
    if by is signal.SIGINT:
        assert (program.returncode, errors) == (130, "Stopped. All buyer processes have ended.\n")


SENTENCES: list[tuple[list[str], str]] = [
    (["--channel", "queue", "--lock", "cas"], "--channel cannot be combined with --lock cas"),
    (["--channel", "queue", "--lock", "partition"], "--lock partition cannot be combined with --pool or --channel"),
    (["--channel", "queue", "--trains", "2", "--lock", "file"], "--trains cannot be combined with --pool, --channel"),
    (["--channel", "pipe", "--store", "memory"], "every clerk has its own count"),
    (["--channel", "pipe", "--trees", "2"], "--channel cannot be combined with --trees"),
    (["--channel", "pipe", "--kill", "2@pay"], "--channel cannot be combined with --kill or --freeze"),
    (["--channel", "pipe", "--pool", "2"], "--pool cannot be combined"),
    (["--channel", "tube"], "use one of direct, queue, pipe"),
    (["--clerks", "2"], "--clerks requires --channel"),
    (["--channel", "queue", "--clerks", "0"], "from 1 to 64"),
    (["--channel", "queue", "--buyers", "1001"], "from 1 to 1000"),
    (["--channel", "queue", "--buyers", "201", "--start-method", "forkserver"], "from 1 to 200"),
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
