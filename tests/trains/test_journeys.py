"""Journeys on two trains with real processes: two files, two locks, and what comes of taking them in turn."""

import json
from itertools import chain, repeat
from pathlib import Path

import pytest
from interleavings import complete_schedules
from start_methods import METHODS

from booking.cli.app import run_command
from booking.errors import BadInputError
from booking.history.history import History
from booking.history.schedule import parse
from booking.history.verdict import judge
from booking.model.prediction import predict
from booking.registry import LOCKS
from booking.replayer.stage import Stage, replay
from booking.reports.csv import COLUMNS, columns, to_rows
from booking.reports.page import render as page
from booking.reports.timeline import render
from booking.scenario import Scenario
from booking.setup import Setup
from booking.simulation.sale import simulate
from booking.steps import BLOCKED

EXCLUSIVE = [name for name, lock in LOCKS.items() if lock.facts.permits == 1]
CIRCLE = (
    "Buyer 1 holds the lock of train 1 and waits for that of train 2, which buyer 2 holds. "
    "Buyer 2 holds the lock of train 2 and waits for that of train 1, which buyer 1 holds. "
    "This is a cycle of waits."
)


def attempts(history: History, buyer: int) -> list[tuple[int, object]]:
    """Return on which train a buyer tried the lock, and what came of it."""
    return [(e.train, e.value) for e in history.of(buyer) if e.step == "acquire" and e.phase == "return"]


@pytest.mark.parametrize("lock", EXCLUSIVE)
def test_the_circle_is_made_to_happen(db: Path, lock: str) -> None:
    """Each takes one real lock, is seen to be blocked at the other, and the finding names who holds what."""
    done = replay([1, 2], Scenario(2, lock=lock, trains=2, order="opposite"), db=db)
    assert attempts(done.history, 1) == [(1, None), (2, BLOCKED)]
    assert attempts(done.history, 2) == [(2, None), (1, BLOCKED)]
    assert (done.verdict.name, [finding.text for finding in done.verdict.findings]) == ("deadlock", [CIRCLE])


@pytest.mark.parametrize("lock", ["mp", "file"])
def test_three_buyers_in_a_ring_wait_for_each_other(db: Path, lock: str) -> None:
    """Each holds the lock of its own train and waits for the next buyer's: the dining philosophers, really."""
    done = replay([1, 2, 3], Scenario(3, lock=lock, trains=3, order="ring"), db=db)
    assert [attempts(done.history, buyer) for buyer in (1, 2, 3)] == [
        [(1, None), (2, BLOCKED)],
        [(2, None), (3, BLOCKED)],
        [(3, None), (1, BLOCKED)],
    ]
    assert done.verdict.name == "deadlock"
    assert "Buyer 3 holds the lock of train 3 and waits for that of train 1, which buyer 1 holds" in (
        done.verdict.findings[0].text
    )
    assert done.history.counts_left == (1, 1, 1)


@pytest.mark.parametrize("order", ["same", "ring"])
def test_three_trains_are_sold_together(db: Path, order: str) -> None:
    """Three buyers with two tickets on each train have one on two of them each, if no cycle of waits closes."""
    scenario = Scenario(3, 2, lock="file", trains=3, order=order, pay=(0, 0))
    history = next(sale for sale in (simulate(scenario, db=db, timeout=2) for _ in range(20)) if not sale.timed_out)
    assert (judge(history).name, judge(history).sold, history.counts_left) == ("sound", 3, (0, 0, 0))
    assert [json.loads(path.read_text()) for path in sorted(db.parent.glob("*.json"))] == [{"count": 0}] * 3
    assert History.from_lines(history.to_lines()) == history


def test_a_train_that_is_oversold_is_told_from_a_sale_of_more_than_one_journey(db: Path) -> None:
    """Buyers 1 and 3 need different trains; buyer 5 needs those of buyer 1, and without a lock both get them."""
    scenario = Scenario(5, trains=4)
    apart = replay([1, 1, 1, 1, 3, 3, 3, 3], scenario, db=db).verdict
    assert (apart.name, apart.sold, apart.oversold) == ("sound", 2, 0)
    twice = replay([1, 1, 3, 3, 3, 3, 5, 5, 5, 5, 1, 1], scenario, db=db).verdict
    assert (twice.name, twice.sold, twice.oversold) == ("oversold", 3, 1)
    assert (
        "Buyer 1 had already read 1 for train 1 when buyer 5 wrote 0, so it sold the same ticket again."
        in twice.sentence
    )


