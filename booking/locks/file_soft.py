"""A lock that is nothing but the existence of a file, for file systems whose kernel has no locks."""

from pathlib import Path
from typing import TYPE_CHECKING

from booking.locks import Lock, LockFacts, Reach
from booking.scenario import Scenario
from booking.storage import lock_file, paths

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext

    from filelock import SoftFileLock

POLL = 0.001
"""Seconds between two attempts: no process can wait in the kernel until a file is deleted."""


class SoftLock(Lock):
    """`filelock.SoftFileLock`: the process that creates the file `<store>.soft` is inside, and deletes it afterwards.

    A killed holder leaves the file behind, with its pid in it. The next process looks that pid up and takes over once
    it is gone. That may be late: a killed process keeps its pid until its parent has reaped it, so under a parent that
    does not reap its children the file blocks the others for ever. It does so too on another machine, where the pid
    means nothing, and if the holder was killed between creating the file and writing its pid: then delete the empty
    file by hand.
    """

    facts = LockFacts(permits=1, freed_when_holder_dies=True, reach=Reach.MACHINE)

    def __init__(self, path: Path, context: "BaseContext", scenario: Scenario) -> None:
        super().__init__(path, context, scenario)
        import filelock  # noqa: F401, PLC0415 - 20 to 60 ms: the parent pays them once for all its forks

        self.path = lock_file.lock_path(path, ".soft")
        self._lock: SoftFileLock | None = None

    def acquire(self, timeout: float | None = None) -> bool:
        """Wait for the lock by asking every millisecond; raise DiskError if the file cannot be made."""
        import filelock  # noqa: PLC0415

        try:
            lock_file.require_lockable(self.path)
            lock = filelock.SoftFileLock(self.path, thread_local=False)
            lock.acquire(-1 if timeout is None else timeout, poll_interval=POLL)
        except filelock.Timeout:
            return False
        except OSError as error:
            raise paths.refused("lock", self.path, error) from None
        self._lock = lock
        return True

    def release(self) -> None:
        """Delete the file."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def __getstate__(self) -> dict[str, object]:
        """Take the path to another process, and leave the hold here."""
        return {"path": self.path, "_lock": None}
