"""A lock on a file beside the store, which every process of the machine can see."""

import functools
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from booking.locks import LockFacts, Reach
from booking.locks.descriptor import DescriptorLock
from booking.scenario import Scenario

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext


class FileLock(DescriptorLock):
    """The lock of the `filelock` library, on the file `<store>.lock`, which is never deleted.

    Any program that uses `filelock.FileLock` on the same path keeps it out and is kept out by it. The
    library's path lock opens the file anew for every attempt; this one keeps its descriptor and locks that,
    which is the same lock at a fraction of the cost: flock(2). The system frees it when its holder dies.
    """

    facts = LockFacts(permits=1, freed_when_holder_dies=True, reach=Reach.MACHINE)

    def __init__(self, path: Path, context: "BaseContext", scenario: Scenario) -> None:
        super().__init__(path, context, scenario)
        _filelock()  # imported by the parent: children that are forked find it imported

    def _try(self, descriptor: int) -> bool:
        locked: bool = _filelock().lock_descriptor(descriptor, blocking=False)
        return locked

    def _give(self, descriptor: int) -> None:
        _filelock().unlock_descriptor(descriptor)


@functools.cache
def _filelock() -> ModuleType:
    """Return the library, which takes 20 to 60 ms to import, so that only those pay who use this lock."""
    import filelock  # noqa: PLC0415

    return filelock
