"""What a submission is worth: the answer for each property, from which the score and the exit status follow."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from booking.errors import BadInputError, InconclusiveError
from booking.grading.finding import BROKEN, HOLDS, UNKNOWN, Answer, Finding, Proof, Step, Witness
from booking.submissions import sandbox
from booking.submissions.confinement import Limits
from booking.submissions.terms import REQUIRED, Terms
from booking.text.words import printable

if TYPE_CHECKING:
    from booking.submissions.stranger import Stranger

_MODULE = "booking.submissions.opening"
_RANKS = (1, BadInputError.exit_status, InconclusiveError.exit_status, 0)
"""Exit statuses, the one that several files share first."""


@dataclass(frozen=True)
class Grade:
    """What a submission is worth under some terms.

    `lets_in` is whether some buyer ever got in. `refused` says why the file is no lock, "" if it is one. `private` are
    attributes of the lock that one method assigns and another one reads although they are no cells. `printed` is the
    beginning of what it printed.
    """

    file: str
    lock: str | None
    terms: Terms
    proofs: tuple[Proof, ...] = ()
    refused: str = ""
    private: tuple[str, ...] = ()
    lets_in: bool = False
    printed: str = ""

    def answer(self, name: str) -> Answer:
        """Return whether a property holds for every number of buyers; unknown for a file that is no lock."""
        answers = {self.terms.answer(proof, name) for proof in self.proofs} or {UNKNOWN}
        return BROKEN if BROKEN in answers else UNKNOWN if UNKNOWN in answers else HOLDS

    @property
    def scores(self) -> dict[str, int]:
        """Return the points for each property: all for one that holds for every number of buyers, else none.

        All are 0 for what only looks like a lock: one that keeps nobody apart, or that never lets anybody in.
        """
        if self.answer("exclusion") != HOLDS or self.is_vacuous:
            return dict.fromkeys(self.terms.points, 0)
        return {name: points * (self.answer(name) == HOLDS) for name, points in self.terms.points.items()}

    @property
    def is_vacuous(self) -> bool:
        """Return whether exclusion holds because nobody ever gets in."""
        return self.answer("exclusion") == HOLDS and not self.lets_in

    @property
    def score(self) -> int:
        """Return the sum of the points."""
        return sum(self.scores.values())

    @property
    def exit_status(self) -> int:
        """Return 0 if what is required holds, 1 if some of it is broken, 2 for no lock, 3 for unknown."""
        if self.refused:
            return BadInputError.exit_status
        answers = {self.answer(name) for name in self.terms.required}
        return 1 if BROKEN in answers else InconclusiveError.exit_status if UNKNOWN in answers else 0

    @property
    def is_private_to_blame(self) -> bool:
        """Return whether something does not hold, and an attribute may have been meant as a cell."""
        return bool(self.private) and {self.answer(name) for name in REQUIRED} != {HOLDS}

    def to_json(self) -> dict[str, Any]:
        """Return the grade as one JSON object, without a schema."""
        document = {
            "file": str(place_of(self.file)[0]),
            "lock": self.lock,
            "results": [_result(proof) for proof in self.proofs],
            "score": self.score,
            "max_score": self.terms.max_score,
        }
        return document | ({"error": self.refused} if self.refused else {})


def _result(proof: Proof) -> dict[str, Any]:
    broken = next(((name, found) for name, found in proof.findings.items() if found.witness), None)
    return {
        "buyers": proof.buyers,
        **{name: found.answer for name, found in proof.findings.items()},
        "bypass": proof.bypass,
        "steps": proof.steps,
        "witness": broken and witness_json(*broken),
    }


def witness_json(name: str, found: Finding) -> dict[str, Any]:
    """Return the witness of a broken property as one JSON object."""
    witness = found.witness or Witness(())
    return {
        "property": name,
        "reason": found.reason,
        "schedule": list(witness.schedule),
        "steps": [_step(step) for step in witness.steps],
        "cycle": [_step(step) for step in witness.cycle],
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "buyer": step.buyer,
        "cell": step.cell,
        "access": step.kind,
        "value": step.value,
        "was": step.was,
        "line": step.line,
        "text": step.source,
        "cells": dict(step.cells),
        "buffers": [list(map(list, buffer)) for buffer in step.buffers],
        "inside": list(step.inside),
    }


def status_of(grades: Sequence[Grade]) -> int:
    """Return the exit status of several grades: the first of 1, 2, 3 and 0 that one of them has."""
    statuses = {grade.exit_status for grade in grades}
    return next(status for status in _RANKS if status in statuses)


def grade(file: str, terms: Terms, limits: Limits | None = None) -> Grade:
    """Return what the lock in a file is worth; `file` is FILE or FILE:Class, and is opened in a confined child only."""
    limits = limits or Limits()
    path, name = place_of(file)
    if why := obstacle(path):
        return Grade(file, None, terms, refused=why)
    with sandbox.confined(_MODULE, limits) as child:
        found = _judged(child, Grade(file, name, terms), path)
        child.drain()
        printed = child.printed.decode("utf-8", "replace")
    return replace(found, printed="\n".join(printable(line) for line in printed.splitlines()))


def _judged(child: sandbox.Child, blank: Grade, path: Path) -> Grade:
    """Return the blank grade filled in for a file that a child has at hand."""
    from booking.submissions.stranger import Stranger  # noqa: PLC0415 - a file that is not opened needs none

    try:
        lock = Stranger(child, path.resolve(), blank.lock)
    except BadInputError as error:
        return replace(blank, lock=None, refused=str(error))
    except sandbox.LostError as error:
        return replace(blank, lock=None, refused=f"it {error}")
    opened = replace(blank, lock=lock.name, private=lock.private)
    try:
        proofs = tuple(_proofs(lock, child, blank.terms))
        return replace(opened, proofs=proofs, lets_in=lock.lets_in)
    except BadInputError as error:
        return replace(opened, refused=str(error))


def _proofs(lock: "Stranger", child: sandbox.Child, terms: Terms) -> Iterator[Proof]:
    """Yield a proof for each number of buyers; once the child is lost, all is unknown."""
    from booking.grading.proof import prove  # noqa: PLC0415 - a file that is refused needs none

    lost = ""
    for buyers in terms.buyers:
        try:
            if not lost:
                seconds = child.seconds_left
                yield prove(lock, buyers=buyers, entries=terms.entries, memory=terms.memory, seconds=seconds)
        except sandbox.LostError as error:
            lost = f"it {error}"
        if lost:
            unknown = Finding(UNKNOWN, lost)
            yield Proof(
                lock.name, buyers, terms.memory, unknown, unknown, unknown, None, lost, None, terms.entries, 0, 0.0
            )


def place_of(file: str) -> tuple[Path, str | None]:
    """Return the path and the name of the class, None if there is none, of FILE or FILE:Class."""
    path, colon, name = file.rpartition(":")
    return (Path(path), name) if colon and name.isidentifier() and not Path(file).exists() else (Path(file), None)


def obstacle(path: Path) -> str:
    """Return why a path cannot be a submission, "" if it can."""
    try:
        if path.is_file():
            return ""
        return (
            "it is a folder without a Python file"
            if path.is_dir()
            else "it is no file"
            if path.exists()
            else "there is no such file"
        )
    except (OSError, ValueError) as error:
        return f"it cannot be read: {getattr(error, 'strerror', None) or error}"
