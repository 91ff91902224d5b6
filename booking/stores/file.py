"""The stores that are files: one is replaced as a whole, the other is emptied and then filled."""

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from booking.errors import MalformedStoreError
from booking.steps import Step
from booking.storage import document, files, paths, versions
from booking.stores import Store

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext


class FileStore(Store):
    """A JSON object in a file, whose `count` is the number of tickets left; its other keys are kept."""

    shared = True

    def __init__(self, path: Path, *, durable: bool = False) -> None:
        super().__init__(path, durable=durable)
        self.where = paths.shown(path)
        self._document: dict[str, Any] = {}

    def prepare(self, context: "BaseContext") -> int | None:
        """Make the folder, clean up behind an earlier sale, and return the count in the file, None for no file."""
        del context
        files.make_folder(self.path.parent)
        self.tidy()
        return self.read() if self.path.exists() else None

    def tidy(self, dead: set[int] | None = None) -> None:
        """Remove the temporary files of ended processes, and make the latest version the store's file."""
        files.sweep(self.path, dead)
        versions.merge(self.path)

    def source(self) -> Path:
        """Return the file that holds the count now."""
        return self.path

    def read(self) -> int:
        """Return the count in the file and remember its other keys for the next write."""
        try:
            self._document = document.parse(files.read_small(self.source()))
        except MalformedStoreError as error:
            raise MalformedStoreError(f"cannot use {paths.shown(self.path)}: {error}") from None
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


class JsonStore(FileStore):
    """Write a temporary file beside the store, then put it in the store's place.

    A sale may swap instead of writing: then the latest version is in a link beside the store, until the parent tidies
    up. The two do not mix: what is written during a sale that swaps is not seen.
    """

    write_steps = (Step.WRITE,)
    can_swap = True

    def __init__(self, path: Path, *, durable: bool = False) -> None:
        super().__init__(path, durable=durable)
        self._version = 0

    def source(self) -> Path:
        """Return the latest version of the store: the file itself, unless the sale swaps."""
        self._version = versions.latest(self.path, self._version)
        return self.path if not self._version else Path(versions.version_path(self.path, self._version))

    def read(self) -> int:
        """Return the latest count; if the parent of a sale merges the versions meanwhile, the one in the file."""
        try:
            return super().read()
        except MalformedStoreError:
            if not self._version or versions.latest(self.path, self._version):
                raise
            return super().read()

    def write(self, count: int) -> Iterator[tuple[Step, Callable[[], None]]]:
        """Yield the one step of the write, which other processes see whole or not at all."""
        yield Step.WRITE, partial(files.replace, self.path, self.content(count), durable=self.durable)

    def put(self, count: int) -> None:
        """Write the count at once, as one who is alone with the store does; links of earlier swaps are gone then."""
        if self.source() != self.path:
            self.tidy()
        super().put(count)

    def swap(self, expected: int, count: int) -> bool:
        """Publish the next version if the latest one still holds `expected`."""
        while self.read() == expected:
            if versions.publish(self.path, self._version + 1, self.content(count), durable=self.durable):
                return True
        return False


class InPlaceStore(FileStore):
    """Empty the file, then write it: a reader between the two finds half a file.

    Kept because most beginners write files this way; the lesson is the torn read.
    """

    write_steps = (Step.TRUNCATE, Step.WRITE)

    def write(self, count: int) -> Iterator[tuple[Step, Callable[[], None]]]:
        """Yield the two steps; a buyer that ends between them leaves an empty file."""
        yield Step.TRUNCATE, partial(files.overwrite, self.path, b"")
        yield Step.WRITE, partial(files.overwrite, self.path, self.content(count), durable=self.durable)
