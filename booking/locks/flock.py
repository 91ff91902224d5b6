"""The kernel's own lock on a file, without any library in between."""

from pathlib import Path
from typing import TYPE_CHECKING

from booking.errors import BadInputError
from booking.locks import LockFacts, Reach
from booking.locks.descriptor import DescriptorLock
from booking.scenario import Scenario

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext


class FlockLock(DescriptorLock):
    """`fcntl.flock`, the kernel's lock on the file `<store>.lock`, which is never deleted.

    It is the same lock on the same file as `file`, so the two keep each other out: flock(2). Whoever waits sleeps
    in the kernel. The system frees it when its holder dies. Making one raises BadInputError where the system has no
    such lock.
    """

    facts = LockFacts(permits=1, freed_when_holder_dies=True, reach=Reach.MACHINE)

    def __init__(self, path: Path, context: "BaseContext", scenario: Scenario) -> None:
        super().__init__(path, context, scenario)
        try:
            import fcntl  # noqa: PLC0415, F401 - not on Windows
        except ImportError:
            raise BadInputError("this system has no flock; use --lock file") from None

    def _try(self, descriptor: int) -> bool:
        import fcntl  # noqa: PLC0415

        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _give(self, descriptor: int) -> None:
        import fcntl  # noqa: PLC0415

        fcntl.flock(descriptor, fcntl.LOCK_UN)
