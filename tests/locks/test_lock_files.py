"""What the locks of the kernel promise beyond the contract: nobody is fooled by their file, nor by a fork."""

import errno
import fcntl
import multiprocessing
import os
import pickle
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import filelock
import pytest
from children import Family

from booking.errors import BadInputError, DiskError
from booking.locks.filelock import FileLock
from booking.locks.kernel import FairLock, FlockLock
from booking.scenario import Scenario

FORK = multiprocessing.get_context("fork")
NOT_YET = 0.05
KINDS = [FileLock, FlockLock, FairLock]
SUFFIX = {FileLock: ".lock", FlockLock: ".lock", FairLock: ".fair"}

KernelLock = FileLock | FlockLock | FairLock


@pytest.fixture(params=KINDS, ids=["file", "flock", "fair"])
def lock(request: pytest.FixtureRequest, db: Path) -> KernelLock:
    """Return each of the locks on a fresh store."""
    made: KernelLock = request.param(db, FORK, Scenario())
    return made


def test_the_lock_file_is_never_deleted(lock: KernelLock) -> None:
    """Deleting it would split those who wait: it lies beside the store, and stays the same file."""
    assert lock.acquire(0)
    before = lock.path.stat().st_ino
    lock.release()
    for _ in range(3):
        assert lock.acquire(0)
        lock.release()
    assert lock.path.stat().st_ino == before
    assert lock.path.name == f"db.json{SUFFIX[type(lock)]}"


@pytest.mark.parametrize("kind", [FileLock, FlockLock])
def test_the_lock_file_is_not_emptied(db: Path, kind: type[FileLock | FlockLock]) -> None:
    """A file that only has that name keeps its content."""
    lock = kind(db, FORK, Scenario())
    lock.path.write_bytes(b"mine")
    assert lock.acquire(0)
    lock.release()
    assert lock.path.read_bytes() == b"mine"


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666, 0o444], ids=oct)
def test_who_may_write_the_store_may_lock_it(lock: KernelLock, db: Path, mode: int) -> None:
    """A new lock file has the store's permissions, whatever the umask: two accounts can share one store."""
    db.chmod(mode)
    before = os.umask(0o077)
    try:
        assert lock.acquire(0)
    finally:
        os.umask(before)
    assert stat.S_IMODE(lock.path.stat().st_mode) == mode | 0o600


@pytest.mark.parametrize("mode", [0o777, 0o757], ids=oct)
def test_a_folder_where_everybody_writes_is_used(lock: KernelLock, mode: int) -> None:
    """Two students and one file is a lesson: the command warns, the lock works."""
    lock.path.parent.chmod(mode)
    assert lock.acquire(0)


def test_a_symbolic_link_is_refused(lock: KernelLock) -> None:
    """The target of a link is not locked, and a target that does not exist is not created."""
    for target in ("db.json", "absent"):
        lock.path.unlink(missing_ok=True)
        lock.path.symlink_to(target)
        with pytest.raises(DiskError, match="a symbolic link is not followed here"):
            lock.acquire(0)
    assert not lock.path.with_name("absent").exists()


@pytest.mark.timeout(10)
@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["folder", "fifo"])
@pytest.mark.parametrize("timeout", [None, 0.1], ids=["without-end", "with-time-out"])
def test_what_is_no_file_is_refused(lock: KernelLock, make: Callable[[Path], None], timeout: float | None) -> None:
    """A folder or a pipe in the lock file's place is reported at once, not waited for."""
    make(lock.path)
    with pytest.raises(DiskError, match="cannot lock"):
        lock.acquire(timeout)


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_folder_is_refused_and_not_made(db: Path, kind: type[KernelLock]) -> None:
    """A lock creates its file, not folders."""
    lock = kind(db.parent / "nowhere" / "db.json", FORK, Scenario())
    with pytest.raises(DiskError, match="check the name"):
        lock.acquire(0)
    assert not lock.path.parent.exists()


@pytest.mark.parametrize("timeout", [None, 0, 0.1], ids=["without-end", "once", "with-time-out"])
@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EIO, errno.ENOSYS], ids=["ENOLCK", "EIO", "ENOSYS"])
def test_a_system_that_cannot_lock_is_reported(
    lock: KernelLock, monkeypatch: pytest.MonkeyPatch, number: int, timeout: float | None
) -> None:
    """There is no weaker lock to fall back to, so the failure is reported, and no file stays open."""

    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", fail)
    monkeypatch.setattr(fcntl, "fcntl", fail)
    before = set(Path("/proc/self/fd").iterdir())
    with pytest.raises(DiskError, match=os.strerror(number)):
        lock.acquire(timeout)
    assert set(Path("/proc/self/fd").iterdir()) <= before


