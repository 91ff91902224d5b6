"""No report overwrites the ticket store, a lock file, what the command reads, or another report."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from booking.cli.app import run_command

ONE_SALE = ["run", "--buyers", "1", "--pay", "0", "--db", "db.json"]
REPORTS = ("html", "svg", "trace", "csv", "history")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder with a store of five tickets."""
    monkeypatch.chdir(tmp_path)
    Path("db.json").write_text('{"count": 5}')
    return tmp_path


@pytest.mark.parametrize("report", REPORTS)
def test_a_report_never_overwrites_the_store(report: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The command ends with 2 and one line, and the store and the folder are as they were."""
    assert run_command([*ONE_SALE, f"--{report}", "./db.json"]) == 2
    assert capsys.readouterr().err == (
        f"booking: cannot write db.json: it is the ticket store db.json; choose another file with --{report}\n"
    )
    assert Path("db.json").read_text() == '{"count": 5}'
    assert list(Path().iterdir()) == [Path("db.json")]


@pytest.mark.parametrize("link", [os.symlink, os.link], ids=["symbolic", "hard"])
def test_a_link_to_the_store_is_the_store(link: Callable[[str, str], None]) -> None:
    """Another name for the same file does not get past the check."""
    link("db.json", "page.html")
    assert run_command([*ONE_SALE, "--html", "page.html"]) == 2
    assert Path("db.json").read_text() == '{"count": 5}'


def test_a_report_never_overwrites_a_lock_file() -> None:
    """Processes that hold a lock on the old file would no longer keep the new ones out."""
    assert run_command([*ONE_SALE, "--csv", "db.json.lock"]) == 2
    assert list(Path().iterdir()) == [Path("db.json")]


def test_two_reports_never_share_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    """The second would overwrite the first without a word."""
    assert run_command([*ONE_SALE, "--html", "f", "--history", "f"]) == 2
    assert "it is also the file of --history" in capsys.readouterr().err
    assert list(Path().iterdir()) == [Path("db.json")]


def test_a_report_of_a_history_never_overwrites_it() -> None:
    """`booking report sale.jsonl --html sale.jsonl` would lose the only record of the sale."""
    assert run_command([*ONE_SALE, "--history", "sale.jsonl"]) == 0
    before = Path("sale.jsonl").read_text()
    assert run_command(["report", "sale.jsonl", "--html", "sale.jsonl"]) == 2
    assert Path("sale.jsonl").read_text() == before


def test_a_replay_overwrites_neither_its_store_nor_its_schedule() -> None:
    """The history of a replay goes to a file that the replay does not need."""
    assert run_command(["explore", "--buyers", "2", "--save", "bad.json"]) == 0
    before = Path("bad.json").read_text()
    for path in ("db.json", "bad.json"):
        assert run_command(["replay", "bad.json", "--db", "db.json", "--history", path]) == 2
    assert (Path("bad.json").read_text(), Path("db.json").read_text()) == (before, '{"count": 5}')


def test_a_device_may_be_named_twice() -> None:
    """What is written to the null device is kept nowhere, so nothing is lost."""
    assert run_command([*ONE_SALE, "--html", os.devnull, "--csv", os.devnull]) == 0
