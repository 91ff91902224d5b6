"""What a store is: where the count lives, and how many steps one write takes.

One file of this folder is one store. The explorer reads only the two facts; the contract tests prove them.
"""

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

from booking import disk, document, files
from booking.errors import MalformedStoreError
from booking.steps import Step


class Store(ABC):
    """The one number that every buyer reads and writes.

    `write_steps` are the atomic steps of one write, in order. `shared` tells whether the buyers see each
    other's writes at all. Each process makes its own store from the path, which has to be resolved already;
    `durable` waits until a write has reached the disk.
    """

    write_steps: ClassVar[tuple[Step, ...]]
    shared: ClassVar[bool]

    def __init__(self, path: Path, *, durable: bool = False) -> None:
        self.path = path
        self.durable = durable

    @classmethod
    def summary(cls) -> str:
        """Return what this store is in one line, the first of its class's docstring."""
        return (cls.__doc__ or "").partition("\n")[0]

    @abstractmethod
    def read(self) -> int:
        """Return the count.

        Raises MalformedStoreError where the file holds no count and DiskError where the disk fails.
        """

    @abstractmethod
    def write(self, count: int) -> Iterator[tuple[Step, Callable[[], None]]]:
        """Yield each step of the write with the action that performs it, in the order of `write_steps`.

        The caller runs the actions: one after the other in a sale, with a permission before each in a replay.
        An action raises DiskError where the disk refuses.
        """

    def put(self, count: int) -> None:
        """Write the count at once, as one who is alone with the store does."""
        for _, action in self.write(count):
            action()


class FileStore(Store):
    """A JSON object in a file, whose `count` is the number of tickets left; its other keys are kept."""

    shared = True

    def __init__(self, path: Path, *, durable: bool = False) -> None:
        super().__init__(path, durable=durable)
        self._document: dict[str, Any] = {}

    def read(self) -> int:
        """Return the count in the file and remember the other keys for the next write."""
        try:
            self._document = document.parse(files.read_small(self.path))
        except MalformedStoreError as error:
            raise MalformedStoreError(f"cannot use {disk.shown(self.path)}: {error}") from None
        count: int = self._document["count"]
        return count

    def put(self, count: int) -> None:
        """Write the count at once; a file that held no store becomes one, a store keeps its other keys."""
        with contextlib.suppress(MalformedStoreError):
            self.read()
        super().put(count)

    def content(self, count: int) -> bytes:
        """Return what the file will hold with this count."""
        return document.serialise(self._document, count)
