"""A lock in a confined child as the subject of a proof.

The child says what the code asks for next, and nothing else: the states, the verdict and the witness are made here, so
code that has the child in its power can do no more than claim to be another lock.
"""

import json
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from booking.cells import Access, Kind, Value, pack, unpack
from booking.errors import BadInputError
from booking.grading.buyer import Phase
from booking.grading.moments import Place
from booking.grading.script import Stop
from booking.submissions.sandbox import Child, LostError
from booking.text.words import printable

TAMPERS = "answers what no lock can answer"
_KINDS: tuple[Kind, ...] = get_args(Kind)
MOST_LOCALS = 200_000
"""How many local states a buyer may have."""
_LONGEST = 200
"""How many characters of a text are kept."""


@dataclass(frozen=True, slots=True)
class Local:
    """A local state of a stranger's buyer."""

    phase: Phase
    stop: Stop


class Stranger:
    """The lock in the file of a confined child; `private` are attributes that may have been meant as cells.

    `lets_in` is whether some buyer was seen inside.
    """

    def __init__(self, child: Child, file: Path, name: str | None) -> None:
        """Open the file; raise BadInputError if it is no lock, and LostError if the child does not answer."""
        self.file = str(file)
        self.lets_in = False
        self._child = child
        self._begun: dict[int, dict[str, Any]] = {}
        told = self.ask("open", self.file, name)
        self.name = _text(told, "opened")
        self.private = tuple(_checked_text(each) for each in _list(told, "private"))

    def ask(self, *question: object) -> dict[str, Any]:
        """Return the child's answer; raise BadInputError for one that refuses, and LostError for none or a bad one."""
        try:
            told = json.loads(self._child.ask(json.dumps(question)))
        except (ValueError, RecursionError):
            raise LostError(TAMPERS) from None
        if not isinstance(told, dict):
            raise LostError(TAMPERS)
        if "refused" in told:
            raise BadInputError(_text(told, "refused"))
        if "failed" in told:
            raise LostError(_text(told, "failed"))
        return told

    def _begin(self, buyers: int) -> dict[str, Any]:
        if buyers not in self._begun:
            self._begun[buyers] = self.ask("begin", buyers)
        return self._begun[buyers]

    def cells(self, buyers: int) -> dict[tuple[str, int], int]:
        """Return the first value of every cell, packed, by its name and index."""
        found = {}
        for cell in _list(self._begin(buyers), "cells"):
            name, index, bits = _checked_list(cell, 3)
            found[_checked_text(name), _checked_int(index)] = _checked_bits(bits)
        return found

    def text(self, cell: tuple[str, int]) -> str:
        """Return how a cell is written in the code."""
        rows = {each for found in self._begun.values() for each in _list(found, "rows")}
        return f"{cell[0]}[{cell[1]}]" if cell[0] in rows else cell[0]

    def buyer(self, me: int, buyers: int) -> "StrangersBuyer":
        """Return buyer `me`, counted from 0, of so many."""
        cells = set(self.cells(buyers))
        first, hidden = (
            _list(self._begin(buyers), "locals", buyers)[me],
            _list(self._begin(buyers), "hidden", buyers)[me],
        )
        return StrangersBuyer(self, (buyers, me), cells, first, _checked_text(hidden))


class StrangersBuyer:
    """One buyer of a stranger's lock."""

    def __init__(
        self, stranger: Stranger, which: tuple[int, int], cells: set[tuple[str, int]], first: object, hidden: str
    ) -> None:
        self.hidden = hidden
        self.locals: list[Local] = []
        self._stranger = stranger
        self._which = which
        self._cells = cells
        self._behind: dict[tuple[int, int], int] = {}
        self._learn(first)

    @property
    def obscured(self) -> str:
        """Return what could not be seen of the code, "" for nothing."""
        return _text(self._stranger.ask("obscured", *self._which), "obscured")

    def watched(self) -> AbstractContextManager[object]:
        """Return nothing to do here: the child watches over the code."""
        return nullcontext()

    def after(self, number: int, told: Value) -> int:
        """Return the local state behind this one; -1 if it was not followed so far."""
        key = number, pack(told)
        if key not in self._behind:
            self._behind[key] = self._number(self._stranger.ask("after", *self._which, *key))
        return self._behind[key]

    def fail(self, number: int, error: Exception) -> int:
        """Return the local state in which the buyer has failed at its next access."""
        return self._number(self._stranger.ask("fail", *self._which, number, type(error).__name__, str(error)))

    def _number(self, told: dict[str, Any]) -> int:
        self._learn(told.get("locals"))
        behind = _checked_int(told.get("behind"))
        if not -1 <= behind < len(self.locals):
            raise LostError(TAMPERS)
        return behind

    def _learn(self, told: object) -> None:
        self.locals += [self._local(*_checked_list(each, 4)) for each in _checked_list(told)]
        if len(self.locals) > MOST_LOCALS:
            raise LostError(TAMPERS)

    def _local(self, phase: object, access: object, place: object, error: object) -> Local:
        file, line = _checked_list(place, 2)
        if _checked_int(phase) not in set(Phase):
            raise LostError(TAMPERS)
        known = self._stranger.file if file == self._stranger.file else ""  # it must not show us another file
        where = Place(known, _checked_int(line) if known else 0)
        asked = None if access is None else self._access(*_checked_list(access, 5))
        self._stranger.lets_in |= phase == Phase.INSIDE
        return Local(Phase(_checked_int(phase)), Stop(asked, where, error=_checked_text(error)))

    def _access(self, kind: object, name: object, at: object, value: Any, other: Any) -> Access:  # noqa: ANN401
        kind, name, at = _checked_kind(kind), _checked_text(name), _checked_int(at)
        if kind != "fence" and (name, at) not in self._cells:
            raise LostError(TAMPERS)
        try:
            return Access(kind, name, at, unpack(pack(value)), unpack(pack(other)))
        except (TypeError, OverflowError):
            raise LostError(TAMPERS) from None


def _text(told: dict[str, Any], key: str) -> str:
    return _checked_text(told.get(key))


def _checked_text(value: object) -> str:
    if not isinstance(value, str):
        raise LostError(TAMPERS)
    return printable(value)[:_LONGEST]


def _checked_bits(value: object) -> int:
    try:
        return pack(unpack(_checked_int(value)))
    except OverflowError:
        raise LostError(TAMPERS) from None


def _checked_kind(value: object) -> Kind:
    found = next((kind for kind in _KINDS if kind == value), None)
    if found is None:
        raise LostError(TAMPERS)
    return found


def _checked_int(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise LostError(TAMPERS)
    return value


def _list(told: dict[str, Any], key: str, size: int | None = None) -> list[Any]:
    return _checked_list(told.get(key), size)


def _checked_list(value: object, size: int | None = None) -> list[Any]:
    if not isinstance(value, list) or (size is not None and len(value) != size):
        raise LostError(TAMPERS)
    return value
