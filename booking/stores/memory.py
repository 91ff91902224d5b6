"""A store that is not shared: each process has its own copy of the count in memory."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from booking.steps import Step
from booking.stores import Store

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext


class MemoryStore(Store):
    """Keep the count in a variable: every buyer gets a copy of it when it starts.

    Processes share no memory, so each buyer sells from its own copy and never sees it sold out. The parent's
    copy stays as it was.
    """

    write_steps = (Step.WRITE,)
    shared = False
    outlives_sale = False
    where = "each buyer's own memory"

    def __init__(self, path: Path, *, durable: bool = False) -> None:
        super().__init__(path, durable=durable)
        self._count = 0

    def prepare(self, context: "BaseContext") -> None:
        """Do nothing: a variable is new with every sale."""

    def tidy(self, dead: set[int] | None = None) -> None:
        """Do nothing: memory is gone with its processes."""

    def read(self) -> int:
        """Return this process's count."""
        return self._count

    def write(self, count: int) -> Iterator[tuple[Step, Callable[[], None]]]:
        """Yield the one step of the write, which no other process sees."""
        yield Step.WRITE, partial(setattr, self, "_count", count)
