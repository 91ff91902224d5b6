"""The long forms of the tests run, and what they find is not passed over."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.mark.slow
def test_a_short_torture_finds_nothing() -> None:
    """A thousandth of two rows: a line for each promise, every aim reached, exit status 0."""
    command = [sys.executable, str(BENCHMARKS / "torture.py"), "--scale", "0.001", "writers", "order"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.returncode, "Traceback" in ran.stderr) == (0, False)
    assert "40 SIGKILLs of writers: 0 wrong; aim: 0 wrong; met: yes" in ran.stdout
    assert "lock file: " in ran.stdout


def test_what_is_wrong_is_shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A row with a broken promise says so, and its aim is missed."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    torture = importlib.import_module("torture")
    broken = torture.Found(wrong=["the store is torn"])
    monkeypatch.setattr(torture, "tortured", lambda *_: broken)
    aim = torture.reported(torture.ROWS["malformed"], 1.0)
    assert (aim.met, aim.reached) == (False, "0 fuzzed stores: 1 wrong")
    assert "WRONG the store is torn" in capsys.readouterr().out
