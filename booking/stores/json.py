"""The default store: the file is replaced as a whole, so nobody ever reads half of it."""

from collections.abc import Callable, Iterator
from functools import partial

from booking import files
from booking.steps import Step
from booking.stores import FileStore


class JsonStore(FileStore):
    """Write a temporary file beside the store, then put it in the store's place."""

    write_steps = (Step.WRITE,)

    def write(self, count: int) -> Iterator[tuple[Step, Callable[[], None]]]:
        """Yield the one step of the write: the replacement, which other processes see whole or not at all."""
        yield Step.WRITE, partial(files.replace, self.path, self.content(count), durable=self.durable)
