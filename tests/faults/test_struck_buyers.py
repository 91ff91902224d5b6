"""A buyer is struck in a chosen step, in real processes: the blow lands there, and the sale says what came of it."""

import json
import signal
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from booking.cli.app import run_command
from booking.history.finding import Anomaly
from booking.history.history import History
from booking.history.verdict import judge
from booking.processes.system import state_of
from booking.purchase import Outcome
from booking.registry import LOCKS, go_together, protection_of
from booking.reports import processes
from booking.rules import impossible
from booking.scenario import Scenario
from booking.setup import Fault, FaultKind, Setup
from booking.simulation.sale import simulate
from booking.steps import PAY, Step

BUYERS = 3
TIMEOUT = 0.4
LONG_TIMEOUT = 20.0
PATIENT = ["--timeout", str(LONG_TIMEOUT)]
"""Seconds where nobody has to wait for the time-out."""
AT_ONCE = 4
SIGNALS = {FaultKind.TERM: signal.SIGTERM, FaultKind.KILL: signal.SIGKILL}
INSIDE = (Step.READ, PAY, Step.TRUNCATE, Step.WRITE, Step.SWAP, Step.RELEASE)


def struck_sale(scenario: Scenario, faults: tuple[Fault, ...], db: Path, timeout: float = TIMEOUT) -> History:
    """Hold a sale with these faults."""
    return simulate(scenario, db=db, timeout=timeout, setup=Setup(faults=faults))


def is_possible(lock: str, store: str, step: str) -> bool:
    """Tell whether a buyer of such a sale comes to this step."""
    setup = Setup(faults=(Fault(2, step, FaultKind.KILL),))
    return go_together(lock, store) and not impossible(protection_of(Scenario(BUYERS, lock=lock, store=store)), setup)


def cases(stores: tuple[str, ...], steps: Iterable[str]) -> list[tuple[str, str, str]]:
    """Return every lock with these stores and those of the steps that a buyer comes to there."""
    return [
        (lock, store, step) for lock in LOCKS for store in stores for step in steps if is_possible(lock, store, step)
    ]


def what_is_wrong(case: tuple[str, str, str], blow: FaultKind, folder: Path) -> list[str]:
    """Strike buyer 2 and return what was not as it has to be."""
    lock, store, step = case
    scenario = Scenario(BUYERS, BUYERS, lock, store, (0.0, 0.0))  # one for each, also where they are split beforehand
    facts = protection_of(scenario).facts
    kept = facts.permits is not None and step in INSIDE and not facts.freed_when_holder_dies
    timeout = TIMEOUT if kept else LONG_TIMEOUT
    history = struck_sale(scenario, (Fault(2, step, blow),), folder / f"{lock}-{store}-{step}.json", timeout)
    verdict, dead, last = judge(history), history.endings[1], history.of(2)[-1]
    others = [ending for ending in history.endings if ending.buyer != 2]
    torn = store == "inplace"  # who meets the empty file ends there, and does not wait
    found = {
        f"struck {history.struck}": [s.buyer for s in history.struck] != [2],
        f"the last event is {last}": (last.step, last.phase) != (step, "call"),
        f"exit code {dead.exitcode}": dead.exitcode != -SIGNALS[blow],
        f"others {others}": not torn and any(ending.alive != kept for ending in others),
        f"timed out: {history.timed_out}": not torn and history.timed_out != kept,
        f"verdict {verdict.name}": not torn and (verdict.name == Anomaly.DEADLOCK) != kept,
        f"{verdict.sentence} does not name the dead": f"uyer 2 (process {dead.pid}) died" not in verdict.sentence,
        "somebody is left": any(state_of(ending.pid) != "X" for ending in history.endings),
    }
    return [f"{case} {blow}: {what}" for what, is_so in found.items() if is_so]