def test_half_a_journey_on_one_of_three_trains(db: Path) -> None:
    """Buyer 2 dies between its writes for trains 2 and 3: of train 2 a ticket is gone that is not sold."""
    done = replay(parse("2,2,2,2,2,-2"), Scenario(3, lock="file", trains=3), db=db)
    (half,) = [finding.text for finding in done.verdict.findings if finding.anomaly == "half journey"]
    lost = "train 1 lost 0 tickets (0 sold), train 2 lost 1 ticket (0 sold) and train 3 lost 0 tickets (0 sold)"
    assert half == f"Half a journey: {lost}. Buyer 2 did not write for both trains of the journey."


def test_only_who_is_in_the_cycle_is_said_to_be(db: Path) -> None:
    """Buyers 1 and 4 wait for each other; buyer 2 holds a lock that nobody waits for, and waits behind them."""
    done = replay([1, 4, 2], Scenario(4, lock="mp", trains=3, order="opposite"), db=db)
    assert "Buyer 2 holds" not in done.verdict.sentence
    assert "This is a cycle of waits. Buyer 2 waits behind it." in done.verdict.sentence


def test_a_history_of_two_trains_from_an_earlier_version_is_read() -> None:
    """It names what is left on the second train, and has no list."""
    history = predict(Scenario(2, trains=2), (1, 1, 1, 1)).history
    header, *rest = history.to_lines()
    earlier = {key: value for key, value in json.loads(header).items() if key != "counts_left"}
    assert History.from_lines([json.dumps(earlier), *rest]) == history


@pytest.mark.parametrize(
    ("scenario", "verdicts"),
    [
        pytest.param(Scenario(2, lock="mp", trains=2, order="opposite"), {"sound": 4, "deadlock": 2}, id="opposite"),
        pytest.param(Scenario(2, lock="file", trains=2), {"sound": 2}, id="same"),
        pytest.param(Scenario(2, trains=2), {"sound": 12, "oversold": 54}, id="no-lock"),
    ],
)
def test_every_schedule_of_two_buyers_happens_as_predicted(
    db: Path, scenario: Scenario, verdicts: dict[str, int]
) -> None:
    """A replay raises where reality differs; the verdicts are as many as the explorer counts."""
    found = dict.fromkeys(verdicts, 0)
    with Stage(scenario, db=db) as stage:
        for schedule in complete_schedules(scenario):
            found[stage.play(schedule).verdict.name] += 1
    assert found == verdicts


@pytest.mark.parametrize("method", METHODS)
def test_every_start_method_has_two_trains(db: Path, method: str) -> None:
    """Two locks and two stores find their way into spawned processes, too; the second train has a file beside."""
    done = replay([1, 1, 2, 2, 2, 2, 1, 1], Scenario(2, trains=2), db=db, start_method=method)
    assert (done.verdict.name, done.verdict.sold, done.history.counts_left) == ("oversold", 2, (0, 0))
    assert json.loads(db.with_name("db-2.json").read_bytes()) == json.loads(db.read_bytes()) == {"count": 0}


def test_half_a_journey_without_a_death(db: Path) -> None:
    """Train 1 is sold in turn, and on train 2 both read 2 before either wrote 1: one lost two, the other one."""
    done = replay(parse("1,1,1,2,2,1,2,2"), Scenario(2, 2, trains=2), db=db)
    assert (done.verdict.name, done.history.counts_left) == ("lost update", (0, 1))
    lost, half = (finding.text for finding in done.verdict.findings)
    assert lost == (
        "The file of train 2 lost only 1 ticket. Buyer 2 had already read 2 for train 2 when buyer 1 wrote 1, "
        "so it sold the same ticket again."
    )
    assert half == "Half a journey: train 1 lost 2 tickets and train 2 lost 1 ticket."


