"""What a lock is: its declared facts and two verbs that live up to them; and no lock at all.

A file of this folder is one family of locks. The explorer reads only the facts; the contract tests prove
them on real processes.
"""

from abc import ABC, abstractmethod
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from booking.scenario import Scenario

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext


class Reach(StrEnum):
    """Which processes a lock can keep apart."""

    NOWHERE = "nowhere"
    PROCESS_TREE = "process tree"
    MACHINE = "machine"
    CLUSTER = "cluster"


class LockFacts(NamedTuple):
    """What a lock promises.

    `permits` is how many buyers may be inside at once; None means that it never stops anybody.
    `freed_when_holder_dies` tells whether the next buyer gets in after the holder was killed.
    `reach` tells who is kept apart.
    `reentrant` tells whether its holder may take it again, without a wait, and gives it back as often.
    """

    permits: int | None
    freed_when_holder_dies: bool
    reach: Reach
    reentrant: bool = False


class Lock(ABC):
    """A lock of a sale, made in the parent and handed to every buyer before it starts.

    `path` is the store that it guards and `context` the start method of the processes. A lock opens its
    descriptors in the process that acquires it, so what crosses a process boundary is never a held lock.
    """

    facts: ClassVar[LockFacts]

    def __init__(self, path: Path, context: "BaseContext", scenario: Scenario) -> None:
        """Prepare the lock; nothing is held yet."""
        del path, context, scenario

    @classmethod
    def summary(cls) -> str:
        """Return the first line of the class's docstring."""
        return (cls.__doc__ or "").partition("\n")[0]

    @classmethod
    def facts_in(cls, scenario: Scenario) -> LockFacts:
        """Return the facts in this scenario; only a lock with a dial (permits) differs from `facts`."""
        del scenario
        return cls.facts

    @abstractmethod
    def acquire(self, timeout: float | None = None) -> bool:
        """Wait for the lock and return whether it is now held.

        `timeout` is in seconds: None waits forever, 0 tries once. Raise DiskError if a lock file fails.
        """

    @abstractmethod
    def release(self) -> None:
        """Give the lock back. The caller holds it."""


class NoLock(Lock):
    """No lock: no buyer waits."""

    facts = LockFacts(permits=None, freed_when_holder_dies=True, reach=Reach.NOWHERE)

    def acquire(self, timeout: float | None = None) -> bool:
        """Return at once."""
        del timeout
        return True

    def release(self) -> None:
        """Do nothing: nothing was taken."""
