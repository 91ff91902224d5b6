"""The kernel's own lock is the one of `file`: each keeps the other out, between processes."""

import multiprocessing
import sys
from pathlib import Path

import pytest
from children import Family

from booking.errors import BadInputError
from booking.locks.file import FileLock
from booking.locks.flock import FlockLock
from booking.scenario import Scenario

FORK = multiprocessing.get_context("fork")
NOT_YET = 0.05
BOTH_WAYS = pytest.mark.parametrize(("holding", "waiting"), [(FileLock, FlockLock), (FlockLock, FileLock)])


@BOTH_WAYS
@pytest.mark.parametrize("timeout", [None, 5.0], ids=["without-end", "with-time-out"])
def test_the_two_keep_each_other_out(
    db: Path,
    family: Family,
    holding: type[FileLock | FlockLock],
    waiting: type[FileLock | FlockLock],
    timeout: float | None,
) -> None:
    """They lock the same file in the same way, so a class may use both."""
    holder = family.child(FORK, holding(db, FORK, Scenario()))
    other = family.child(FORK, waiting(db, FORK, Scenario()))
    assert holder.ask("acquire", 0) is True
    assert other.ask("acquire", 0) is False
    other.tell("acquire", timeout)
    assert other.answer(within=NOT_YET) is None
    holder.ask("release")
    assert other.answer() is True


@BOTH_WAYS
def test_one_gets_in_when_the_other_is_killed(
    db: Path, family: Family, holding: type[FileLock | FlockLock], waiting: type[FileLock | FlockLock]
) -> None:
    """The system frees the lock of a dead holder, whoever waits for it."""
    holder = family.child(FORK, holding(db, FORK, Scenario()))
    other = family.child(FORK, waiting(db, FORK, Scenario()))
    assert holder.ask("acquire", 0) is True
    other.tell("acquire", None)
    assert other.answer(within=NOT_YET) is None
    holder.kill()
    assert other.answer() is True


def test_a_system_without_it_says_so(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows there is no flock: one line names the lock to use instead."""
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with pytest.raises(BadInputError, match="this system has no flock; use --lock file"):
        FlockLock(db, FORK, Scenario())
