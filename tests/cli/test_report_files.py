"""No report overwrites the ticket store, a lock file, what the command reads, or another report."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from booking.cli.app import run_command

ONE_SALE = ["run", "--buyers", "1", "--pay", "0", "--db", "db.json"]
REPORTS = ("html", "svg", "png", "trace", "csv", "history")


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


def test_a_terminal_hears_what_was_written(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A line for each file on standard error; a program that reads the answer is not disturbed by it."""
    monkeypatch.setattr("booking.cli.files.on_terminal", lambda: True)
    assert run_command([*ONE_SALE, "--history", "sale.jsonl", "--svg", "sale.svg", "--no-live", "--json"]) == 0
    captured = capsys.readouterr()
    assert captured.err == "Wrote sale.jsonl\nWrote sale.svg\n"
    assert json.loads(captured.out)["verdict"] == "sound"


@pytest.mark.parametrize(
    ("command", "written"),
    [
        pytest.param([*ONE_SALE, "--svg", "sale.svg", "--html", "sale.html"], "sale.html", id="run"),
        pytest.param(["replay", "1,1,1", "--db", "db.json", "--png", "it.png"], "it.png", id="replay"),
        pytest.param(["explore", "--buyers", "2", "--html", "all.html"], "all.html", id="explore"),
    ],
)
def test_open_shows_the_file_in_the_browser(
    command: list[str], written: str, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    """The page before the image, and as the address of a file: nothing leaves the machine."""
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda address: bool(opened.append(address)) or True)
    assert run_command([*command, "--open"]) == 0
    assert opened == [(folder / written).as_uri()]


def test_open_without_a_picture_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """There would be nothing to open; the sale is not held."""
    assert run_command([*ONE_SALE, "--open", "--csv", "sale.csv"]) == 2
    assert capsys.readouterr().err == "booking: --open requires --html or --svg or --png\n"


def test_without_a_browser_the_file_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a server the page is written all the same."""
    monkeypatch.setattr("webbrowser.open", lambda _: False)
    assert run_command([*ONE_SALE, "--html", "sale.html", "--open"]) == 0
    assert capsys.readouterr().err == "There is no browser here; open sale.html yourself.\n"


def test_the_image_in_pixels_is_the_image(folder: Path) -> None:
    """A PNG of twice the width of the drawing, 1280."""
    assert run_command([*ONE_SALE, "--png", "sale.png"]) == 0
    head = (folder / "sale.png").read_bytes()[:24]
    assert head.startswith(b"\x89PNG\r\n\x1a\n")
    assert int.from_bytes(head[16:20], "big") == 2 * 1280


def test_without_the_package_it_is_named_before_the_sale(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The remedy is one line, and the store is as it was."""
    monkeypatch.setattr("booking.cli.files.find_spec", lambda _: None)
    assert run_command([*ONE_SALE, "--png", "sale.png"]) == 2
    assert "pip install resvg_py" in capsys.readouterr().err
    assert Path("db.json").read_text() == '{"count": 5}'
