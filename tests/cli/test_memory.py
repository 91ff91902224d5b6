"""`explore --memory tso`: a lock that is right where an access takes effect at once may be wrong with buffers."""

import json
from pathlib import Path

import pytest

from booking.cli.app import run_command
from booking.textbook.starter import starter_of


@pytest.fixture
def peterson(tmp_path: Path) -> Path:
    """Return a file with Peterson's lock."""
    file = tmp_path / "peterson.py"
    file.write_text(starter_of("peterson"), encoding="utf-8")
    return file


def test_petersons_lock_breaks_with_store_buffers_and_holds_with_a_fence(
    peterson: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both writes can wait while both read the old flags: 6 accesses; a fence after the writes makes it right."""
    explore = ["explore", "--buyers", "2", "--lock", str(peterson), "--memory"]
    assert run_command([*explore, "sc", "--expect", "sound"]) == 0
    capsys.readouterr()
    assert run_command([*explore, "tso", "--json", "--expect", "oversold"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["verdict"], found["memory"], found["exhausted"]) == ("oversold", "tso", True)
    assert sum(step["access"] in {"read", "write"} for step in found["shortest"]["steps"]) == 6
    assert run_command([*explore, "tso"]) == 0
    assert "store buffer holds" in capsys.readouterr().out
    text = peterson.read_text(encoding="utf-8")
    fenced = text.replace("self.turn = 1 - me\n", "self.turn = 1 - me\n        fence()\n").replace(
        "Cells\n", "Cells, fence\n", 1
    )
    peterson.with_name("fenced.py").write_text(fenced, encoding="utf-8")
    fence = [word.replace("peterson.py", "fenced.py") for word in explore]
    assert run_command([*fence, "tso", "--expect", "sound"]) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--lock", "mp", "--memory", "tso"], "requires a lock of one's own"),
        (["--memory", "arm"], "use sc or tso"),
    ],
)
def test_what_no_buffer_delays_is_refused(options: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A lock of the system is no memory, and other models are not there."""
    assert run_command(["explore", *options]) == 2
    assert message in capsys.readouterr().err
