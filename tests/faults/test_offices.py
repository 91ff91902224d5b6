"""Several offices on one file: a lock of one process tree keeps nobody else out, a lock on a file keeps out all."""

import os
import signal
from pathlib import Path

import pytest
from programs import eventually, started
from start_methods import METHODS

from booking.cli.app import run_command
from booking.explorer.automaton import learn
from booking.explorer.counting import Anomalies, Limits, Tally, count
from booking.explorer.quotient import Quotient
from booking.history.finding import Anomaly
from booking.history.verdict import judge
from booking.locks.multiprocessing import MultiprocessingLock
from booking.model.scripted_desk import Program, ScriptedDesk, ScriptedLock
from booking.model.shared_state import COUNT, Shared
from booking.processes.journal import READY, Message
from booking.processes.system import ENDED, state_of
from booking.purchase import Desk, Outcome, purchase
from booking.scenario import Scenario
from booking.setup import Fault, FaultKind, Setup
from booking.simulation.sale import simulate
from booking.steps import PAY

LONG_PAY = (0.3, 0.3)
"""Seconds: everybody who gets in reads before the first one writes."""


def parent_of(pid: int) -> int:
    """Return the parent of a process: proc(5)."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


@pytest.mark.parametrize("method", METHODS)
def test_a_lock_of_one_process_tree_sells_a_ticket_in_every_office(method: str, db: Path) -> None:
    """Each office has a lock object of its own: 2 offices sell the one ticket twice."""
    scenario = Scenario(4, lock="mp", pay=LONG_PAY)
    verdict = judge(simulate(scenario, db=db, start_method=method, setup=Setup(trees=2)))
    assert (verdict.name, verdict.sold, verdict.sold_out) == (Anomaly.OVERSOLD, 2, 2)


@pytest.mark.parametrize(("lock", "method"), [("file", "fork"), ("flock", "fork"), ("file", "spawn")])
def test_a_lock_on_a_file_keeps_all_offices_apart(lock: str, method: str, db: Path) -> None:
    """The file is the same for everybody, so one buyer gets the ticket."""
    scenario = Scenario(4, lock=lock, pay=(0.02, 0.02))
    history = simulate(scenario, db=db, start_method=method, setup=Setup(trees=2))
    assert (judge(history).name, judge(history).sold) == ("sound", 1)
    assert [ending.exitcode for ending in history.endings] == [0, 0, 0, 0]


@pytest.mark.parametrize("offices", [2, 3])
def test_every_buyer_is_the_child_of_its_office(offices: int, db: Path) -> None:
    """Buyers take turns: 1 and 1 + K belong to the same office, and no office is this process."""
    parents: dict[int, int] = {}

    def look(message: Message) -> None:
        if message.word == READY:
            parents[message.buyer] = parent_of(message.pid)

    simulate(Scenario(6, pay=(0.0, 0.0)), db=db, setup=Setup(trees=offices), watch=look)
    assert len(set(parents.values()) | {os.getpid()}) == offices + 1
    assert all(parents[buyer] == parents[buyer + offices] for buyer in range(1, 7 - offices))


def test_a_dead_holder_stops_its_own_office_only(db: Path) -> None:
    """With mp the buyers of the other office go on, and the killed holder's own wait for ever."""
    setup = Setup(trees=2, faults=(Fault(2, PAY, FaultKind.KILL),))
    history = simulate(Scenario(4, lock="mp", pay=(0.0, 0.0)), db=db, timeout=0.5, setup=setup)
    assert [ending.alive for ending in history.endings] == [False, False, False, True]
    assert judge(history).name == Anomaly.DEADLOCK
    assert {state_of(ending.pid) for ending in history.endings} == {"X"}


