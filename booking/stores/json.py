"""The default store: the file is replaced as a whole, so nobody ever reads half of it."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from booking.errors import MalformedStoreError
from booking.steps import Step
from booking.storage import files, versions
from booking.stores import FileStore


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
        """Yield the one step of the write: the replacement, which other processes see whole or not at all."""
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
