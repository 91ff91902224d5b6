"""The kernel's own locks on a file, without any library in between: the plain one, and one with a queue."""

import errno
import math
import os
import struct
import sys
import weakref
from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from booking.errors import BadInputError
from booking.locks import Lock, LockFacts, Reach
from booking.scenario import Scenario
from booking.storage import lock_file

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext

_DOOR = 0
"""The byte that is locked while a process takes its ticket. Tickets begin with byte 1."""


class KernelLock(Lock):
    """A lock on a file beside the store, which is never deleted: that would split those who wait for it.

    The kernel frees it when its holder dies.
    """

    facts = LockFacts(permits=1, freed_when_holder_dies=True, reach=Reach.MACHINE)
    suffix: ClassVar[str] = ".lock"

    def __init__(self, path: Path, context: "BaseContext", scenario: Scenario) -> None:
        super().__init__(path, context, scenario)
        self.path = lock_file.lock_path(path, self.suffix)
        self._descriptor: int | None = None

    @staticmethod
    @abstractmethod
    def _take(descriptor: int, deadline: float | None) -> bool:
        """Lock the open file; return whether this came about before the deadline, a monotonic time in seconds."""

    def acquire(self, timeout: float | None = None) -> bool:
        """Wait for the lock; raise DiskError if the lock file is a link or a folder, or if it cannot be locked."""
        self._descriptor = lock_file.lock(self.path, self._take, timeout)
        return self._descriptor is not None

    def release(self) -> None:
        """Give the lock back by closing the file."""
        if self._descriptor is not None:
            lock_file.close(self._descriptor)
            self._descriptor = None

    def __getstate__(self) -> dict[str, object]:
        """Take the path to another process, and leave the hold here."""
        return {"path": self.path, "_descriptor": None}


class FlockLock(KernelLock):
    """`fcntl.flock`, the kernel's lock on the file `<store>.lock`, which is never deleted.

    It is the same lock on the same file as `file`, so the two keep each other out: flock(2). A waiting process sleeps
    in the kernel; with a time-out it asks every millisecond, because flock has none. It promises no order: a process
    that has just given the lock back may take it again at once.
    Raise BadInputError if the system has no flock (Windows).
    """

    def __init__(self, path: Path, context: "BaseContext", scenario: Scenario) -> None:
        super().__init__(path, context, scenario)
        _require_fcntl("flock")

    @staticmethod
    def _take(descriptor: int, deadline: float | None) -> bool:
        from fcntl import LOCK_EX, LOCK_NB, flock  # noqa: PLC0415 - not on Windows

        return lock_file.wait(
            lambda: flock(descriptor, LOCK_EX), lambda: flock(descriptor, LOCK_EX | LOCK_NB), deadline
        )


class LockfLock(KernelLock):
    """`fcntl.lockf`, the kernel's lock of a process on the file `<store>.lockf`, which is never deleted.

    It belongs to the process and the file, not to the open file: fcntl(2), F_SETLKW. So it keeps no two threads of one
    process apart, and a process loses it when it closes any descriptor of that file. Here nobody else opens the file,
    so it excludes as `flock` does. The kernel answers a circle of waits with an error instead of a deadlock; this lock
    then asks again every millisecond, so that a deadlock stays one. Its holder may take it again, but the first release
    gives it back; so a desk takes it once, however often its buyer does.
    Raise BadInputError if the system has no lockf (Windows).
    """

    facts = KernelLock.facts._replace(reentrant=True)
    suffix = ".lockf"

    def __init__(self, path: Path, context: "BaseContext", scenario: Scenario) -> None:
        super().__init__(path, context, scenario)
        _require_fcntl("lockf")

    @staticmethod
    def _take(descriptor: int, deadline: float | None) -> bool:
        from fcntl import LOCK_EX, LOCK_NB, lockf  # noqa: PLC0415 - not on Windows

        try:
            return lock_file.wait(
                lambda: lockf(descriptor, LOCK_EX), lambda: lockf(descriptor, LOCK_EX | LOCK_NB), deadline
            )
        except OSError as error:
            if error.errno != errno.EDEADLK:
                raise
        return lock_file.wait(lambda: None, lambda: lockf(descriptor, LOCK_EX | LOCK_NB), deadline or math.inf)


