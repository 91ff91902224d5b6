"""What the lock on a file promises beyond the contract: it is filelock's lock, and nobody is fooled by its file."""

import errno
import fcntl
import multiprocessing
import os
import pickle
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import filelock
import pytest
from children import Family

from booking.errors import DiskError
from booking.locks.file import FileLock
from booking.scenario import Scenario
from booking.storage import paths

FORK = multiprocessing.get_context("fork")
NOT_YET = 0.05


@pytest.fixture
def lock(db: Path) -> FileLock:
    """Return a lock on a fresh store, in a folder that nobody has judged yet."""
    paths.require_own_folder.cache_clear()
    return FileLock(db, FORK, Scenario(lock="file"))


class TheLibrary:
    """Another program, which uses the library as everybody does."""

    def __init__(self, path: Path) -> None:
        self._lock = filelock.FileLock(path, poll_interval=0.005)

    def acquire(self, timeout: float) -> bool:
        """Try for so many seconds and return whether the lock is held."""
        try:
            self._lock.acquire(timeout=timeout)
        except filelock.Timeout:
            return False
        return True

    def release(self) -> None:
        """Give the lock back."""
        self._lock.release()


@dataclass
class Maker:
    """Makes the library's lock in the process that uses it: it cannot be sent, nor used across a fork."""

    path: Path

    def acquire(self, timeout: float) -> bool:
        """Take the library's lock."""
        self.library = TheLibrary(self.path)
        return self.library.acquire(timeout)

    def release(self) -> None:
        """Give it back."""
        self.library.release()


def test_it_keeps_the_library_out(lock: FileLock, family: Family) -> None:
    """While we hold the lock, a program that uses filelock.FileLock on the same path times out."""
    program = family.child(FORK, Maker(lock.path))
    assert lock.acquire(0)
    assert program.ask("acquire", 0.1) is False
    lock.release()
    assert program.ask("acquire", 5.0) is True


@pytest.mark.parametrize("timeout", [None, 5.0], ids=["without-end", "with-time-out"])
def test_the_library_keeps_it_out(lock: FileLock, family: Family, timeout: float | None) -> None:
    """While such a program holds the lock we wait, and then we get it."""
    program, buyer = family.child(FORK, Maker(lock.path)), family.child(FORK, lock)
    assert program.ask("acquire", 5.0) is True
    assert buyer.ask("acquire", 0) is False
    buyer.tell("acquire", timeout)
    assert buyer.answer(within=NOT_YET) is None
    program.ask("release")
    assert buyer.answer() is True


def test_the_lock_file_is_neither_deleted_nor_emptied(lock: FileLock) -> None:
    """Deleting it would split those who wait; emptying it would destroy a file that only has that name."""
    lock.path.write_bytes(b"mine")
    before = lock.path.stat().st_ino
    for _ in range(3):
        assert lock.acquire(0)
        lock.release()
    lock.close()
    assert (lock.path.read_bytes(), lock.path.stat().st_ino) == (b"mine", before)


def test_it_lies_beside_the_store(lock: FileLock, db: Path) -> None:
    """The name is the store's with .lock behind it, and the file is made where it is absent."""
    assert lock.acquire(0)
    assert lock.path == db.with_name("db.json.lock")
    assert lock.path.read_bytes() == b""


def test_a_symbolic_link_is_refused(lock: FileLock) -> None:
    """Neither the target of a link is locked, nor is one made that does not exist."""
    for target in ("db.json", "absent"):
        lock.path.unlink(missing_ok=True)
        lock.path.symlink_to(target)
        with pytest.raises(DiskError, match="a symbolic link is not followed here"):
            lock.acquire(0)
    assert not lock.path.with_name("absent").exists()


@pytest.mark.timeout(10)
@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["folder", "fifo"])
@pytest.mark.parametrize("timeout", [None, 0.1], ids=["without-end", "with-time-out"])
def test_what_is_no_file_is_refused(lock: FileLock, make: object, timeout: float | None) -> None:
    """A folder or a pipe at the lock's place is reported at once, not waited for."""
    make(lock.path)  # type: ignore[operator]
    with pytest.raises(DiskError, match="cannot lock"):
        lock.acquire(timeout)


def test_a_missing_folder_is_refused_and_not_made(db: Path) -> None:
    """A lock makes its file, not folders."""
    lock = FileLock(db.parent / "nowhere" / "db.json", FORK, Scenario(lock="file"))
    with pytest.raises(DiskError, match="check the name"):
        lock.acquire(0)
    assert not lock.path.parent.exists()


