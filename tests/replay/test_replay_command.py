"""`booking replay`: what it prints, and its exit status."""

import json
from pathlib import Path

import pytest

from booking.cli.app import run_command
from booking.history.history import History
from booking.history.schedule import SavedSchedule, save
from booking.scenario import Scenario

RACE = """\
2 buyers, 1 ticket in db.json, lock none, store json.
Real processes (fork) took these steps, one at a time:

step  buyer 1   buyer 2  line  code
   1  look 1               58  desk.look()
   2            look 1     58  desk.look()
   3  read 1               65  count = desk.read()
   4            read 1     65  count = desk.read()
   5  write 0              69  desk.write(count - 1)
   6            write 0    69  desk.write(count - 1)
 end  bought    bought

The real run matched the prediction: each of the 6 steps, how each buyer ended,
and 0 tickets left.

Buyer 2 had already read 1 when buyer 1 wrote 0, so it sold the same ticket
again.
OVERSOLD: 2 tickets were sold, but only 1 existed.
"""


def test_a_race_is_shown_in_columns(
    db: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A column per buyer, the value at each step, that it was predicted, and the verdict."""
    monkeypatch.chdir(db.parent)
    assert run_command(["replay", "1,2,1,2,1,2", "--db", db.name, "--start-method", "fork"]) == 0
    assert capsys.readouterr().out == RACE


def test_attempts_that_the_schedule_does_not_have_are_told_apart(db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Buyer 2 is left waiting: its attempt at the lock is shown, and is no step of the schedule."""
    assert run_command(["replay", "1,2,1,-1", "--lock", "mp", "--db", str(db)]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert (
        "The real run matched the prediction: each of the 4 steps, 1 blocked attempt behind them, how each buyer ended"
        in text
    )
    assert "an orphaned lock, not a cycle of waits" in text


def test_one_json_document(db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was played, what happened at each place, and the verdict."""
    assert run_command(["replay", "1,2,1,-1", "--lock", "mp", "--json", "--db", str(db)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == 1
    assert document["schedule"] == [1, 2, 1, -1]
    assert document["as_predicted"] is True
    assert [(s["buyer"], s["step"], s["value"]) for s in document["steps"]] == [
        (1, "look", 1),
        (2, "look", 1),
        (1, "acquire", None),
        (1, None, None),
        (2, "acquire", "blocked"),
    ]
    assert (document["verdict"], document["outcomes"]) == ("deadlock", ["unfinished", "unfinished"])


def test_a_saved_schedule_brings_its_scenario(db: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Options that are given go before what the file says."""
    saved = tmp_path / "schedule.json"
    save(saved, SavedSchedule(Scenario(buyers=2, tickets=5), (1, 1, 1, 2, 2, 2)))
    assert run_command(["replay", str(saved), "--db", str(db), "--expect", "sound"]) == 0
    assert "2 buyers, 5 tickets" in capsys.readouterr().out
    assert run_command(["replay", str(saved), "--db", str(db), "--tickets", "3", "--buyers", "4"]) == 0
    assert "4 buyers, 3 tickets" in capsys.readouterr().out


def test_the_history_is_written(db: Path, tmp_path: Path) -> None:
    """The file is a history like that of any sale."""
    path = tmp_path / "history.jsonl"
    assert run_command(["replay", "1,1,1", "--db", str(db), "--history", str(path)]) == 0
    history = History.from_lines(path.read_text().splitlines())
    assert [event.step for event in history.of(1)] == ["look", "look", "read", "read", "write", "write"]


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["1,2,1,2,1,2", "--expect", "oversold"], 0),
        (["1,1,1", "--expect", "oversold"], 1),
        (["1,1,1", "--expect", "nonsense"], 2),
        (["1,1"], 2),
        (["1,1,1,1"], 2),
        (["1,2,3", "--buyers", "2"], 2),
        (["1,x"], 2),
        (["absent.json"], 2),
        (["1,1,1", "--lock", "absent"], 2),
        (["1,1,1", "--store", "absent"], 2),
        (["1,1,1", "--tickets", "-1"], 2),
        (["1,1,1", "--start-method", "absent"], 2),
        (["--", "-2,1,1,1"], 0),
    ],
)
def test_the_exit_status(db: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], status: int) -> None:
    """0 for done, 1 for another verdict than expected, 2 and one line for bad input; the store stays as it was."""
    before = db.read_bytes()
    assert run_command(["replay", "--db", str(db), *arguments]) == status
    if status == 2:
        error = capsys.readouterr().err
        assert error.startswith("booking: ")
        assert error.count("\n") == 1
        assert db.read_bytes() == before


def test_many_buyers_are_listed(db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Seven columns do not fit: each line names its buyer, and no line is longer than 80 columns."""
    schedule = ",".join(str(buyer) for _ in range(3) for buyer in range(1, 8))
    assert run_command(["replay", schedule, "--db", str(db)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.split()[:5] == ["1", "buyer", "1", "look", "1"] for line in lines)
    assert " end  buyer 7 bought" in lines
    assert max(map(len, lines[1:])) <= 80
