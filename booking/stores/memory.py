"""The stores in memory: a variable, of which each process has a copy, and a number that the processes share."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
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


class SharedMemoryStore(MemoryStore):
    """`multiprocessing.RawValue`: one number in memory that the parent makes and the buyers inherit.

    Reading it and writing it are quick, and each is whole. Between the two there is room for another buyer, as with
    a file, because sharing is not excluding.
    """

    shared = True
    where = "shared memory"

    def __init__(self, path: Path, *, durable: bool = False) -> None:
        super().__init__(path, durable=durable)
        self._cell = SimpleNamespace(value=0)  # until a sale is prepared, a number of this process alone

    def prepare(self, context: "BaseContext") -> None:
        """Make the number, which is new with every sale; processes that start later with this store share it."""
        self._cell = context.RawValue("q", 0)

    def read(self) -> int:
        """Return the count."""
        count: int = self._cell.value
        return count

    def write(self, count: int) -> Iterator[tuple[Step, Callable[[], None]]]:
        """Yield the one step of the write: eight bytes at once, so that no reader finds half of it."""
        yield Step.WRITE, partial(setattr, self._cell, "value", count)
