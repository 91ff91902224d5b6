"""The kernel's own lock on a file, without any library in between."""

from pathlib import Path
from typing import TYPE_CHECKING

from booking.errors import BadInputError
from booking.locks import Lock, LockFacts, Reach
from booking.scenario import Scenario
from booking.storage import lock_file

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext


class FlockLock(Lock):
    """`fcntl.flock`, the kernel's lock on the file `<store>.lock`, which is never deleted.

    It is the same lock on the same file as `file`, so the two keep each other out: flock(2). A waiting process sleeps
    in the kernel; with a time-out it asks every millisecond, because flock has none. The kernel frees the lock when
    its holder dies. It promises no order: a process that has just given the lock back may take it again at once.
    Raise BadInputError if the system has no flock (Windows).
    """

    facts = LockFacts(permits=1, freed_when_holder_dies=True, reach=Reach.MACHINE)

    def __init__(self, path: Path, context: "BaseContext", scenario: Scenario) -> None:
        super().__init__(path, context, scenario)
        try:
            import fcntl  # noqa: F401, PLC0415 - not on Windows
        except ImportError:
            raise BadInputError("this system has no flock; use --lock file") from None
        self.path = lock_file.lock_path(path)
        self._descriptor: int | None = None

    def acquire(self, timeout: float | None = None) -> bool:
        """Wait for the lock; raise DiskError if the lock file is a link or a folder, or if it cannot be locked."""
        self._descriptor = lock_file.lock(self.path, _take, timeout)
        return self._descriptor is not None

    def release(self) -> None:
        """Give the lock back by closing the file, which stays: deleting it would split those who wait for it."""
        if self._descriptor is not None:
            lock_file.close(self._descriptor)
            self._descriptor = None

    def __getstate__(self) -> dict[str, object]:
        """Take the path to another process, and leave the hold here."""
        return {"path": self.path, "_descriptor": None}


def _take(descriptor: int, deadline: float | None) -> bool:
    from fcntl import LOCK_EX, LOCK_NB, flock  # noqa: PLC0415 - not on Windows

    return lock_file.wait(lambda: flock(descriptor, LOCK_EX), lambda: flock(descriptor, LOCK_EX | LOCK_NB), deadline)
