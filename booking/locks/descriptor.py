"""The part that locks on a file have in common: one descriptor per process, on a file that is never deleted."""

import os
import stat
import time
import weakref
from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING

from booking.locks import Lock
from booking.scenario import Scenario
from booking.storage import paths

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext

POLL = 0.001
"""Seconds between two attempts where the kernel cannot wait for us (with a time-out, and on Windows)."""

TURN, LONGEST_TURN = 0.001, 0.016
"""Seconds for which a process may take the lock again and again before it steps aside for those who may wait.

Each turn is twice as long as the one before until the process finds the lock taken: alone it hardly ever pauses.
"""

_STEP_ASIDE = 1e-6
"""Seconds; the system makes about 0.1 ms of it, time enough for another process to wake up and take the lock."""

_OPEN_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class DescriptorLock(Lock):
    """A kernel's lock on the file `<store>.lock`, which stays when the lock is given back.

    Each process opens the file once and locks its own descriptor. A leaf says how one attempt is made and how the
    lock is given back; this class says when. The kernel lets whoever comes first have the lock, and whoever has just
    given it back comes first, so a process steps aside when its turn is over.
    """

    def __init__(self, path: Path, context: "BaseContext", scenario: Scenario) -> None:
        super().__init__(path, context, scenario)
        self.path = path.with_name(path.name + ".lock")
        self._descriptor: int | None = None
        self._turn = TURN
        self._turn_ends: float | None = None

    @abstractmethod
    def _try(self, descriptor: int) -> bool:
        """Try once to lock the descriptor and return whether it is locked now; raises OSError."""

    @abstractmethod
    def _give(self, descriptor: int) -> None:
        """Unlock the descriptor."""

    def acquire(self, timeout: float | None = None) -> bool:
        """Wait for the lock: in the kernel where that is possible, else by asking every millisecond.

        Raises DiskError where the lock file is a link or a folder, or where others could swap it.
        """
        try:
            while self._take(descriptor := self._opened(), timeout):
                if os.fstat(descriptor).st_nlink:
                    return True
                self.close()  # somebody deleted the file that we waited for: its lock guards nothing now
        except OSError as error:
            raise paths.refused("lock", self.path, error) from None
        return False

    def release(self) -> None:
        """Give the lock back; the file stays, because deleting it would split those who wait for it."""
        if self._descriptor is not None:
            self._give(self._descriptor)

    def close(self) -> None:
        """Close this process's descriptor; a lock that it held is free again, unless a fork shares it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _take(self, descriptor: int, timeout: float | None) -> bool:
        self._step_aside()
        if self._try(descriptor):
            return True
        self._turn, self._turn_ends = TURN, None
        if timeout is None and os.name == "posix":
            return _wait_in_kernel(descriptor)
        deadline = float("inf") if timeout is None else time.monotonic() + timeout
        while time.monotonic() < deadline:
            time.sleep(POLL)
            if self._try(descriptor):
                return True
        return False

    def _step_aside(self) -> None:
        """Let those who wait come first where this process's turn is over; else a turn begins, or goes on."""
        now = time.monotonic()
        if self._turn_ends is None:
            self._turn_ends = now + self._turn
        elif now > self._turn_ends:
            self._turn, self._turn_ends = min(2 * self._turn, LONGEST_TURN), None
            time.sleep(_STEP_ASIDE)

    def _opened(self) -> int:
        if self._descriptor is None:
            paths.require_own_folder(str(self.path))
            self._descriptor = _open(self.path)
            _with_descriptor.add(self)
        return self._descriptor

    def __getstate__(self) -> dict[str, object]:
        """Take the path to another process, and leave the descriptor here."""
        return {"path": self.path, "_descriptor": None, "_turn": TURN, "_turn_ends": None}


def _open(path: Path) -> int:
    descriptor = os.open(path, _OPEN_FLAGS, 0o644)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError("it is not a regular file")
    return descriptor


def _wait_in_kernel(descriptor: int) -> bool:
    import fcntl  # noqa: PLC0415 - not on Windows

    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return True


# A fork shares its parent's descriptors, and with them the parent's hold: the child could give back a live
# parent's lock, or keep a dead one's. So the child closes them before it does anything else.
_with_descriptor: "weakref.WeakSet[DescriptorLock]" = weakref.WeakSet()


def _forget_in_child() -> None:
    for lock in _with_descriptor:
        lock.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_child)
