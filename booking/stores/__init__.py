"""What a store is: where the count lives, and how many steps one write takes.

A file of this folder has two stores. The explorer reads only the two facts; the contract tests prove them.
"""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from booking.errors import BadInputError
from booking.steps import Step
from booking.storage import files

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext


class Store(ABC):
    """The one number that every buyer reads and writes.

    `write_steps` are the atomic steps of one write, in order. `shared` tells whether the buyers see each
    other's writes at all, `outlives_sale` whether the count is there before and after the processes of a sale, and
    `can_swap` whether it can compare and swap. `path` has to be resolved already; a store in memory does not touch
    it. `durable` waits until a write has reached the disk. `where` is what a report calls the place of the count.
    """

    write_steps: ClassVar[tuple[Step, ...]]
    shared: ClassVar[bool]
    outlives_sale: ClassVar[bool] = True
    can_swap: ClassVar[bool] = False
    where: str

    def __init__(self, path: Path, *, durable: bool = False) -> None:
        self.path = path
        self.durable = durable

    @classmethod
    def summary(cls) -> str:
        """Return what this store is in one line, the first of its class's docstring."""
        return (cls.__doc__ or "").partition("\n")[0]

    @abstractmethod
    def prepare(self, context: "BaseContext") -> int | None:
        """Get ready for a sale whose processes come from `context`, in their parent, before the first of them starts.

        Return the count that is there, None for a new store. Raise MalformedStoreError if there is no count, and
        DiskError if the disk fails.
        """

    @abstractmethod
    def read(self) -> int:
        """Return the count.

        Raise MalformedStoreError if the file holds no count and DiskError if the disk fails.
        """

    @abstractmethod
    def write(self, count: int) -> Iterator[tuple[Step, Callable[[], None]]]:
        """Yield each step of the write with the action that performs it, in the order of `write_steps`.

        The caller runs the actions: one after the other in a sale, with a permission before each in a replay.
        An action raises DiskError where the disk refuses.
        """

    def swap(self, expected: int, count: int) -> bool:
        """Make the count `count` if it is `expected`, in one step that no other process can divide.

        Return whether it was. Raise BadInputError if the store cannot swap, else what `read` raises.
        """
        raise BadInputError(f"{self.where} cannot swap {expected} for {count} in one step; use --store json")

    @abstractmethod
    def tidy(self, dead: set[int] | None = None) -> None:
        """Remove what a sale left behind beside the count; only its parent does so, when all others have ended.

        `dead` are the numbers of the ended processes; None asks the system. Raise DiskError.
        """

    def sweep_own(self) -> None:
        """Remove the temporary files that this process left beside the store. Raise DiskError."""
        files.sweep(self.path, {os.getpid()})

    def put(self, count: int) -> None:
        """Write the count at once, as one who is alone with the store does."""
        for _, action in self.write(count):
            action()
