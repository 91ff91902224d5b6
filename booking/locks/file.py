"""A lock on a file beside the store, which every process of the machine can see."""

import os
import time
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from booking import files
from booking.locks import Lock, LockFacts, Reach
from booking.scenario import Scenario

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext

POLL = 0.001
"""Seconds between two attempts where the kernel cannot wait for us (with a time-out, and on Windows)."""

_OPEN_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


class FileLock(Lock):
    """The lock of the `filelock` library, on the file `<store>.lock`, which is never deleted.

    Any program that uses `filelock.FileLock` on the same path keeps it out and is kept out by it. The library's
    path lock opens the file anew for every attempt; this one keeps its descriptor and locks that, which is the
    same lock at a fraction of the cost. The system frees it when its holder dies.
    """

    facts = LockFacts(permits=1, freed_when_holder_dies=True, reach=Reach.MACHINE)

    def __init__(self, path: Path, context: "BaseContext", scenario: Scenario) -> None:
        super().__init__(path, context, scenario)
        # Imported by the parent: children that are forked find it imported.
        import filelock  # noqa: F401, PLC0415 - costs 60 ms, so only those pay who use this lock

        self.path = path.with_name(path.name + ".lock")
        self._opened: tuple[int, int] | None = None

    def acquire(self, timeout: float | None = None) -> bool:
        """Wait for the lock: in the kernel where that is possible, else by asking every millisecond."""
        from filelock import lock_descriptor  # noqa: PLC0415

        try:
            descriptor = self._descriptor()
            if lock_descriptor(descriptor, blocking=False):
                return True
            if timeout is None and os.name == "posix":
                return _wait_in_kernel(descriptor)
            return _poll(descriptor, timeout)
        except OSError as error:
            raise files.refused("lock", self.path, error) from None

    def release(self) -> None:
        """Give the lock back; the file stays, because deleting it would split those who wait for it."""
        from filelock import unlock_descriptor  # noqa: PLC0415

        unlock_descriptor(self._descriptor())

    def _descriptor(self) -> int:
        """Return this process's own descriptor: one inherited by a fork would share the parent's hold."""
        if self._opened is None or self._opened[0] != os.getpid():
            self._opened = (os.getpid(), os.open(self.path, _OPEN_FLAGS, 0o644))
        return self._opened[1]


def _wait_in_kernel(descriptor: int) -> bool:
    import fcntl  # noqa: PLC0415 - not on Windows

    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return True


def _poll(descriptor: int, timeout: float | None) -> bool:
    from filelock import lock_descriptor  # noqa: PLC0415

    for _ in count() if timeout is None else range(round(timeout / POLL)):
        time.sleep(POLL)
        if lock_descriptor(descriptor, blocking=False):
            return True
    return False
