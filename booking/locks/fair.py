"""A lock on a file that serves its waiters in order of arrival, which neither `flock` nor `file` does."""

import os
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from booking.errors import BadInputError
from booking.locks import Lock, LockFacts, Reach
from booking.scenario import Scenario
from booking.storage import lock_file

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext

_DOOR = 0
"""The byte that is locked while a process takes its ticket. Tickets begin with byte 1."""


class FairLock(Lock):
    """First come, first served: a queue of byte-range locks on the file `<store>.fair`, which is never deleted.

    A process that arrives takes a ticket: it locks the door (byte 0), makes the file one byte longer, locks the last
    byte, its ticket, and opens the door. Then it waits in the kernel until it can lock all bytes from 1 up to its
    ticket: until every process that came before has closed the file. The holder always has byte 1, so there is one
    holder, whatever the tickets are; a waiter keeps its ticket locked, so nobody who came later can pass it. The
    kernel drops the locks of a process that dies, so a dead holder and a dead waiter are skipped; a frozen one stops
    those behind it. The file holds no data: only its length grows, by one byte for each purchase.

    The locks belong to the open file, not to the process (F_OFD_SETLKW of fcntl(2), Linux 3.15 or later): another
    descriptor of the same file can be closed without losing them, and a deadlock stays one instead of an error.

    The price of order is a switch to another process at each purchase, while `flock` lets the running process go on: 8
    buyers that buy again and again buy 0.4 times as many tickets, 1 buyer or 1,000 that buy once about as many; the
    longest wait is a quarter of that of `flock` (benchmarks/contest.py, benchmarks/polling.py).
    """

    facts = LockFacts(permits=1, freed_when_holder_dies=True, reach=Reach.MACHINE)

    def __init__(self, path: Path, context: "BaseContext", scenario: Scenario) -> None:
        super().__init__(path, context, scenario)
        if sys.platform != "linux":
            raise BadInputError("--lock fair needs the locks of open files (F_OFD_SETLKW) of Linux; use --lock file")
        self.path = lock_file.lock_path(path, ".fair")
        self._descriptor: int | None = None

    def acquire(self, timeout: float | None = None) -> bool:
        """Take a ticket and wait for its turn; raise DiskError if the lock file is no file or cannot be locked."""
        self._descriptor = lock_file.lock(self.path, _queue, timeout)
        return self._descriptor is not None

    def release(self) -> None:
        """Leave the queue by closing the file, which gives back all its locks."""
        if self._descriptor is not None:
            lock_file.close(self._descriptor)
            self._descriptor = None

    def __getstate__(self) -> dict[str, object]:
        """Take the path to another process, and leave the hold here."""
        return {"path": self.path, "_descriptor": None}


def _queue(descriptor: int, deadline: float | None) -> bool:
    """Take a ticket, then wait for all who came before: first for the one in front, so that few waiters wake up."""
    if not _take(descriptor, _DOOR, 1, deadline):
        return False
    ticket = max(1, os.fstat(descriptor).st_size)
    os.ftruncate(descriptor, ticket + 1)
    if not _take(descriptor, ticket, 1, deadline):  # free already, unless somebody has cut the file short
        return False
    _set(descriptor, _DOOR, 1, free=True)
    return ticket == 1 or (_take(descriptor, ticket - 1, 1, deadline) and _take(descriptor, 1, ticket - 1, deadline))


def _take(descriptor: int, start: int, length: int, deadline: float | None) -> bool:
    return lock_file.wait(
        lambda: _set(descriptor, start, length, waits=True), lambda: _set(descriptor, start, length), deadline
    )


def _set(descriptor: int, start: int, length: int, *, free: bool = False, waits: bool = False) -> None:
    """Lock so many bytes, or free them; raise BlockingIOError if it would have to wait."""
    import fcntl  # noqa: PLC0415 - not on Windows

    kind = fcntl.F_UNLCK if free else fcntl.F_WRLCK
    request = struct.pack("hhqqi0q", kind, os.SEEK_SET, start, length, 0)  # struct flock of fcntl(2)
    fcntl.fcntl(descriptor, fcntl.F_OFD_SETLKW if waits else fcntl.F_OFD_SETLK, request)
