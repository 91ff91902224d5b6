"""An interruption that Python wraps in another error is still an interruption."""

import subprocess
import sys
from pathlib import Path

import pytest

LATE = """
import signal, sys
from booking.cli import entry
import booking.cli.app

class Interrupting:
    def __set_name__(self, owner, name):
        signal.raise_signal(signal.{name})

def run_command(arguments, program):
    type("Imported", (), {{"field": Interrupting()}})

booking.cli.app.run_command = run_command
sys.exit(entry.main())
"""


@pytest.mark.parametrize(("name", "status"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_an_interruption_in_the_middle_of_a_class(name: str, status: int, tmp_path: Path) -> None:
    """A signal that arrives while a class names its fields, as an import of a dataclass does, ends with our status."""
    ran = subprocess.run(
        [sys.executable, "-c", LATE.format(name=name), "look"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (status, "")
    assert ran.stderr == "Stopped.\n"