@pytest.mark.parametrize("method", METHODS)
def test_an_office_that_is_killed_takes_its_buyers_along(method: str, db: Path) -> None:
    """Its buyers see their lifeline end; those of the other office sell on, and nobody is left."""
    offices: list[int] = []

    def kill_office(message: Message) -> None:
        if message.word == PAY and message.buyer == 2 and not offices:
            offices.append(parent_of(message.pid) if method != "forkserver" else 0)
            os.kill(offices[0], signal.SIGKILL) if offices[0] else None

    if method == "forkserver":  # there a buyer's parent is the fork server, and nobody tells whose office it is
        offices.append(0)
    scenario = Scenario(4, lock="none", pay=(1.0, 1.0))
    history = simulate(scenario, db=db, start_method=method, timeout=10, setup=Setup(trees=2), watch=kill_office)
    # Who lost its parent is collected by the system, when it likes.
    assert {state_of(ending.pid) for ending in history.endings} <= set(ENDED)
    assert not history.timed_out
    if method != "forkserver":
        assert [ending.outcome for ending in history.endings[::2]] == [Outcome.BOUGHT] * 2
        assert [ending.outcome for ending in history.endings[1::2]] == [Outcome.UNFINISHED] * 2


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nobody_outlives_the_parent_of_offices(by: signal.Signals, tmp_path: Path) -> None:
    """Two offices, a stopped buyer, one that pays and two that wait: all are gone when the parent is."""
    options = ["--buyers", "4", "--trees", "2", "--lock", "file", "--freeze", "2@look", "--pay", "30"]
    program = started(["run", *options, "--db", "db.json"], tmp_path)
    stopped = eventually(lambda: "T" in states_in(program.pid))
    program.send_signal(by)
    program.communicate(timeout=30)
    assert stopped
    assert program.returncode == {signal.SIGKILL: -9, signal.SIGTERM: 143, signal.SIGINT: 130}[by]
    assert eventually(lambda: not states_in(program.pid), within=3), states_in(program.pid)


def states_in(session: int) -> str:
    """Return the states of the processes of a session that have not ended."""
    states = ""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, _, _, its_session = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
            except OSError:
                continue
            states += state if its_session == str(session) and state not in "ZX" else ""
    return states


def test_what_offices_cannot_do_is_refused(db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """More offices than buyers, and offices without a file between them."""
    for options, why in [
        (["--trees", "3", "--buyers", "2"], "--trees 3 needs a buyer in each tree"),
        (["--trees", "2", "--store", "shared"], "use --store json"),
    ]:
        assert run_command(["run", *options, "--db", str(db)]) == 2
        assert why in capsys.readouterr().err


def in_office(number: int) -> Program:
    """Return the purchase of a buyer whose office has lock `number`: the same code, another lock."""

    class DeskOfOffice:
        def __init__(self, desk: Desk) -> None:
            self._desk = desk

        def __getattr__(self, name: str) -> object:
            return getattr(self._desk, name)

        @property
        def lock(self) -> ScriptedLock:
            assert isinstance(self._desk, ScriptedDesk)
            return self._desk.script.lock(f"lock {number}", MultiprocessingLock.facts)

    return lambda desk: purchase(DeskOfOffice(desk))  # type: ignore[arg-type]


def explored(offices: list[int], locks: int) -> Tally:
    """Count every interleaving of so many buyers in each office, where the offices have `locks` locks together."""
    shared = Shared({COUNT: 1}, {f"lock {n}": MultiprocessingLock.facts for n in range(locks)})
    programs = [in_office(number % locks) for number in range(len(offices))]
    quotient = Quotient(learn(programs, shared, sum(offices)), shared, offices)
    return count(Anomalies(quotient, 1), Limits(10**6))


def test_two_locks_of_one_permit_exclude_nobody_from_the_other_office() -> None:
    """Proved over every order: one buyer in each of two offices oversells, with one lock for both it cannot.

    Each buyer takes look, acquire, read, write, release, and with a lock each nothing ever blocks.
    """
    tally = explored([1, 1], locks=2)
    # Both buy unless one writes, as its 4th step, while the other has taken k = 0, 1 or 2 steps and so not read. There
    # are C(3 + k, k) ways to get there with that write last.
    # If both had 5 steps there were 10!/(5! 5!) = 252 orders; the writer has 1 step left, the other 5 - k, in
    # C(6 - k, 1) ways. So 252 - 2 * (1*6 + 4*5 + 10*4) = 252 - 132 = 120 orders in which both buy.
    # Else the other finds it sold out and has 4 - k steps left, in C(5 - k, 1) ways: 2 * (1*5 + 4*4 + 10*3) = 102.
    assert tally.exhausted
    assert dict(tally.sold) == {2: 120, 1: 102}
    assert tally.anomalies[Anomaly.OVERSOLD] == 120
    together = explored([1, 1], locks=1)
    assert together.exhausted
    assert set(together.sold) == {1}


@pytest.mark.parametrize("offices", [[2, 2], [3, 1], [1, 1, 1]])
def test_so_many_offices_so_many_tickets(offices: list[int]) -> None:
    """Over every order, K offices sell one ticket up to K times and never more often, however many buyers each has."""
    tally = explored(offices, locks=len(offices))
    assert tally.exhausted
    assert set(tally.sold) == set(range(1, len(offices) + 1))
    together = explored(offices, locks=1)
    assert (set(together.sold), together.anomalies) == ({1}, {})
