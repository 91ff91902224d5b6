"""The pages about grading say what is so, and the example project passes."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from booking.cli.app import run_command
from booking.textbook import TEXTBOOK
from booking.textbook.starter import starter_of

DOCS = Path(__file__).parent.parent.parent / "docs"
EXAMPLE = re.compile(r"<!-- booking grade naive.py -->\n```text\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_the_example_is_what_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """grading.md shows what `booking grade` prints about the naive flag."""
    monkeypatch.chdir(tmp_path)
    Path("naive.py").write_text(starter_of("naive-flag"), encoding="utf-8")
    run_command(["grade", "naive.py"])
    [shown] = EXAMPLE.findall((DOCS / "grading.md").read_text(encoding="utf-8"))
    assert shown == capsys.readouterr().out


def test_the_textbooks_page_is_the_registry() -> None:
    """`python docs/textbook.py --write` has been run since the registry has changed."""
    page = runpy.run_path(str(DOCS / "textbook.py"))["page"]()
    assert page == (DOCS / "textbook.md").read_text(encoding="utf-8")
    assert f"{len(TEXTBOOK)} locks" in (DOCS / "grading.md").read_text(encoding="utf-8")


def test_the_example_project() -> None:
    """The project in docs/proofs proves its lock and its buyer."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull]
    ran = subprocess.run(command, cwd=DOCS / "proofs", capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout[-200:].count("4 passed")) == (0, 1), ran.stdout
