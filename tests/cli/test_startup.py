"""What a start imports: the version and a spawned buyer must not pay for what they do not use."""

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"multiprocessing", "random", "json", "dataclasses", "rich", "filelock", "typer", "http", "socketserver"}
"""Modules that take time; `typer` itself brings `dataclasses` and `random` with it."""


def modules(statement: str, folder: Path) -> set[str]:
    """Return the names of all modules that a fresh interpreter has after a statement."""
    script = f"import sys\n{statement}\nprint(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def imported(statement: str, folder: Path) -> set[str]:
    """Return the HEAVY modules that a fresh interpreter has after a statement."""
    return HEAVY & {name.partition(".")[0] for name in modules(statement, folder)}


def test_importing_the_package_imports_nothing_heavy(tmp_path: Path) -> None:
    """Every spawned buyer imports `booking` and, by the console script, `booking.cli.entry`."""
    assert imported("import booking.cli.entry", tmp_path) == set()


def test_the_version_costs_what_typer_costs(tmp_path: Path) -> None:
    """`booking --version` imports typer, and beyond it nothing heavy."""
    ours = imported("from booking.cli.app import run_command\nrun_command(['--version'])", tmp_path)
    assert ours == imported("import typer\nimport typer.main", tmp_path)
    assert ours & {"multiprocessing", "rich", "filelock", "json"} == set()


def test_a_sale_does_not_import_what_it_does_not_use(tmp_path: Path) -> None:
    """`booking run` without a file lock imports neither rich nor filelock, and no network."""
    ran = imported("from booking.cli.app import run_command\nrun_command(['run', '--pay', '0', '--db', 'd'])", tmp_path)
    assert ran & {"rich", "filelock", "http", "socketserver"} == set()


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
@pytest.mark.parametrize("entrance", ["console-script", "module"])
def test_a_spawned_buyer_imports_neither_typer_nor_rich(method: str, entrance: str, tmp_path: Path) -> None:
    """A buyer that starts anew imports the purchase and not the command line, however the command was started."""
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\nfrom booking.cli.entry import main\nif __name__ == '__main__':\n    sys.exit(main())\n",
        encoding="utf-8",
    )
    start = [script] if entrance == "console-script" else ["-m", "booking"]
    arguments = ["run", "--db", "db.json", "--pay", "0", "--buyers", "2", "--start-method", method]
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *start, *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    # -X importtime is handed on to the children: each name stands once for every process that imported it.
    names = [line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")]
    assert names.count("booking.simulation.buyer") > 1
    assert [names.count(name) for name in ("typer", "booking.cli.app")] == [1, 1]
    assert names.count("rich") == 0
