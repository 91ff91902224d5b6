"""A buyer of somebody's own: a function in a file, in real processes, in the model, in a replay, and saved."""

import json
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from booking.cli.app import program_for, run_command
from booking.errors import BadInputError
from booking.explorer import explore
from booking.history.finding import SOUND, Anomaly
from booking.history.history import History
from booking.history.schedule import SavedSchedule, command, load, save
from booking.history.verdict import UNKNOWN, judge
from booking.purchase import Desk, Outcome
from booking.registry import protection_of
from booking.replayer.stage import replay
from booking.reports.exploration import render
from booking.rules import impossible
from booking.scenario import Scenario
from booking.setup import Setup
from booking.simulation.sale import simulate

GOOD = """
def purchase(desk):
    desk.lock.acquire()
    count = desk.read()
    if count > 0:
        desk.write(count - 1)
    desk.lock.release()
    return "bought" if count > 0 else "sold out"
"""
FORGETS = """
def purchase(desk):
    desk.lock.acquire()
    count = desk.read()
    if count < 1:
        return "sold out"
    desk.write(count - 1)
    return "bought"
"""
TWICE = """
def purchase(desk):
    with desk.lock:
        with desk.lock:
            count = desk.read()
            if count < 1:
                return "sold out"
            desk.write(count - 1)
    return "bought"
"""
BLIND = """
def purchase(desk):
    with desk.lock:
        desk.write(0)
    return "bought"
"""
FOREVER = """
def purchase(desk):
    while desk.read() != 3:
        pass
    return "bought"
"""
RAISES = """
import json

def purchase(desk):
    desk.look()
    json.loads("{")
"""
NO_OUTCOME = """
def purchase(desk):
    return desk.read()
"""
NO_NUMBER = """
def purchase(desk):
    desk.look()
    desk.write("none")
    return "bought"
"""
NOT_HELD = """
def purchase(desk):
    desk.look()
    desk.lock.release()
    return "bought"
"""


@pytest.fixture
def scenario(tmp_path: Path, request: pytest.FixtureRequest) -> Scenario:
    """Return the sale of one ticket to two buyers whose code and lock are the test's parameters."""
    code, lock = request.param
    file = tmp_path / "mine.py"
    file.write_text(code, encoding="utf-8")
    return Scenario(2, lock=lock, pay=(0, 0), buyer=str(file))


def judged_alike(*cases: tuple[str, str, str, str]) -> pytest.MarkDecorator:
    """Return the mark for an id, code, a lock and the verdict each."""
    return pytest.mark.parametrize(
        ("scenario", "verdict"),
        [pytest.param((code, lock), verdict, id=name) for name, code, lock, verdict in cases],
        indirect=["scenario"],
    )


@judged_alike(
    ("acquire-and-release", GOOD, "mp", SOUND),
    ("forgets-and-lives-on-in-the-lock", FORGETS, "mp", Anomaly.DEADLOCK),
    ("forgets-and-is-freed", FORGETS, "flock", SOUND),
    ("twice-for-itself", TWICE, "mp", Anomaly.DEADLOCK),
    ("twice-reentrant", TWICE, "rlock", SOUND),
    ("twice-in-a-file", TWICE, "file", SOUND),
    ("without-reading", BLIND, "mp", Anomaly.OVERSOLD),
)
def test_model_and_processes_judge_alike(scenario: Scenario, verdict: str, db: Path) -> None:
    """What every order of steps leads to is what real processes do, and a stuck sale ends long before its time-out."""
    assert explore(scenario).verdict == verdict
    history = simulate(scenario, db=db, timeout=20)
    assert judge(history).name == verdict
    assert history.timed_out == (verdict == Anomaly.DEADLOCK)
    assert history.elapsed_s < 10


@judged_alike(("twice", TWICE, "mp", ""))
def test_who_waits_for_itself_is_named(scenario: Scenario, verdict: str) -> None:
    """A lock that is taken twice is no cycle of waits between buyers."""
    text = " ".join(render(explore(scenario)).split())
    assert f"Buyer 1 holds the lock and waits for it again: for itself{verdict}." in text


@judged_alike(("forgets", FORGETS, "flock", SOUND), ("forgets-mp", FORGETS, "mp", Anomaly.DEADLOCK))
@pytest.mark.parametrize("start_method", ["fork", "spawn"])
def test_a_replay_agrees_with_its_prediction(scenario: Scenario, verdict: str, db: Path, start_method: str) -> None:
    """A process that ends gives some locks back, in the model and under the gate."""
    turns = (1, 1, 1, 2, 2) if verdict == SOUND else (1, 1, 1, 2)
    assert replay(turns, scenario, db=db, start_method=start_method).verdict.name == verdict


@judged_alike(("for-ever", FOREVER, "none", Anomaly.STARVATION))
def test_a_loop_without_end(scenario: Scenario, verdict: str, db: Path) -> None:
    """The explorer closes the loop; a real sale is stopped by its time-out."""
    assert explore(scenario).verdict == verdict
    history = simulate(scenario, db=db, timeout=0.3)
    assert (history.timed_out, judge(history).name) == (True, UNKNOWN)