@pytest.mark.parametrize(
    ("blow", "stores", "steps"),
    [
        # On the way in, inside and on the way out: the other steps are struck under one lock of each kind.
        pytest.param(FaultKind.KILL, ("json",), (Step.ACQUIRE, PAY, Step.RELEASE), id="KILL"),
        pytest.param(FaultKind.KILL, ("json",), (*Step, PAY), id="KILL-everywhere", marks=pytest.mark.slow),
        pytest.param(FaultKind.KILL, ("inplace",), (*Step, PAY), id="KILL-inplace", marks=pytest.mark.slow),
        pytest.param(FaultKind.TERM, ("json",), (*Step, PAY), id="TERM", marks=pytest.mark.slow),
    ],
)
def test_a_blow_lands_in_its_step_under_every_lock(
    blow: FaultKind, stores: tuple[str, ...], steps: tuple[str, ...], tmp_path: Path
) -> None:
    """Whoever holds a lock that dies with it leaves a deadlock; in all other cases the others go on to their end."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = pool.map(lambda case: what_is_wrong(case, blow, tmp_path), cases(stores, steps))
        assert [what for wrongs in found for what in wrongs] == []


def test_a_blow_lands_in_every_step(tmp_path: Path) -> None:
    """The same in each step of a purchase, under one lock of each kind."""
    few = [case for case in cases(("json",), (*Step, PAY)) if case[0] in {"none", "mp", "file", "cas"}]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = pool.map(lambda case: what_is_wrong(case, FaultKind.KILL, tmp_path), few)
        assert [what for wrongs in found for what in wrongs] == []


@pytest.mark.parametrize("lock", ["mp", "file"])
@pytest.mark.parametrize("step", [Step.LOOK, Step.ACQUIRE, PAY])
def test_a_stopped_buyer_is_named_and_ended(lock: str, step: str, db: Path) -> None:
    """It is unknown what a stopped buyer would have done; it is alive until the sale ends it, and stays nowhere."""
    history = struck_sale(Scenario(BUYERS, lock=lock, pay=(0.0, 0.0)), (Fault(2, step, FaultKind.FREEZE),), db)
    stopped, verdict = history.endings[1], judge(history)
    assert (stopped.alive, stopped.exitcode, history.timed_out, verdict.name) == (True, None, True, "unknown")
    assert f"Buyer 2 (process {stopped.pid}) did not answer in time" in verdict.sentence
    # Only one that holds the lock keeps the others: they wait, or they have ended.
    assert [ending.alive for ending in history.endings] == [step == PAY, True, step == PAY]
    assert [state_of(ending.pid) for ending in history.endings] == ["X"] * BUYERS


def test_several_faults_in_one_sale(db: Path) -> None:
    """Under a lock that the kernel frees, both holders die one after the other, and the third buyer buys."""
    faults = tuple(Fault.parsed(text) for text in ("2@pay", "3@read:TERM", "4@acquire"))
    history = struck_sale(Scenario(4, lock="file", pay=(0.0, 0.0)), faults, db, timeout=20)
    assert [ending.exitcode for ending in history.endings] == [0, -9, -15, -9]
    assert history.endings[0].outcome is Outcome.BOUGHT
    # Who waits is struck first: somebody holds the lock for it until then.
    assert history.struck[0].buyer == 4


def test_death_between_the_halves_of_a_write_leaves_an_empty_file(db: Path) -> None:
    """The verdict names who emptied the file, and what to do about it."""
    scenario = Scenario(BUYERS, lock="file", store="inplace", pay=(0.0, 0.0))
    history = struck_sale(scenario, (Fault(2, Step.WRITE, FaultKind.KILL),), db, timeout=20)
    verdict = judge(history)
    assert db.read_bytes() == b""
    assert (verdict.name, verdict.torn_reads, verdict.unknown, verdict.stock_left) == (Anomaly.TORN_READ, 2, 1, None)
    assert "The file is left empty: buyer 2 had emptied it and never came to write it." in verdict.sentence
    assert run_command(["reset", "--force", "--db", str(db)]) == 0
    assert db.read_bytes() == b'{"count": 1}\n'


def test_a_fault_that_never_came_to_happen_is_told(db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a ticket nobody pays: the sale is sound, and says that nothing was done."""
    arguments = ["run", "--buyers", "2", "--tickets", "0", "--lock", "file", "--kill", "2@pay", "--db", str(db)]
    assert run_command(arguments) == 0
    assert "Buyer 2 never came to pay, so nothing was done to it." in capsys.readouterr().out


def test_a_sale_lasts_until_its_time_is_up(db: Path) -> None:
    """Buyer 2 is killed at once and buyer 1 still pays: the sale took the time-out, not the time of buyer 2."""
    setup = Setup(faults=(Fault.parsed("2@read"),))
    history = simulate(Scenario(2, pay=(60.0, 60.0)), db=db, setup=setup, timeout=0.5)
    assert history.timed_out
    assert history.elapsed_s >= 0.5


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        pytest.param(
            ["--lock", "mp", "--kill", "2@pay"],
            3,
            [
                "DEADLOCK",
                "died while it held the lock (exit code -9). Buyers 1 and 3 wait for the lock that dead buyer 2 held:",
                "was killed (SIGKILL) while paying",
            ],
            id="killed holder, mp",
        ),
        pytest.param(
            [*PATIENT, "--lock", "file", "--kill", "2@look:TERM"],
            0,
            ["CORRECT", "ended by SIGTERM", "-15"],
            id="asked to end",
        ),
        pytest.param(
            ["--lock", "file", "--freeze", "2@pay"], 3, ["UNKNOWN", "had stopped", "holding the lock"], id="hung holder"
        ),
        pytest.param(
            [*PATIENT, "--lock", "mp", "--kill", "2@acquire"], 0, ["while it waited for the lock"], id="killed waiter"
        ),
        pytest.param(
            [*PATIENT, "--lock", "file", "--kill", "2@pay"],
            0,
            ["CORRECT", "holding the lock"],
            id="killed holder, file",
        ),
    ],
)
def test_the_report_tells_number_exit_code_and_alive_or_not(
    options: list[str], status: int, words: list[str], db: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In words, only of those that did not end by themselves, and in JSON of all."""
    arguments = ["run", "--buyers", "3", "--pay", "0", "--timeout", str(TIMEOUT), "--db", str(db), *options]
    assert run_command(arguments) == status
    text = " ".join(capsys.readouterr().out.split())
    assert [word for word in words if word not in text] == []
    assert run_command([*arguments, "--json"]) == status
    document = json.loads(capsys.readouterr().out)
    assert [row["buyer"] for row in document["processes"]] == [1, 2, 3]
    assert all(row.keys() == {"buyer", "pid", "outcome", "exitcode", "alive"} for row in document["processes"])
    assert [fault["struck"] for fault in document["faults"]] == [True]
    assert [row["alive"] for row in document["processes"] if row["exitcode"] is not None] == [False] * sum(
        row["exitcode"] is not None for row in document["processes"]
    )


def test_a_signal_is_explained_however_quickly_it_took_effect(db: Path) -> None:
    """The lesson's sentence stands there whether or not the process was gone right after the signal was sent."""
    history = struck_sale(Scenario(2, pay=(0.0, 0.0)), (Fault.parsed("2@pay:TERM"),), db, timeout=20)
    for alive in (True, False):
        report = replace(history.struck[0], alive_right_after=alive)
        text = " ".join(processes.lines(replace(history, struck=(report,))))
        assert "A signal is a request" in text
        assert ("still alive" in text) == alive
