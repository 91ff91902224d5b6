"""What two ways to lock a file do not do: a descriptor from before the fork, and a lock that belongs to the process."""

import multiprocessing
import os
from pathlib import Path

import pytest
from children import Family

from booking.errors import BadInputError
from booking.explorer import explore
from booking.locks.kernel import InheritedLock, LockfLock
from booking.scenario import Scenario

FORK = multiprocessing.get_context("fork")


def test_who_inherits_the_open_file_has_the_lock_already(db: Path, family: Family) -> None:
    """Children of one parent are inside together, as many as there are buyers; another program is kept out."""
    lock = InheritedLock(db, FORK, Scenario(buyers=3))
    assert [family.child(FORK, lock).ask("acquire", 0) for _ in range(3)] == [True] * 3
    stranger = InheritedLock(db, FORK, Scenario())
    assert not stranger.acquire(0)
    lock.release()
    assert stranger.acquire(0)


def test_the_explorer_finds_what_an_inherited_lock_lets_through() -> None:
    """All buyers may be inside at once, so with 2 the orders are those of a semaphore with 2 permits."""
    assert explore(Scenario(buyers=2, lock="inherited")).interleavings == 222


def test_a_spawned_child_inherits_nothing(db: Path) -> None:
    """Without a fork there is no descriptor to inherit, and the lock says so."""
    with pytest.raises(BadInputError, match="requires --start-method fork"):
        InheritedLock(db, multiprocessing.get_context("spawn"), Scenario())


def test_a_process_loses_its_lockf_when_it_closes_another_descriptor_of_the_file(db: Path, family: Family) -> None:
    """The lock of fcntl(2) belongs to process and file: opening and closing the file elsewhere gives it back."""
    lock = LockfLock(db, FORK, Scenario())
    other = family.child(FORK, lock)
    assert lock.acquire(0)
    assert other.ask("acquire", 0) is False
    os.close(os.open(lock.path, os.O_RDONLY))
    assert other.ask("acquire", 0) is True
