"""The `filelock` library's locks on a file beside the store, which every process of the machine can see."""

import os
from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from booking.locks import Lock, LockFacts, Reach
from booking.scenario import Scenario
from booking.storage import lock_file, paths

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext

    from filelock import BaseFileLock

POLL = 0.01
"""Seconds between two attempts of the library, which cannot wait in the kernel."""
SOFT_POLL = 0.001
"""Seconds between two attempts to create the file of a soft lock."""


class LibraryLock(Lock):
    """A lock of the library, which must not cross a fork: the process that acquires makes it."""

    facts = LockFacts(permits=1, freed_when_holder_dies=True, reach=Reach.MACHINE, reentrant=True)
    suffix: ClassVar[str]

    def __init__(self, path: Path, context: "BaseContext", scenario: Scenario) -> None:
        super().__init__(path, context, scenario)
        import filelock  # noqa: F401, PLC0415 - 20 to 60 ms: the parent pays them once for all its forks

        self.path = lock_file.lock_path(path, self.suffix)
        self._lock: BaseFileLock | None = None
        self._owner = 0

    @abstractmethod
    def _made(self) -> "BaseFileLock":
        """Return a new lock of the library; raise OSError."""

    def acquire(self, timeout: float | None = None) -> bool:
        """Wait for the lock by asking again and again; raise DiskError if the lock file cannot be locked."""
        import filelock  # noqa: PLC0415

        try:
            if self._lock is None or self._owner != os.getpid():
                lock_file.require_lockable(self.path)
                self._lock, self._owner = self._made(), os.getpid()
            self._lock.acquire(-1 if timeout is None else timeout)
        except filelock.Timeout:
            return False
        except OSError as error:
            raise paths.refused("lock", self.path, error) from None
        return True

    def release(self) -> None:
        """Give the lock back, if this process holds it."""
        if self._lock is not None and self._owner == os.getpid():
            self._lock.release()

    def __getstate__(self) -> dict[str, object]:
        """Take the path to another process, and leave the library's lock here."""
        return {"path": self.path, "_lock": None, "_owner": 0}


class FileLock(LibraryLock):
    """`filelock.FileLock` on the file `<store>.lock`, which is never deleted.

    The process that uses it makes it, when it acquires for the first time: the library's lock must not cross a fork.
    Any program that locks the same path with the library, or with flock(2), keeps it out and is kept out by it. The
    kernel frees it when its holder dies.

    The library does not wait in the kernel: it asks, by default every 50 ms, here every 10 ms, which is a compromise.
    Sales on two busy cores that asked every 1, 5, 10 and 50 ms took (benchmarks/polling.py): 10 buyers that hold the
    lock for 10 ms 0.16, 0.19, 0.18 and 0.38 s (flock 0.12); 100 of them 3.1, 1.9, 1.8 and 2.4 s (flock 1.1); 1,000 that
    hold it for no time 84, 51, 19 and 8 s (flock 1.6), because the questions of 1,000 fill both cores.
    """

    suffix = ".lock"

    def _made(self) -> "BaseFileLock":
        import filelock  # noqa: PLC0415

        mode = lock_file.permissions(self.path)
        return filelock.FileLock(
            self.path, mode=mode, poll_interval=POLL, fallback_to_soft=False, preserve_lock_file=True
        )


class SoftLock(LibraryLock):
    """`filelock.SoftFileLock`: the process that creates the file `<store>.soft` is inside, and deletes it afterwards.

    A killed holder leaves the file behind, with its pid in it. The next process looks that pid up and takes over once
    it is gone. That may be late: a killed process keeps its pid until its parent has reaped it, so under a parent that
    does not reap its children the file blocks the others forever. It does so too on another machine, where the pid
    means nothing, and if the holder was killed between creating the file and writing its pid: then delete the empty
    file by hand. It needs no locks of the kernel, which some network file systems do not have.
    """

    suffix = ".soft"

    def _made(self) -> "BaseFileLock":
        import filelock  # noqa: PLC0415

        return filelock.SoftFileLock(self.path, poll_interval=SOFT_POLL, thread_local=False)
