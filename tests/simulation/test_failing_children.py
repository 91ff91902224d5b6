"""A child that fails says why, in one line on the screen, under every start method."""

from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path

import pytest
from broken_locks import BrokenInChild, BrokenInParent, BrokenInTree, BrokenOnArrival

from booking.cli.app import run_command
from booking.locks import Lock
from booking.processes.journal import Journal, failure_line, receive
from booking.registry import LOCKS

METHODS = ["fork", "spawn"]
Shown = Callable[..., tuple[int, str]]


@pytest.fixture
def shown(
    db: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """Return what runs a sale of two buyers with a lock, and returns its exit status and standard error."""

    def run(lock: type[Lock], method: str, *more: str) -> tuple[int, str]:
        monkeypatch.setitem(LOCKS, "broken", lock)
        arguments = [
            "run",
            "--buyers",
            "2",
            "--lock",
            "broken",
            "--pay",
            "0",
            "--db",
            str(db),
            "--start-method",
            method,
            *more,
        ]
        status = run_command(arguments)
        return status, capfd.readouterr().err

    return run


@pytest.mark.parametrize("method", METHODS)
def test_a_lock_that_raises_in_the_purchase(method: str, shown: Shown) -> None:
    """The buyer's last message carries the error, with the file and the line that raised it."""
    status, line = shown(BrokenInChild, method)
    assert status == 4
    assert line.startswith("booking: buyer 1 failed: ZeroDivisionError: division by zero (broken_locks.py line ")
    assert line.count("\n") == 1


def test_a_lock_that_cannot_be_unpacked_by_a_spawned_buyer(shown: Shown) -> None:
    """The buyer fails before it can be one, and still says why."""
    status, line = shown(BrokenOnArrival, "spawn")
    assert status == 3
    assert line.startswith("booking: buyer 1 failed: ZeroDivisionError: division by zero (broken_locks.py line ")
    assert line.count("\n") == 1


@pytest.mark.parametrize("method", METHODS)
def test_a_lock_that_cannot_be_made(method: str, shown: Shown, db: Path) -> None:
    """The sale is refused in one line."""
    status, line = shown(BrokenInParent, method)
    assert status == 2
    assert "ZeroDivisionError: division by zero (broken_locks.py line " in line
    assert line.count("\n") == 1
    assert db.read_bytes() == b'{"count": 1}\n'


def test_a_lock_that_cannot_be_made_in_a_process_tree(shown: Shown) -> None:
    """The tree's parent says why, in the words that the sale's own parent would use."""
    status, line = shown(BrokenInTree, "fork", "--trees", "2")
    assert status == 3
    assert line.startswith("booking: a process tree failed: cannot make the lock broken (PermissionError: ")
    assert line.endswith("; use --lock file\n")
    assert line.count("\n") == 1


def test_a_lock_that_cannot_be_handed_over(shown: Shown) -> None:
    """Spawn has to pack what the buyer is told; a lock that does not let itself be packed is named in one line."""
    status, line = shown(type("Unknown", (BrokenInChild,), {}), "spawn")
    assert status == 2
    assert line.startswith("booking: cannot hand over what a process needs (")
    assert line.endswith("use --start-method fork\n")


def test_a_failure_is_one_short_line() -> None:
    """However much an exception says, its message stays in one piece and on one line."""
    reading, writing = get_context("fork").Pipe(duplex=False)
    Journal(1, writing).record("failed", "return", error=failure_line(ValueError("a\nb" * 100_000)))
    error = receive(reading).error
    assert error is not None
    assert error.startswith("ValueError: a b")
    assert len(error) <= 2048