def test_a_fork_neither_shares_nor_frees_its_parents_hold(lock: KernelLock, family: Family) -> None:
    """The child of a holder is kept out like every process, and giving back what it does not hold frees nothing."""
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

    lock: KernelLock
    until: int
    end: int

    def acquire_and_fork(self) -> bool:
        """Take the lock, then fork a process that lives until the pipe `until` ends, which only the test keeps open."""
        os.close(self.end)
        got = self.lock.acquire(0)
        if os.fork() == 0:
            os.read(self.until, 1)
            os._exit(0)
        return got


def test_a_killed_holders_child_does_not_keep_the_lock(lock: KernelLock, family: Family) -> None:
    """The lock dies with the process that took it, although a fork of that process lives on."""
    until, end = os.pipe()
    holder = family.child(FORK, Forking(lock, until, end))
    following = family.child(FORK, lock)
    assert holder.ask("acquire_and_fork") is True
    assert following.ask("acquire", 0) is False
    holder.kill()
    assert following.ask("acquire", 5.0) is True
    os.close(end)
    os.close(until)


@pytest.mark.parametrize("kind", [FlockLock, FairLock])
def test_who_waits_for_a_deleted_lock_file_waits_on_for_the_new_one(
    db: Path, family: Family, kind: type[FlockLock | FairLock]
) -> None:
    """Somebody deletes the file during a sale: the waiter does not go in beside the holder of the new file.

    (The library opens the file for every attempt, so its waiter is itself the first to find the new file.)
    """
    lock = kind(db, FORK, Scenario())
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


def test_a_held_lock_does_not_travel(lock: KernelLock) -> None:
    """What is pickled for a spawned child is the path; the hold stays."""
    assert lock.acquire(0)
    copy = pickle.loads(pickle.dumps(lock))  # noqa: S301 - our own bytes
    assert copy.path == lock.path
    assert copy.acquire(0) is False
    lock.release()
    assert copy.acquire(0) is True


class Acquirable(Protocol):
    """What the three programs below have in common."""

    def acquire(self, timeout: float | None) -> bool:
        """Wait for the lock."""

    def release(self) -> None:
        """Give it back."""


@dataclass
class TheLibrary:
    """Another program, which uses the library as everybody does; it makes its lock in the process that uses it."""

    store: Path

    def acquire(self, timeout: float | None) -> bool:
        """Take the library's lock."""
        self.lock = filelock.FileLock(f"{self.store}.lock", poll_interval=0.005)
        try:
            self.lock.acquire(timeout=-1 if timeout is None else timeout)
        except filelock.Timeout:
            return False
        return True

    def release(self) -> None:
        """Give it back."""
        self.lock.release()


def programs(store: Path) -> dict[str, Acquirable]:
    """Return who locks the same file."""
    scenario = Scenario()
    return {
        "file": FileLock(store, FORK, scenario),
        "flock": FlockLock(store, FORK, scenario),
        "library": TheLibrary(store),
    }


@pytest.mark.parametrize("timeout", [None, 5.0], ids=["without-end", "with-time-out"])
@pytest.mark.parametrize("other", ["file", "flock", "library"])
@pytest.mark.parametrize("one", ["file", "flock", "library"])
def test_file_and_flock_and_the_library_keep_each_other_out(
    db: Path, family: Family, one: str, other: str, timeout: float | None
) -> None:
    """They lock the same file in the same way, so a class may use all three, also if a holder is killed."""
    holder, following = family.child(FORK, programs(db)[one]), family.child(FORK, programs(db)[other])
    assert holder.ask("acquire", 0) is True
    assert following.ask("acquire", 0) is False
    following.tell("acquire", timeout)
    assert following.answer(within=NOT_YET) is None
    holder.ask("release") if timeout else holder.kill()
    assert following.answer() is True


@pytest.mark.parametrize("kind", [FlockLock, FairLock])
def test_a_system_without_it_says_so(
    db: Path, monkeypatch: pytest.MonkeyPatch, kind: type[FlockLock | FairLock]
) -> None:
    """Windows has no fcntl, and only Linux has the locks of fair: one line names the lock to use instead."""
    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(BadInputError, match="use --lock file"):
        kind(db, FORK, Scenario())


def test_only_those_pay_for_the_library_who_use_it(db: Path) -> None:
    """Importing the registries does not import filelock; making this lock does."""
    program = (
        "import sys, pathlib, booking.registry as r, booking.scenario as s; before = 'filelock' in sys.modules; "
        "r.LOCKS['file'](pathlib.Path(sys.argv[1]), None, s.Scenario()); print(before, 'filelock' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", program, db], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["False", "True"]