@pytest.mark.parametrize(
    ("scenario", "reason"),
    [
        pytest.param((RAISES, "mp"), "JSONDecodeError: *mine.py line 6*", id="raises"),
        pytest.param((NO_OUTCOME, "mp"), 'mine.py:2: purchase() returns ?; return "bought" or "sold out"', id="value"),
        pytest.param((NO_NUMBER, "mp"), "ValueError: write('none'): *mine.py line 4*", id="no-number"),
        pytest.param((NOT_HELD, "mp"), "RuntimeError: desk.lock.release() *mine.py line 4*", id="not-held"),
    ],
    indirect=["scenario"],
)
def test_a_failure_names_the_line(scenario: Scenario, reason: str, db: Path) -> None:
    """A buyer whose code fails is told with its own file and line, by real processes and by the model."""
    pattern = reason.replace("[", "[[]")
    errors = [ending.error or "" for ending in simulate(scenario, db=db).endings]
    assert all(fnmatchcase(error, pattern) for error in errors), errors
    found = explore(scenario)
    assert (found.verdict, "mine.py:" in render(found)) == ("unfinished", True)


@pytest.mark.parametrize(
    ("content", "name", "reason"),
    [
        pytest.param("def purchase(desk)\n", "", "mine.py: line 1: expected ':'", id="syntax"),
        pytest.param("import json\n1 / 0\n", "", "mine.py: line 2: ZeroDivisionError: division by zero", id="import"),
        pytest.param("x = 1\n", "", "it has no function that takes a desk, such as purchase(desk)", id="none"),
        pytest.param(GOOD, ":other", "it has no function other(desk)", id="no-such"),
        pytest.param(GOOD + GOOD.replace("purchase", "b"), "", "name one, as FILE:purchase", id="several"),
        pytest.param(None, "", "it cannot be read: No such file or directory", id="missing"),
        pytest.param(
            "def purchase(desk):\n    return 'bought'\n", "", "mine.py:1: the buyer ends without a step", id="0"
        ),
    ],
)
def test_a_file_without_a_buyer(tmp_path: Path, content: str | None, name: str, reason: str) -> None:
    """It is refused in one line, with the file and the line, before anything is touched."""
    file = tmp_path / "mine.py"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    with pytest.raises(BadInputError) as caught:
        explore(Scenario(2, buyer=f"{file}{name}"))
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_command_line(tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A code that fails ends with status 2 and one line; a witness is replayed with the buyer that it belongs to."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(RAISES, encoding="utf-8")
    (tmp_path / "good.py").write_text(GOOD, encoding="utf-8")

    def status(*arguments: str) -> int:
        return run_command(list(arguments), program_for(list(arguments)))

    assert status("run", "--buyers", "2", "--buyer", "mine.py", "--no-live") == BadInputError.exit_status
    assert "mine.py line 6" in capfd.readouterr().err.splitlines()[-1]
    assert status("explore", "--buyers", "2", "--buyer", "good.py", "--save", "order.json") == 0
    assert status("replay", "order.json", "--json") == 0
    document = json.loads(capfd.readouterr().out.partition("\n{")[2].join(["{", ""]))
    assert (document["scenario"]["buyer"], document["verdict"]) == ("good.py", "oversold")


def buys(desk: Desk) -> Outcome:
    """Buy without a lock."""
    count = desk.read()
    desk.write(count - 1)
    return Outcome.BOUGHT


def test_a_function_is_a_buyer(db: Path, tmp_path: Path) -> None:
    """In Python it is the function itself; what is saved names its file and it."""
    scenario = Scenario(2, pay=(0, 0), buyer=buys)
    assert explore(scenario).verdict == Anomaly.OVERSOLD
    assert replay((1, 2, 1, 2), scenario, db=db).verdict.name == Anomaly.OVERSOLD
    history = simulate(scenario, db=db)
    assert History.from_lines(history.to_lines()).scenario.buyer == f"{__file__}:buys"
    assert command(scenario, (1, 2)).endswith(f" --buyer {__file__}:buys")
    save(tmp_path / "saved.json", SavedSchedule(scenario, (1,)))
    assert load(tmp_path / "saved.json").scenario.buyer == f"{__file__}:buys"


@pytest.mark.parametrize(
    ("scenario", "setup"),
    [
        (Scenario(buyer=buys, lock="partition"), Setup()),
        (Scenario(buyer=buys, trains=2), Setup()),
        (Scenario(buyer=buys), Setup(pool=2)),
        (Scenario(buyer=buys), Setup(channel="queue")),
    ],
    ids=["partition", "trains", "pool", "channel"],
)
def test_what_a_buyer_does_not_go_with(scenario: Scenario, setup: Setup) -> None:
    """The refusal names the option."""
    try:
        refusal = impossible(protection_of(scenario), setup)
    except BadInputError as error:
        refusal = str(error)
    assert "--buyer cannot be combined with" in (refusal or "")


def test_a_lock_for_two_names_its_line(tmp_path: Path, db: Path) -> None:
    """A lock of one's own that has no room for a third buyer fails in its own line, and the others buy."""
    file = tmp_path / "two.py"
    file.write_text(
        "from booking import Cells\n\n\nclass Two:\n    flag = Cells(False)\n\n    def acquire(self, me):\n"
        "        other = (1, 0)[me]\n        self.flag[me] = True\n\n    def release(self, me):\n        pass\n",
        encoding="utf-8",
    )
    errors = [ending.error for ending in simulate(Scenario(3, lock=str(file), pay=(0, 0)), db=db).endings]
    assert errors == [None, None, "IndexError: tuple index out of range (two.py line 8)"]
