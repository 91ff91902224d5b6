"""What reaches the screen: every console, every pipe, every width."""

import os
import subprocess
from pathlib import Path

import pytest
from programs import BOOKING, PATIENCE, ran

from booking.cli.app import run_command

SALE = ["run", "--db", "db.json", "--pay", "0", "--seed", "1"]


@pytest.mark.parametrize(
    ("options", "store"),
    [
        (["--buyers", "10"], "inplace"),
        (["--buyers", "30"], "json"),
        (["--buyers", "3", "--repeat", "11"], "inplace"),
        (["--tickets", "123456789"], "json"),
    ],
)
def test_no_line_is_longer_than_80_columns(
    options: list[str], store: str, db: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A narrow terminal shows every line whole; only the command that replays the sale may be longer."""
    assert run_command(["run", "--db", db.name, "--pay", "0.01", "--store", store, *options]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if len(line) > 80 and not line.startswith("Replay it: ")] == []


@pytest.fixture(autouse=True)
def _beside_the_store(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(db.parent)


@pytest.mark.parametrize(
    "environment",
    [
        {"NO_COLOR": "1"},
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "cp1252"},
        {"TERM": "dumb"},
    ],
    ids=str,
)
def test_plain_text_on_every_console(environment: dict[str, str], tmp_path: Path) -> None:
    """The answer is plain ASCII, without colours, whatever the console can do."""
    done = ran(SALE, tmp_path, **environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii()
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_a_name_that_the_console_lacks_is_no_failure(encoding: str, tmp_path: Path) -> None:
    """A name in another script is printed as well as the console can, and the ticket is bought."""
    done = subprocess.run(
        [*BOOKING, "buy", "--db", "db.json", "--pay", "0", "--name", "Zo\u00eb \u738b"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        timeout=PATIENCE,
        env=os.environ | {"PYTHONIOENCODING": encoding},
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b": I have a ticket." in done.stdout


def test_a_full_disk_behind_the_output_ends_with_4(tmp_path: Path) -> None:
    """What cannot be printed is reported in one line, without a traceback."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*BOOKING, *SALE],
            cwd=tmp_path,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
    assert done.returncode == 4
    assert done.stderr == "booking: the system refused to go on: No space left on device\n"


@pytest.mark.parametrize("status", [0, 1])
def test_a_reader_that_has_seen_enough_stops_nothing(status: int, tmp_path: Path) -> None:
    """With `| head` the sale is held to its end, and the exit status is that of the sale."""
    program = subprocess.Popen(
        [*BOOKING, "run", "--db", "db.json", "--pay", "0.2", "--expect", ["oversold", "sound"][status]],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert program.stdout is not None
    program.stdout.close()
    assert program.stderr is not None
    with program.stderr as errors:
        assert errors.read() == b""
    assert program.wait(PATIENCE) == status


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-", "2>/dev/full"])
def test_closed_streams_are_no_failure(closed: str, tmp_path: Path) -> None:
    """A program without a terminal, from a timer for example, holds its sale all the same."""
    command = f"{' '.join(BOOKING)} {' '.join(SALE)} --lock file --expect sound {closed}"
    done = subprocess.run(["/bin/sh", "-c", command], cwd=tmp_path, capture_output=True, check=False, timeout=PATIENCE)
    assert (done.returncode, done.stderr) == (0, b"")
    assert (tmp_path / "db.json").read_bytes() == b'{"count": 0}\n'


def test_without_arguments_the_help_is_shown(tmp_path: Path) -> None:
    """Somebody who types only the name of the program learns what it can do."""
    done = ran([], tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Usage: " in done.stdout
    assert "  run " in done.stdout
