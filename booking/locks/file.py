"""A lock on a file beside the store, which every process of the machine can see."""

import os
import stat
import time
import weakref
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from booking import disk
from booking.locks import Lock, LockFacts, Reach
from booking.scenario import Scenario

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext

POLL = 0.001
"""Seconds between two attempts where the kernel cannot wait for us (with a time-out, and on Windows)."""

_OPEN_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class FileLock(Lock):
    """The lock of the `filelock` library, on the file `<store>.lock`, which is never deleted.

    Any program that uses `filelock.FileLock` on the same path keeps it out and is kept out by it. The
    library's path lock opens the file anew for every attempt; this one keeps its descriptor and locks that,
    which is the same lock at a fraction of the cost: flock(2). The system frees it when its holder dies.
    """

    facts = LockFacts(permits=1, freed_when_holder_dies=True, reach=Reach.MACHINE)

    def __init__(self, path: Path, context: "BaseContext", scenario: Scenario) -> None:
        super().__init__(path, context, scenario)
        _filelock()  # imported by the parent: children that are forked find it imported
        self.path = path.with_name(path.name + ".lock")
        self._descriptor: int | None = None

    def acquire(self, timeout: float | None = None) -> bool:
        """Wait for the lock: in the kernel where that is possible, else by asking every millisecond.

        Raises DiskError where the lock file is a link or a folder, or where others could swap it.
        """
        try:
            while _take(descriptor := self._opened(), timeout):
                if os.fstat(descriptor).st_nlink:
                    return True
                self.close()  # somebody deleted the file that we waited for: its lock guards nothing now
        except OSError as error:
            raise disk.refused("lock", self.path, error) from None
        return False

    def release(self) -> None:
        """Give the lock back; the file stays, because deleting it would split those who wait for it."""
        if self._descriptor is not None:
            _filelock().unlock_descriptor(self._descriptor)

    def close(self) -> None:
        """Close this process's descriptor; a lock that it held is free again, unless a fork shares it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _opened(self) -> int:
        if self._descriptor is None:
            disk.require_own_folder(str(self.path))
            self._descriptor = _open(self.path)
            _with_descriptor.add(self)
        return self._descriptor

    def __getstate__(self) -> dict[str, object]:
        """Take the path to another process, and leave the descriptor here."""
        return {"path": self.path, "_descriptor": None}


def _filelock() -> ModuleType:
    """Return the library, which takes 20 to 60 ms to import, so that only those pay who use this lock."""
    import filelock  # noqa: PLC0415

    return filelock


def _open(path: Path) -> int:
    descriptor = os.open(path, _OPEN_FLAGS, 0o644)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError("it is not a regular file")
    return descriptor


def _take(descriptor: int, timeout: float | None) -> bool:
    lock_descriptor = _filelock().lock_descriptor
    if lock_descriptor(descriptor, blocking=False):
        return True
    if timeout is None and os.name == "posix":
        return _wait_in_kernel(descriptor)
    deadline = float("inf") if timeout is None else time.monotonic() + timeout
    while time.monotonic() < deadline:
        time.sleep(POLL)
        if lock_descriptor(descriptor, blocking=False):
            return True
    return False


def _wait_in_kernel(descriptor: int) -> bool:
    import fcntl  # noqa: PLC0415 - not on Windows

    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return True


# A fork shares its parent's descriptors, and with them the parent's hold: the child could give back a live
# parent's lock, or keep a dead one's. So the child closes them before it does anything else.
_with_descriptor: "weakref.WeakSet[FileLock]" = weakref.WeakSet()


def _forget_in_child() -> None:
    for lock in _with_descriptor:
        lock.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_child)
