"""The store that tears: the file is emptied first and filled afterwards, as `open(path, "w")` does."""

from collections.abc import Callable, Iterator
from functools import partial

from booking.steps import Step
from booking.storage import files
from booking.stores import FileStore


class InPlaceStore(FileStore):
    """Empty the file, then write it: a reader between the two finds half a file.

    Kept because most beginners write files this way; the lesson is the torn read.
    """

    write_steps = (Step.TRUNCATE, Step.WRITE)

    def write(self, count: int) -> Iterator[tuple[Step, Callable[[], None]]]:
        """Yield the two steps; a buyer that ends between them leaves an empty file."""
        yield Step.TRUNCATE, partial(files.overwrite, self.path, b"")
        yield Step.WRITE, partial(files.overwrite, self.path, self.content(count), durable=self.durable)
