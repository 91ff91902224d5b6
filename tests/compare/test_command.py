"""`booking compare` from outside: its documents, its statuses, Ctrl-C, and the store that it does not touch."""

import json
import signal
from functools import partial
from pathlib import Path

import pytest
from programs import alive_in_session, eventually, is_unwinding, started

import booking.compare
from booking.cli.app import run_command
from booking.reports.comparison import END

BEGIN = "<!-- booking compare: begin -->"
SMALL = ["compare", "--locks", "flock", "--buyers", "3", "--repeat", "1"]


def test_one_run_writes_all_documents_and_touches_no_store(
    db: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """JSON on standard output, a page, Markdown between the markers, nothing on standard error, db.json as it was."""
    document = db.parent / "notes.md"
    document.write_text(f"mine\n{BEGIN}\n{END}\nmine too\n", encoding="utf-8")
    monkeypatch.chdir(db.parent)
    monkeypatch.setattr(booking.compare, "compare_locks", partial(booking.compare.compare_locks, round_s=0.02))
    assert run_command([*SMALL, "--json", "--html", "page.html", "--markdown", "notes.md"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    row = json.loads(printed.out)["rows"][0]
    assert (row["lock"], row["proved"]["verdict"], row["two_offices"]["oversold_runs"]) == ("flock", "sound", 0)
    written = document.read_text(encoding="utf-8")
    assert written.startswith(f"mine\n{BEGIN}\n| lock |")
    assert written.endswith(f"{END}\nmine too\n")
    assert (db.parent / "page.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert db.read_bytes() == b'{"count": 1}\n'
    assert sorted(path.name for path in db.parent.iterdir()) == ["db.json", "notes.md", "page.html"]


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--locks", "padlock"], "there is no lock 'padlock'"),
        (["--locks", ","], "there is no lock ''"),
        (["--markdown", "nowhere/notes.md"], "there is no folder nowhere"),
        (["--repeat", "0"], "runs is 0"),
        (["--runs", "3"], "use --repeat"),
    ],
    ids=["lock", "comma", "folder", "repeat", "old-name"],
)
def test_bad_input_is_one_line(
    options: list[str], line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit status 2, one line, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    assert run_command(["compare", *options]) == 2
    streams = capsys.readouterr()
    assert (streams.out, streams.err.count("\n")) == ("", 1)
    assert line in streams.err


def test_ctrl_c_shows_what_there_is(tmp_path: Path) -> None:
    """The tables with what was measured so far, exit status 130, and no process and no file is left."""
    program = started(["compare", "--locks", "mp,semaphore,rlock", "--repeat", "1"], tmp_path)
    try:
        assert eventually(lambda: is_unwinding(program) and len(alive_in_session(program.pid)) > 2)
        program.send_signal(signal.SIGINT)
        out, err = program.communicate(timeout=30)
    finally:
        program.kill()
    assert program.returncode == 130
    assert err == "Stopped. All buyer processes have ended.\n"
    assert out.startswith("Is it safe? 10 buyers, 1 ticket, store json.")
    assert "? was not measured, because the comparison was interrupted." in out
    assert alive_in_session(program.pid) == []
    assert list(tmp_path.iterdir()) == []
