"""What a benchmark was to reach, and what it reached: one line of the table at the top of RESULTS.md.

A benchmark prints its tables for people and calls `tell`. Where the environment variable BOOKING_AIMS names a file,
each aim goes there as one line of JSON, `{"name", "aim", "reached", "met"}`, for `benchmarks/results.py` to collect.
"""

import json
import os
from pathlib import Path
from typing import NamedTuple

VARIABLE = "BOOKING_AIMS"
MISSED = 3
"""The exit status of a benchmark that missed an aim; 1 is that of a script that failed."""


class Aim(NamedTuple):
    """One aim in words, what was reached, and whether that is enough; `met` is None where nothing was asked for."""

    name: str
    aim: str
    reached: str
    met: bool | None

    @property
    def verdict(self) -> str:
        """Return the word for the table."""
        return "-" if self.met is None else "yes" if self.met else "no"


def tell(*aims: Aim) -> None:
    """Write the aims to the file of whoever collects them, if somebody does."""
    if file := os.environ.get(VARIABLE):
        with Path(file).open("a", encoding="utf-8") as lines:
            lines.writelines(json.dumps(aim._asdict()) + "\n" for aim in aims)


def told(file: Path) -> list[Aim]:
    """Return the aims in such a file, in the order in which they were told; none where there is no file."""
    text = file.read_text("utf-8") if file.exists() else ""
    return [Aim(**json.loads(line)) for line in text.splitlines()]


def table(aims: list[Aim]) -> str:
    """Return the aims as a table for a terminal."""
    rows = [("aim", "asked for", "met", "reached"), *((aim.name, aim.aim, aim.verdict, aim.reached) for aim in aims)]
    name, asked, met = (max(len(row[column]) for row in rows) for column in range(3))
    return "\n".join(f"{row[0]:{name}}  {row[1]:{asked}}  {row[2]:{met}}  {row[3]}" for row in rows)
