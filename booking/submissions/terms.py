"""The terms of a grade: for how many buyers, what is required, and what each property is worth."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from booking.errors import BadInputError
from booking.grading.finding import BROKEN, HOLDS, UNKNOWN, Answer, Proof
from booking.text.words import nearest

PROPERTIES = {
    "exclusion": "exclusion",
    "deadlock": "deadlock_freedom",
    "starvation": "starvation_freedom",
    "bypass": "bypass",
}
"""Each property by its name on the command line: what `Proof` calls it."""
REQUIRED = ("exclusion", "deadlock")
POINTS = {"exclusion": 50, "deadlock": 30, "starvation": 20}
MOST_BUYERS, MOST_ENTRIES = 8, 10
Memory: TypeAlias = Literal["sc", "tso"]
MEMORIES: dict[str, Memory] = {"sc": "sc", "tso": "tso"}


@dataclass(frozen=True)
class Terms:
    """How submissions are graded.

    `buyers` are the numbers of buyers to prove for, `bypass` is how many others may get in first if "bypass" is
    required or has points, and `entries` how often each buyer enters where that has to be limited.
    """

    buyers: tuple[int, ...] = (2,)
    required: tuple[str, ...] = REQUIRED
    bypass: int | None = None
    points: Mapping[str, int] = field(default_factory=lambda: dict(POINTS))
    memory: Memory = "sc"
    entries: int = 2

    def answer(self, proof: Proof, name: str) -> Answer:
        """Return whether a property, by its name on the command line, holds of a lock."""
        if name != "bypass":
            return proof.findings[PROPERTIES[name]].answer
        if proof.bypass is not None:
            return HOLDS if self.bypass is not None and proof.bypass <= self.bypass else BROKEN
        return UNKNOWN if UNKNOWN in {finding.answer for finding in proof.findings.values()} else BROKEN

    @property
    def max_score(self) -> int:
        """Return the points of a lock of which everything holds."""
        return sum(self.points.values())


def parsed_buyers(text: str) -> tuple[int, ...]:
    """Return the numbers of buyers of "2,3"; raise BadInputError."""
    words = text.split(",")
    if not all(word.strip().isdecimal() and 1 <= int(word) <= MOST_BUYERS for word in words):
        raise BadInputError(f"--buyers is {text!r:.40}; use numbers from 1 to {MOST_BUYERS}, for example 2,3")
    return tuple(dict.fromkeys(map(int, words)))


def parsed_required(text: str) -> tuple[tuple[str, ...], int | None]:
    """Return the properties, and the bypass, of "exclusion,deadlock,bypass=1"; raise BadInputError."""
    names, bypass = [], None
    for word in filter(None, text.split(",")):
        name, equals, number = word.strip().partition("=")
        if name not in PROPERTIES or (name == "bypass") != (bool(equals) and number.isdecimal()):
            near = "" if name in PROPERTIES else nearest(name, PROPERTIES)
            raise BadInputError(f"--require has {word!r:.40}{near}; use exclusion, deadlock, starvation, bypass=N")
        names.append(name)
        bypass = int(number) if equals else bypass
    return tuple(names), bypass


def parsed_points(text: str) -> dict[str, int]:
    """Return the points of "exclusion=40,deadlock=60" by property; raise BadInputError."""
    points = {}
    for word in filter(None, text.split(",")):
        name, _, number = word.strip().partition("=")
        if name not in PROPERTIES or not number.isdecimal():
            near = "" if name in PROPERTIES else nearest(name, PROPERTIES)
            raise BadInputError(f"--points has {word!r:.40}{near}; use for example exclusion=50,deadlock=50")
        points[name] = int(number)
    return points


def terms_of(*, buyers: str, require: str, points: str, memory: str, entries: int) -> Terms:
    """Return the terms that the command line's texts describe; raise BadInputError."""
    required, bypass = parsed_required(require)
    worth = parsed_points(points)
    if "bypass" in worth and bypass is None:
        raise BadInputError("--points has bypass, so say which: --require bypass=N")
    if memory not in MEMORIES:
        raise BadInputError(f"--memory is {memory!r:.40}; use {' or '.join(MEMORIES)}")
    if not 1 <= entries <= MOST_ENTRIES:
        raise BadInputError(f"--entries is {entries}; use a number from 1 to {MOST_ENTRIES}")
    return Terms(parsed_buyers(buyers), required, bypass, worth, MEMORIES[memory], entries)
