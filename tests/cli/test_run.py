"""`booking run`: what it prints, as text and as JSON, and the exit status that scripts go by."""

import json
from pathlib import Path
from typing import Any

import pytest
from programs import ran

from booking.cli.app import RENAMED, run_command
from booking.history.history import History
from booking.history.verdict import judge

SALE = ["run", "--db", "db.json", "--pay", "0"]
KEYS = {
    "schema",
    "scenario",
    "tickets",
    "buyers",
    "sold",
    "sold_out",
    "oversold",
    "torn_reads",
    "unfinished",
    "unknown",
    "stock_left",
    "verdict",
    "findings",
    "elapsed_s",
    "start_method",
    "cores",
    "timed_out",
    "staging",
    "faults",
    "notes",
    "processes",
}
PROMISED = KEYS - {"scenario", "elapsed_s", "start_method", "cores", "staging", "faults", "notes", "processes"}


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def document(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Return the JSON document on standard output, which is all that is there."""
    captured = capsys.readouterr()
    assert captured.err == ""
    answer: dict[str, Any] = json.loads(captured.out)
    return answer


def test_the_default_sale_is_oversold_before_everybodys_eyes(capsys: pytest.CaptureFixture[str]) -> None:
    """Ten buyers, one ticket, no lock: everybody looks, many buy, and the verdict says so in a sentence."""
    text = ""
    while "OVERSOLD" not in text:  # nearly always the first sale is, unless the machine holds nine processes back
        Path("db.json").unlink(missing_ok=True)
        assert run_command(["run", "--db", "db.json"]) == 0
        text = capsys.readouterr().out
    lines = text.splitlines()
    assert lines[0] == lines[-1]
    assert lines[1] == "Created db.json with 1 ticket."
    assert sum("looks and sees" in line for line in lines) == 10
    bought = sum(line.startswith("buyer ") and line.endswith("  bought") for line in lines)
    assert bought == sum("buys a ticket: it had read 1 and wrote 0" in line for line in lines)
    text = " ".join(lines)
    assert lines[0] == f"OVERSOLD: {bought} tickets were sold, but only 1 existed."
    assert "had already read 1 when buyer" in text
    assert json.loads(Path("db.json").read_bytes()) == {"count": 0}


@pytest.mark.parametrize("lock", ["mp", "file"])
def test_a_lock_sells_the_ticket_once(lock: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With a lock one buys, nine find it sold out, and the verdict is sound."""
    assert run_command([*SALE, "--lock", lock, "--expect", "sound"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == lines[-1] == "CORRECT: 1 ticket existed, 1 was sold."
    assert "9 buyers found it sold out." in lines


def test_the_second_line_says_what_became_of_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    """The file is created, restocked, or holds what it should already; and --keep-stock sells what is left."""
    said = []
    for options in (["--tickets", "3"], [], ["--tickets", "1"], ["--tickets", "5"], ["--keep-stock", "--tickets", "9"]):
        assert run_command([*SALE, "--buyers", "2", "--lock", "file", *options]) == 0
        said.append(capsys.readouterr().out.splitlines()[1])
    # Two buyers leave 3 - 2 = 1; of 1 they leave 0, twice; of 5 they leave 3, which the last two keep for sale.
    assert said == [
        "Created db.json with 3 tickets.",
        "db.json holds 1 ticket.",
        "Restocked db.json: it held 0, now 1 ticket.",
        "Restocked db.json: it held 0, now 5 tickets.",
        "db.json holds 3 tickets.",
    ]
    assert json.loads(Path("db.json").read_bytes()) == {"count": 1}


def test_the_json_document_has_these_keys(capsys: pytest.CaptureFixture[str]) -> None:
    """The keys are a promise: no others, and none missing."""
    assert run_command([*SALE, "--lock", "file", "--buyers", "3", "--seed", "7", "--json"]) == 0
    answer = document(capsys)
    assert set(answer) == KEYS
    told = {key: answer[key] for key in PROMISED}
    assert told == {
        "schema": 1,
        "tickets": 1,
        "buyers": 3,
        "sold": 1,
        "sold_out": 2,
        "oversold": 0,
        "torn_reads": 0,
        "unfinished": 0,
        "unknown": 0,
        "stock_left": 0,
        "verdict": "sound",
        "findings": [],
        "timed_out": False,
    }
    assert (answer["scenario"]["buyers"], answer["scenario"]["lock"], answer["scenario"]["seed"]) == (3, "file", 7)
    assert 0 < answer["elapsed_s"] < 30


def test_a_finding_in_json_names_its_witness(capsys: pytest.CaptureFixture[str]) -> None:
    """A finding has the anomaly, a sentence, the events that show it and the command that replays it."""
    assert run_command(["run", "--db", "db.json", "--buyers", "2", "--json", "--history", "sale.jsonl"]) == 0
    finding, lost = document(capsys)["findings"]
    assert set(finding) == {"anomaly", "text", "events", "replay"}
    assert (finding["anomaly"], lost["anomaly"]) == ("oversold", "lost update")
    history = History.from_lines(Path("sale.jsonl").read_text(encoding="utf-8").splitlines())
    events = {event.seq: event for event in history.events}
    # Two reads of 1 and two writes of 0.
    assert sorted((events[seq].step, events[seq].value) for seq in finding["events"]) == [
        ("read", 1),
        ("read", 1),
        ("write", 0),
        ("write", 0),
    ]
    assert finding["replay"].startswith("booking replay ")


def test_repeat_counts_the_sales(capsys: pytest.CaptureFixture[str]) -> None:
    """--repeat holds so many sales and tells what each sold."""
    assert run_command([*SALE, "--lock", "file", "--buyers", "2", "--repeat", "4", "--json"]) == 0
    answer = document(capsys)
    assert set(answer) == KEYS | {"runs", "oversold_runs"}
    assert (answer["runs"], answer["oversold_runs"], answer["sold"]) == (4, 0, [1, 1, 1, 1])
    assert run_command([*SALE, "--lock", "file", "--buyers", "2", "--repeat", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == [
        "3 sales of 1 ticket to 2 buyers, lock file: oversold in 0 of 3.",
        "Tickets sold: 1 in 3 sales",
        "Verdicts: correct in 3 sales",
    ]


@pytest.mark.parametrize(
    ("options", "status"),
    [
        pytest.param([], 0, id="nothing-expected"),
        pytest.param(["--expect", "oversold"], 0, id="as-expected"),
        pytest.param(["--expect", "OVERSOLD"], 0, id="in-capitals"),
        pytest.param(["--expect", "sound"], 1, id="not-as-expected"),
        pytest.param(["--expect", "lost-update"], 1, id="another-anomaly"),
        pytest.param(["--expect", "good"], 2, id="no-verdict"),
        pytest.param(["--expect", "oversold", "--timeout", "0.01"], 3, id="no-answer-in-time"),
        pytest.param(["--expect", "unknown", "--timeout", "0.01"], 0, id="no-answer-as-expected"),
    ],
)
def test_the_exit_status_says_whether_it_was_as_expected(options: list[str], status: int) -> None:
    """0 done or as expected, 1 not as expected, 2 a bad option, 3 no answer."""
    assert run_command(["run", "--db", "db.json", "--buyers", "2", "--pay", "0.1", *options]) == status


@pytest.mark.parametrize("store", ["json", "inplace"])
def test_a_history_file_is_the_history(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What --history writes is read back line for line, and judged as the command judged it."""
    assert run_command([*SALE, "--store", store, "--buyers", "5", "--history", "sale.jsonl", "--json"]) == 0
    lines = Path("sale.jsonl").read_text(encoding="utf-8").splitlines()
    history = History.from_lines(lines)
    assert list(history.to_lines()) == lines
    verdict = json.loads(json.dumps(judge(history).to_json()))
    answer = document(capsys)
    assert verdict == {key: answer[key] for key in verdict}


@pytest.mark.often(times=100)
def test_a_thousand_buyers_buy(times: int, tmp_path: Path) -> None:
    """So many processes are started, let in at once and collected; one has the ticket, and the screen is short."""
    done = ran([*SALE, "--buyers", str(times), "--lock", "flock", "--expect", "sound"], tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"\n{times - 1:,} buyers found it sold out.\n\nCORRECT: 1 ticket existed, 1 was sold.\n" in done.stdout
    assert len(done.stdout.splitlines()) < 60


@pytest.mark.parametrize(
    ("arguments", "left"),
    [
        pytest.param(["run", "--tickets", "3", "--buyers", "2", "--pay", "0", "--lock", lock], 1, id=lock)
        for lock in ("file", "cas", "partition")
    ]
    + [
        pytest.param(["buy", "--pay", "0"], 4, id="buy"),
        pytest.param(["reset", "--tickets", "7"], 7, id="reset"),
    ],
)
def test_a_symbolic_link_and_permissions_are_kept(arguments: list[str], left: int, tmp_path: Path) -> None:
    """A class keeps its store elsewhere: the link stays one, its target changes, and both may do what they might."""
    target, link = tmp_path / "elsewhere" / "store.json", tmp_path / "db.json"
    target.parent.mkdir()
    target.write_bytes(b'{"count": 5}')
    target.chmod(0o640)
    link.symlink_to(target)
    assert run_command([*arguments, "--db", str(link)]) == 0
    assert link.readlink() == target
    assert (json.loads(target.read_bytes()), target.stat().st_mode & 0o777) == ({"count": left}, 0o640)
    assert {path.name for path in tmp_path.iterdir()} == {"db.json", "elsewhere"}


@pytest.mark.parametrize("command", RENAMED)
def test_an_option_of_an_earlier_version_names_its_successor(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One line, exit 2, and nothing happens; with a value behind a space or behind "=" alike."""
    for old, new in RENAMED[command].items():
        for arguments in ([command, old, "2"], [command, f"{old}=2"]):
            assert run_command(arguments) == 2
            assert capsys.readouterr().err == f"booking: {old} has a new name: use {new}\n"
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(
    "command",
    [
        SALE,
        ["buy", "--db", "db.json"],
        ["explore"],
        ["replay", "1,2"],
        ["play"],
        ["office", "--db", "db.json"],
        ["compare", "--locks", "none"],
    ],
    ids=lambda command: command[0],
)
def test_permits_that_no_lock_reads_are_refused(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Only the semaphore lets several in; elsewhere --permits would have no effect."""
    assert run_command([*command, "--permits", "3"]) == 2
    assert "none; use --lock" in capsys.readouterr().err
    assert not Path("db.json").exists()


def test_permits_of_a_semaphore_are_read() -> None:
    """With a semaphore the same option is welcome."""
    assert run_command([*SALE, "--permits", "3", "--lock", "semaphore"]) == 0
