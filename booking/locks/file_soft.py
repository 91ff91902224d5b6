"""A lock that is nothing but the existence of a file, for file systems whose kernel has no locks."""

from pathlib import Path
from typing import TYPE_CHECKING

from booking.locks import Lock, LockFacts, Reach
from booking.scenario import Scenario
from booking.storage import paths

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext

    from filelock import SoftFileLock

POLL = 0.001
"""Seconds between two attempts: nobody can wait in the kernel for a file to go away."""


class SoftLock(Lock):
    """`filelock.SoftFileLock`: whoever creates the file `<store>.soft` is inside, and deletes it on the way out.

    A killed holder leaves the file behind, with its process number in it. The next one looks that number up and
    takes over once no process has it any more. That is late: a killed process keeps its number until its parent has
    collected it, so under a parent that does not collect its children the file bars everybody for ever. On another
    machine nobody can look the number up, so there it bars for ever, too, and so it does everywhere where the holder
    was killed between making the file and writing its number: then delete the empty file by hand.
    """

    facts = LockFacts(permits=1, freed_when_holder_dies=True, reach=Reach.MACHINE)

    def __init__(self, path: Path, context: "BaseContext", scenario: Scenario) -> None:
        super().__init__(path, context, scenario)
        import filelock  # noqa: F401, PLC0415 - 20 to 60 ms: the parent pays them once for all its forks

        self.path = path.with_name(path.name + ".soft")
        self._lock: SoftFileLock | None = None

    def acquire(self, timeout: float | None = None) -> bool:
        """Wait for the lock by asking every millisecond.

        Raises DiskError where the file cannot be made, or where others could swap it.
        """
        import filelock  # noqa: PLC0415

        try:
            paths.require_own_folder(str(self.path))
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