def test_half_a_journey_of_a_killed_buyer(db: Path) -> None:
    """It dies between its two writes; the lock is freed, and no lock makes the second write for it."""
    done = replay(parse("1,1,1,1,1,-1"), Scenario(2, lock="file", trains=2), db=db)
    assert (done.verdict.name, done.history.counts_left) == ("half journey", (0, 1))
    assert "Buyer 1 did not write for both trains." in done.verdict.sentence


def test_the_same_order_is_sold_in_turn(db: Path) -> None:
    """Ten real buyers, three tickets on each train: three journeys, nothing left on either, two files."""
    history = simulate(Scenario(10, 3, "file", pay=(0, 0), trains=2), db=db)
    verdict = judge(history)
    assert (verdict.name, verdict.sold, verdict.sold_out, history.counts_left) == ("sound", 3, 7, (0, 0))
    assert sorted(path.name for path in db.parent.iterdir()) == [
        "db-2.json",
        "db-2.json.lock",
        "db.json",
        "db.json.lock",
    ]


def test_without_a_lock_real_journeys_are_oversold(db: Path) -> None:
    """Everybody reads both counts before anybody has paid for 200 ms; the finding can be replayed."""
    history = simulate(Scenario(4, pay=(0.2, 0.2), trains=2), db=db)
    verdict = judge(history)
    assert (verdict.name, verdict.sold) == ("oversold", 4)
    replayed = verdict.findings[0].replay
    assert replayed is not None
    assert replayed.endswith("--buyers 4 --tickets 1 --lock none --store json --trains 2 --lock-order same")
    assert replay(parse(replayed.split()[2]), history.scenario, db=db).verdict.sold == 4


@pytest.fixture
def stuck(db: Path) -> History:
    """Return a real sale that ended in a circle; most do, and of ten in a row one has."""
    scenario = Scenario(20, lock="mp", pay=(0, 0), trains=2, order="opposite")
    sales = (simulate(scenario, db=db, timeout=1) for _ in range(10))
    return next(history for history in sales if history.timed_out)


def test_a_free_run_ends_by_its_time_out(stuck: History) -> None:
    """Nobody is killed and nobody moves: the verdict is deadlock, and a sentence names a buyer of each kind."""
    (finding,) = judge(stuck).findings
    assert (judge(stuck).name, finding.replay) == ("deadlock", None)
    assert finding.text.count("holds the lock of train") == 2
    assert " waits for that of train 2, which buyer" in finding.text
    assert " waits for that of train 1, which buyer" in finding.text
    assert "This is a cycle of waits. Buyer" in finding.text
    assert finding.text.endswith("behind it.")
    assert finding.text in " ".join(render(stuck, judge(stuck)).split())
    assert History.from_lines(stuck.to_lines()) == stuck
    assert '"shared":["File 1","File 2","Lock 1","Lock 2"]' in page(stuck, judge(stuck)).replace(", ", ",")


def test_the_table_has_both_trains() -> None:
    """Both hold one lock and wait for the other: three more columns say which, only where there are two trains."""
    history = predict(Scenario(2, lock="mp", trains=2, order="opposite"), (1, 2)).history
    rows = [
        [row[name] for name in ("buyer", "lock_holders", *columns(history)[len(COLUMNS) :])] for row in to_rows(history)
    ]
    assert rows[1:4:2] == [[1, "1", 1, 1, ""], [2, "1", 2, 1, "2"]]
    assert list(to_rows(predict(Scenario(2), (1, 1, 1)).history)[0]) == list(COLUMNS)