class InheritedLock(Lock):
    """`flock` on a descriptor that the parent opened before the fork: a mistake, it keeps nobody out.

    A flock belongs to the open file, and after a fork parent and children share one open file: flock(2). Each of them
    has the lock when one of them has it. Another program opens the file `<store>.lock` itself, and is kept out.
    Raise BadInputError for a start method other than fork, under which nothing is inherited, and on Windows.
    """

    facts = LockFacts(permits=None, freed_when_holder_dies=True, reach=Reach.NOWHERE)

    @classmethod
    def facts_in(cls, scenario: Scenario) -> LockFacts:
        """Return the facts: all buyers of a sale can be inside at once."""
        return cls.facts._replace(permits=scenario.buyers)

    def __init__(self, path: Path, context: "BaseContext", scenario: Scenario) -> None:
        super().__init__(path, context, scenario)
        _require_fcntl("inherited descriptor")
        if context.get_start_method() != "fork":
            raise BadInputError("--lock inherited requires --start-method fork: only a fork inherits the open file")
        self.path = lock_file.lock_path(path)
        self._descriptor = lock_file.heritage(self.path)
        weakref.finalize(self, os.close, self._descriptor)

    def acquire(self, timeout: float | None = None) -> bool:
        """Take the lock, which the parent and its other children then have too; only another program waits."""
        from fcntl import LOCK_EX, LOCK_NB, flock  # noqa: PLC0415 - not on Windows

        return lock_file.wait(
            lambda: flock(self._descriptor, LOCK_EX),
            lambda: flock(self._descriptor, LOCK_EX | LOCK_NB),
            lock_file.deadline_after(timeout),
        )

    def release(self) -> None:
        """Give the lock back, for all that share it."""
        from fcntl import LOCK_UN, flock  # noqa: PLC0415 - not on Windows

        flock(self._descriptor, LOCK_UN)


class FairLock(KernelLock):
    """First come, first served: a queue of byte-range locks on the file `<store>.fair`, which is never deleted.

    A process that arrives takes a ticket: it locks the door (byte 0), makes the file one byte longer, locks the last
    byte, its ticket, and opens the door. Then it waits in the kernel until it can lock all bytes from 1 up to its
    ticket: until every process that came before has closed the file. The holder always has byte 1, so there is one
    holder, whatever the tickets are; a waiter keeps its ticket locked, so none that came later can pass it. The
    kernel drops the locks of a process that dies, so a dead holder and a dead waiter are skipped; a frozen one stops
    those behind it. The file holds no data: only its length grows, by one byte for each purchase.

    The locks belong to the open file, not to the process (F_OFD_SETLKW of fcntl(2), Linux 3.15 or later): another
    descriptor of the same file can be closed without losing them, and a deadlock stays one instead of an error.

    The price of order is a switch to another process at each purchase, while `flock` lets the running process go on: 8
    buyers that buy again and again buy 0.4 times as many tickets, 1 buyer or 1,000 that buy once about as many; the
    longest wait is a quarter of that of `flock` (benchmarks/contest.py, benchmarks/polling.py).
    """

    suffix = ".fair"

    def __init__(self, path: Path, context: "BaseContext", scenario: Scenario) -> None:
        super().__init__(path, context, scenario)
        if sys.platform != "linux":
            raise BadInputError("--lock fair needs the locks of open files (F_OFD_SETLKW) of Linux; use --lock file")

    @staticmethod
    def _take(descriptor: int, deadline: float | None) -> bool:
        """Take a ticket, then wait for all who came before: first for the one in front, so that few waiters wake up."""
        if not _lock_bytes(descriptor, _DOOR, 1, deadline):
            return False
        ticket = max(1, os.fstat(descriptor).st_size)
        os.ftruncate(descriptor, ticket + 1)
        if not _lock_bytes(descriptor, ticket, 1, deadline):  # free already, unless somebody has cut the file short
            return False
        _set(descriptor, _DOOR, 1, free=True)
        return ticket == 1 or (
            _lock_bytes(descriptor, ticket - 1, 1, deadline) and _lock_bytes(descriptor, 1, ticket - 1, deadline)
        )


def _require_fcntl(what: str) -> None:
    try:
        import fcntl  # noqa: F401, PLC0415 - not on Windows
    except ImportError:
        raise BadInputError(f"this system has no {what}; use --lock file") from None


def _lock_bytes(descriptor: int, start: int, length: int, deadline: float | None) -> bool:
    return lock_file.wait(
        lambda: _set(descriptor, start, length, waits=True), lambda: _set(descriptor, start, length), deadline
    )


def _set(descriptor: int, start: int, length: int, *, free: bool = False, waits: bool = False) -> None:
    """Lock so many bytes, or free them; raise BlockingIOError if it would have to wait."""
    import fcntl  # noqa: PLC0415 - not on Windows

    kind = fcntl.F_UNLCK if free else fcntl.F_WRLCK
    request = struct.pack("hhqqi0q", kind, os.SEEK_SET, start, length, 0)  # struct flock of fcntl(2)
    fcntl.fcntl(descriptor, fcntl.F_OFD_SETLKW if waits else fcntl.F_OFD_SETLK, request)
