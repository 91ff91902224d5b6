"""What a lock that is only a file leaves behind, and how long it bars the others."""

import multiprocessing
import os
import signal
from pathlib import Path

import pytest
from children import Family

from booking.errors import DiskError
from booking.locks.filelock import FileLock, SoftLock
from booking.scenario import Scenario

FORK = multiprocessing.get_context("fork")
NOT_YET = 0.3


@pytest.fixture
def lock(db: Path) -> SoftLock:
    """Return a lock on a fresh store."""
    return SoftLock(db, FORK, Scenario())


def test_the_file_is_the_lock(lock: SoftLock, db: Path) -> None:
    """It exists exactly while the lock is held, and names its holder."""
    assert not lock.path.exists()
    assert lock.acquire(0)
    assert lock.path == db.with_name("db.json.soft")
    assert lock.path.read_text().splitlines()[0] == str(os.getpid())
    lock.release()
    assert not lock.path.exists()


def test_a_killed_holder_bars_the_others_until_its_parent_collects_it(lock: SoftLock, family: Family) -> None:
    """A zombie still has its number, so it counts as alive; collected, it has none, and the next one takes over."""
    holder, following = family.child(FORK, lock), family.child(FORK, lock)
    assert holder.ask("acquire", 0) is True
    number = holder.process.pid
    assert number is not None
    os.kill(number, signal.SIGKILL)
    os.waitid(os.P_PID, number, os.WEXITED | os.WNOWAIT)  # it has ended, and stays uncollected
    assert lock.path.exists()
    assert following.ask("acquire", NOT_YET) is False
    holder.process.join()
    assert following.ask("acquire", 5.0) is True


def test_it_is_another_lock_than_the_one_of_file(lock: SoftLock, db: Path) -> None:
    """The two lock different files, so they do not keep each other out: a class has to agree on one."""
    other = FileLock(db, FORK, Scenario())
    assert lock.acquire(0)
    assert other.acquire(0)


def test_a_fork_neither_shares_nor_frees_its_parents_hold(lock: SoftLock, family: Family) -> None:
    """The child of a holder is kept out like everybody else, and giving back what it does not hold frees nothing."""
    assert lock.acquire(0)
    child, third = family.child(FORK, lock), family.child(FORK, lock)
    assert child.ask("acquire", 0) is False
    child.ask("release")
    assert third.ask("acquire", 0) is False
    lock.release()
    assert third.ask("acquire", 5.0) is True


def test_a_missing_folder_is_refused(db: Path) -> None:
    """A lock makes its file, not folders."""
    with pytest.raises(DiskError, match="check the name"):
        SoftLock(db.parent / "nowhere" / "db.json", FORK, Scenario()).acquire(0)


@pytest.mark.parametrize("target", ["db.json", "absent"])
def test_a_symbolic_link_is_not_followed(lock: SoftLock, db: Path, target: str) -> None:
    """Whoever put it there bars everybody, and nothing happens to its target, nor is one made that does not exist."""
    lock.path.symlink_to(target)
    assert lock.acquire(0.1) is False
    assert (db.read_bytes(), db.with_name("absent").exists()) == (b'{"count": 1}\n', False)


def test_what_is_no_file_is_refused(lock: SoftLock) -> None:
    """A folder at the file's place is reported at once, not waited for."""
    lock.path.mkdir()
    with pytest.raises(DiskError, match="cannot lock"):
        lock.acquire(None)
