"""The pages about grading say what is so, and the example project passes."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

from booking.textbook import TEXTBOOK

DOCS = Path(__file__).parent.parent.parent / "docs"


def test_the_pages_say_what_is_so() -> None:
    """`python docs/textbook.py --write` has been run since the registry or the output has changed."""
    script = runpy.run_path(str(DOCS / "textbook.py"))
    assert script["page"]() == (DOCS / "textbook.md").read_text(encoding="utf-8")
    assert script["example"]() == (DOCS / "grading.md").read_text(encoding="utf-8")
    assert f"{len(TEXTBOOK)} locks" in (DOCS / "grading.md").read_text(encoding="utf-8")


def test_the_example_project() -> None:
    """The project in docs/proofs proves its lock and its buyer."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull]
    ran = subprocess.run(command, cwd=DOCS / "proofs", capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout[-200:].count("4 passed")) == (0, 1), ran.stdout
