"""How a sale opens: who is let in when, what a dead waiter does to a gate, and the countdown before it."""

import json
import os
import signal
import subprocess
import time
from multiprocessing import get_context
from pathlib import Path

import pytest
from children import Family
from programs import BOOKING, eventually
from start_methods import METHODS

from booking.errors import InconclusiveError
from booking.history.verdict import judge
from booking.processes import lifeline
from booking.processes.fork import ForkedProcess
from booking.processes.group import ProcessGroup
from booking.processes.journal import IDLE, READY, Message
from booking.processes.system import state_of
from booking.scenario import Scenario
from booking.setup import GATES, Setup
from booking.simulation.sale import simulate

MANY = 30


@pytest.mark.parametrize(
    ("gate", "method"), [(gate, "fork") for gate in GATES] + [("event", "forkserver"), ("barrier", "spawn")]
)
def test_every_gate_opens_under_every_start_method(gate: str, method: str, db: Path) -> None:
    """A sale with a lock is sound, however it opens."""
    scenario = Scenario(3, lock="file", pay=(0.0, 0.0))
    history = simulate(scenario, db=db, start_method=method, setup=Setup(gate))
    assert (judge(history).name, judge(history).sold) == ("sound", 1)
    assert [ending.exitcode for ending in history.endings] == [0, 0, 0]


@pytest.mark.parametrize("gate", GATES)
def test_a_gate_keeps_everybody_until_all_are_there(gate: str, db: Path) -> None:
    """With a gate the last buyer is ready before the first one moves; without, the first has long begun."""
    words: list[str] = []
    setup = Setup(gate)
    simulate(Scenario(MANY, pay=(0.0, 0.0)), db=db, setup=setup, watch=lambda m: words.append(m.word))
    said = [word for word in words if word != IDLE]
    all_ready_first = set(said[:MANY]) == {READY}
    assert all_ready_first == (gate != "none")


@pytest.mark.parametrize("method", METHODS)
def test_a_dead_waiter_breaks_the_barrier_and_not_the_gate(method: str, db: Path) -> None:
    """Behind a barrier nobody starts any more, which is reported at once; the gate opens for those who are left."""

    def kill_one(message: Message) -> None:
        if message.word == READY and message.buyer == 2:
            os.kill(message.pid, signal.SIGKILL)

    scenario = Scenario(3, lock="file", pay=(0.0, 0.0))
    seen: list[int] = []
    with pytest.raises(InconclusiveError, match=r"buyer 2 \(process \d+\) died .* the barrier, .* use --gate event"):
        simulate(
            scenario,
            db=db,
            start_method=method,
            setup=Setup("barrier"),
            watch=lambda m: (seen.append(m.pid), kill_one(m)),  # type: ignore[func-returns-value]
        )
    assert {state_of(pid) for pid in seen if pid} == {"X"}
    history = simulate(scenario, db=db, start_method=method, watch=kill_one)
    assert [ending.exitcode for ending in history.endings] == [0, -9, 0]


def test_a_buyer_at_a_broken_barrier_ends() -> None:
    """It does not start alone: its process ends with an exit code of its own."""
    context = get_context("fork")
    barrier = context.Barrier(2)
    barrier.abort()
    with ProcessGroup(context) as group:
        group.open_gate()
        child = ForkedProcess(lifeline.pass_gate, (group.ends, barrier), "alone")
        child.start()
        child.join()
    assert child.exitcode == lifeline.BROKEN_BARRIER


def test_an_event_of_the_standard_library_hangs_on_a_killed_waiter(family: Family) -> None:
    """Why the gate is a pipe: `Event.set` waits for a sleeper that cannot answer any more."""
    context = get_context("fork")
    event = context.Event()
    waiter = family.run(context, event.wait)
    asleep = event._cond._sleeping_count  # type: ignore[attr-defined]
    assert eventually(lambda: asleep.get_value() == 1 and state_of(waiter.pid or 0) == "S")
    waiter.kill()
    waiter.join()
    setter = family.run(context, event.set)
    setter.join(0.5)
    assert setter.is_alive()


def test_the_buyers_wait_for_the_countdown(db: Path) -> None:
    """It falls to 0, which is told once, and nobody moves before."""
    left: list[float] = []
    before = time.monotonic_ns()
    history = simulate(Scenario(2, pay=(0.0, 0.0)), db=db, setup=Setup(countdown=0.4), countdown=left.append, timeout=5)
    assert left == sorted(left, reverse=True)
    assert (left[0] > 0, left[-1], left.count(0.0)) == (True, 0.0, 1)
    assert history.events[0].t_ns - before > 0.4e9
    assert history.elapsed_s < 5


def test_the_traffic_light_is_for_terminals(tmp_path: Path) -> None:
    """On a terminal it is red, yellow and green on standard error; anywhere else nothing is printed."""
    arguments = [*BOOKING, "run", "--buyers", "2", "--countdown", "1.3", "--pay", "0", "--json", "--db", "db.json"]
    ours, theirs = os.openpty()
    try:
        on_terminal = subprocess.run(arguments, cwd=tmp_path, stdout=subprocess.PIPE, stderr=theirs, check=True)
        shown = os.read(ours, 65536).decode()
    finally:
        os.close(ours)
        os.close(theirs)
    assert [shown.index(word) for word in ("RED", "YELLOW", "GREEN")] == sorted(
        shown.index(word) for word in ("RED", "YELLOW", "GREEN")
    )
    assert json.loads(on_terminal.stdout)["staging"]["opens_in"] == 1.3
    piped = subprocess.run(arguments, cwd=tmp_path, capture_output=True, check=True)
    assert piped.stderr == b""