def test_the_command_line_ends_with_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run that the time-out ended is inconclusive for scripts; 0 is for the sales that were lucky."""
    command = ["run", "--buyers", "20", "--trains", "2", "--lock-order", "opposite", "--lock", "mp", "--pay", "0"]
    command += ["--timeout", "1", "--db", str(tmp_path / "db.json")]
    statuses = (run_command(command) for _ in range(10))
    assert next(chain(filter(None, statuses), repeat(0))) == 3
    out = capsys.readouterr().out
    assert "DEADLOCK: " in out
    assert "for train 2, holds as many." in " ".join(out.split())


@pytest.mark.parametrize(
    "setup", [Setup(trees=2), Setup(channel="queue"), Setup(pool=2)], ids=["offices", "clerks", "pool"]
)
@pytest.mark.parametrize("lock", ["mp", "none"])
def test_the_other_dials_are_refused(tmp_path: Path, setup: Setup, lock: str) -> None:
    """Before anything is touched, one line says what to leave out."""
    with pytest.raises(BadInputError, match="--trains cannot be combined with --pool, --channel, --trees"):
        simulate(Scenario(2, lock=lock, trains=2), setup=setup, db=tmp_path / "db.json")
    assert list(tmp_path.iterdir()) == []


def test_what_is_left_is_not_sold(tmp_path: Path) -> None:
    """The two files may hold different counts, so a journey starts with a full stock."""
    with pytest.raises(BadInputError, match="--keep-stock cannot be combined with --trains"):
        simulate(Scenario(2, trains=2), db=tmp_path / "db.json", restock=False)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("_elsewhere")
@pytest.mark.parametrize(
    ("command", "status", "words"),
    [
        (["explore", "--lock", "mp", "--lock-order", "opposite"], 0, "deadlock 2, 33.3 %"),
        (["explore", "--lock", "mp", "--expect", "sound"], 0, "all 2 of them, and none oversells"),
        (["replay", "1,2", "--lock", "mp", "--lock-order", "opposite", "--expect", "deadlock"], 0, "2 acquire (t2)"),
        (["replay", "1,2", "--lock", "cas"], 2, ""),
        (["run", "--lock", "partition"], 2, ""),
        (["run", "--kill", "1@pay"], 2, ""),
    ],
)
def test_the_commands_know_two_trains(
    capsys: pytest.CaptureFixture[str], command: list[str], status: int, words: str
) -> None:
    """`--trains` and `--lock-order` mean the same everywhere, and what makes no sense costs one line."""
    assert run_command([*command, "--buyers", "2", "--trains", "2"]) == status
    captured = capsys.readouterr()
    assert words in " ".join(captured.out.split())
    assert len(captured.err.splitlines()) == (status == 2)


def test_the_scenario_is_written_with_its_trains_only_where_there_are_two() -> None:
    """A plain sale's documents are what they were; the others are read back, and nothing else is."""
    plain, journey = Scenario(2), Scenario(2, trains=2, order="opposite")
    assert plain.to_json().keys() & {"trains", "order"} == set()
    assert (journey.to_json()["trains"], journey.to_json()["order"]) == (2, "opposite")
    assert [Scenario.from_json(scenario.to_json()) for scenario in (plain, journey)] == [plain, journey]


@pytest.mark.parametrize(
    "document",
    [{"trains": 9}, {"trains": True}, {"trains": 2, "order": "up"}, {"order": "opposite"}, {"trains": 2, "order": []}],
)
def test_a_scenario_with_other_trains_is_refused(document: dict[str, object]) -> None:
    """Eight trains at most, and three orders."""
    with pytest.raises(BadInputError, match=r"trains is|order is|--lock-order requires"):
        Scenario.from_json(document)


def test_a_history_names_the_second_train_and_only_that() -> None:
    """Events of the first train, or the only one, have the keys that they always had."""
    history = predict(Scenario(2, trains=2), (1, 1, 1, 1)).history
    header, *rows = map(json.loads, history.to_lines())
    assert header["second_left"] == 0
    assert [row.get("train") for row in rows[:8]] == [None, None, 2, 2, None, None, 2, 2]
    assert History.from_lines(history.to_lines()) == history
    plain = list(predict(Scenario(2), (1, 1, 1)).history.to_lines())
    assert "train" not in "".join(plain)
    with pytest.raises(BadInputError, match="names train 2; the sale has 1"):
        History.from_lines(line.replace('"value": 0}', '"value": 0, "train": 2}') for line in plain)
