"""What is proved: a lock that says what its code does, whether that runs in this process or in another one."""

import inspect
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from booking import cells
from booking.cells import Value
from booking.grading.buyer import Buyer, Phase
from booking.grading.script import Stop


class Local(Protocol):
    """A local state of one buyer: where the buyer is, and the access that it asks for next."""

    @property
    def phase(self) -> Phase:
        """Return where the buyer is."""

    @property
    def stop(self) -> Stop:
        """Return what the code asks for, or how it has failed."""


class Follower(Protocol):
    """One buyer as a proof needs it: its local states by their numbers, and which one follows on what it is told."""

    @property
    def locals(self) -> Sequence[Local]:
        """Return the local states that were found so far; the first is the beginning."""

    @property
    def hidden(self) -> str:
        """Return why nothing at all could be seen of the code, "" if something could."""

    @property
    def obscured(self) -> str:
        """Return the first thing that could not be seen of the code, "" for nothing."""

    def after(self, number: int, told: Value) -> int:
        """Return the local state behind this one; -1 if it was not followed so far."""

    def fail(self, number: int, error: Exception) -> int:
        """Return the local state in which the buyer has failed at its next access."""

    def watched(self) -> AbstractContextManager[object]:
        """Watch over the code meanwhile, so that code without a step is stopped."""


class Subject(Protocol):
    """A lock to prove."""

    @property
    def name(self) -> str:
        """Return the name of the class."""

    def cells(self, buyers: int) -> dict[tuple[str, int], int]:
        """Return the first value of every cell, packed, by its name and index."""

    def text(self, cell: tuple[str, int]) -> str:
        """Return how a cell is written in the code."""

    def buyer(self, me: int, buyers: int) -> Follower:
        """Return buyer `me`, counted from 0, of so many."""


class OwnLock:
    """A class in this process as the subject of a proof."""

    def __init__(self, kind: type) -> None:
        self.name = kind.__name__
        self._kind = kind
        self._file = inspect.getfile(kind.acquire)  # type: ignore[attr-defined]

    def cells(self, buyers: int) -> dict[tuple[str, int], int]:
        """Return the first value of every cell, packed, by its name and index."""
        return cells.cells_in(self._kind, buyers)

    def text(self, cell: tuple[str, int]) -> str:
        """Return how a cell is written in the code."""
        return cells.cell_text(self._kind, *cell)

    def buyer(self, me: int, buyers: int) -> Buyer:
        """Return buyer `me`, counted from 0, of so many."""
        return Buyer(self._kind, me, buyers, self._file)