@pytest.mark.parametrize("mode", [0o777, 0o757], ids=oct)
def test_a_folder_where_everybody_writes_is_refused(lock: FileLock, mode: int) -> None:
    """Others could swap the lock file, and then two buyers would hold two locks."""
    lock.path.parent.chmod(mode)
    with pytest.raises(DiskError, match="every user may swap files in this folder"):
        lock.acquire(0)
    assert not lock.path.exists()


def test_somebody_elses_folder_is_refused(lock: FileLock, monkeypatch: pytest.MonkeyPatch) -> None:
    """The owner of a folder may swap what is in it."""
    if os.geteuid() == 0:
        os.chown(lock.path.parent, 1234, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 1234)
    with pytest.raises(DiskError, match="the folder belongs to user"):
        lock.acquire(0)


@pytest.mark.parametrize("timeout", [None, 0, 0.1], ids=["without-end", "once", "with-time-out"])
@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EIO, errno.ENOSYS], ids=["ENOLCK", "EIO", "ENOSYS"])
def test_a_system_that_cannot_lock_is_reported(
    lock: FileLock, monkeypatch: pytest.MonkeyPatch, number: int, timeout: float | None
) -> None:
    """There is no weaker lock to fall back to, so the failure is told."""

    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", fail)
    with pytest.raises(DiskError, match=os.strerror(number)):
        lock.acquire(timeout)


def test_a_fork_neither_shares_nor_frees_its_parents_hold(lock: FileLock, family: Family) -> None:
    """The child of a holder is kept out like everybody else, and giving back what it does not hold frees nothing."""
    assert lock.acquire(0)
    child, third = family.child(FORK, lock), family.child(FORK, lock)
    assert child.ask("acquire", 0) is False
    child.ask("release")
    assert third.ask("acquire", 0) is False
    lock.release()
    assert third.ask("acquire", 5.0) is True


@dataclass
class Forking:
    """A holder that forks a process which never touches the lock."""

    lock: FileLock
    until: int

    def acquire_and_fork(self) -> bool:
        """Take the lock, then fork a process that lives until the pipe `until` ends."""
        got = self.lock.acquire(0)
        if os.fork() == 0:
            os.read(self.until, 1)
            os._exit(0)
        return got


def test_a_killed_holders_child_does_not_keep_the_lock(lock: FileLock, family: Family) -> None:
    """The lock dies with the process that took it, although a fork of it lives on."""
    until, end = os.pipe()
    os.set_inheritable(until, True)  # noqa: FBT003 - that is its name
    holder = family.child(FORK, Closing(Forking(lock, until), end))
    following = family.child(FORK, lock)
    assert holder.ask("acquire_and_fork") is True
    assert following.ask("acquire", 0) is False
    holder.kill()
    assert following.ask("acquire", 5.0) is True
    os.close(end)
    os.close(until)


@dataclass
class Closing:
    """Closes the test's end of the pipe in the holder, so that only the test keeps the pipe from ending."""

    forking: Forking
    end: int

    def acquire_and_fork(self) -> bool:
        """See `Forking`."""
        os.close(self.end)
        return self.forking.acquire_and_fork()


def test_who_waited_for_a_deleted_lock_file_waits_on_for_the_new_one(lock: FileLock, family: Family) -> None:
    """Somebody tidies up during a sale: the one who waited does not join the one who locked the new file."""
    first, waiting, second = (family.child(FORK, lock) for _ in range(3))
    assert first.ask("acquire", 0) is True
    waiting.tell("acquire", None)
    assert waiting.answer(within=NOT_YET) is None
    lock.path.unlink()
    assert second.ask("acquire", 0) is True
    first.ask("release")
    assert waiting.answer(within=NOT_YET) is None
    second.ask("release")
    assert waiting.answer() is True


def test_a_held_lock_does_not_travel(lock: FileLock) -> None:
    """What is pickled for a spawned child is the path; the descriptor stays, and with it the hold."""
    assert lock.acquire(0)
    copy = pickle.loads(pickle.dumps(lock))  # noqa: S301 - our own bytes
    assert copy.path == lock.path
    assert copy.acquire(0) is False
    lock.release()
    assert copy.acquire(0) is True


def test_only_those_pay_for_the_library_who_use_it(db: Path) -> None:
    """Importing the registries imports neither filelock nor multiprocessing's locks; making this lock does."""
    program = (
        "import sys, pathlib, booking.registry as r, booking.scenario as s; before = 'filelock' in sys.modules; "
        "r.LOCKS['file'](pathlib.Path(sys.argv[1]), None, s.Scenario()); print(before, 'filelock' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", program, db], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["False", "True"]
