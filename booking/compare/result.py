"""What a comparison of locks found: plain data, made by the measures and shown by the reports."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

from booking.explorer.result import SCHEMA, digits
from booking.history.finding import Anomaly
from booking.scenario import Scenario

BASELINES = ("none", "flock")
"""The locks that every cost is compared with: the price of no protection, and the kernel's own."""


class Measure(StrEnum):
    """What is asked of every lock, in this order."""

    PROVED = "proved"
    OBSERVED = "observed"
    TWO_OFFICES = "two_offices"
    KILLED_HOLDER = "killed_holder"
    IN_PLACE = "in_place"
    COST = "cost"


@dataclass(frozen=True, slots=True)
class Missing:
    """Why there is nothing to measure."""

    reason: str

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that stands in a measure's place."""
        return {"missing": self.reason}


@dataclass(frozen=True, slots=True)
class Proof:
    """What the explorer counted: orders of the steps, and those that oversell; lower bounds unless `exhausted`."""

    interleavings: int
    oversold: int
    exhausted: bool
    verdict: str

    def to_json(self) -> dict[str, Any]:
        """Return the proof as a JSON object; counts are strings, they exceed 2**53."""
        return {
            "interleavings": digits(self.interleavings),
            "oversold_interleavings": digits(self.oversold),
            "exhausted": self.exhausted,
            "verdict": self.verdict,
        }


@dataclass(frozen=True, slots=True)
class Sales:
    """What real sales came to: how many had each verdict."""

    verdicts: Mapping[str, int]

    @property
    def runs(self) -> int:
        """Return how many sales there were."""
        return sum(self.verdicts.values())

    @property
    def oversold(self) -> int:
        """Return how many of them sold more tickets than there were."""
        return self.verdicts.get(Anomaly.OVERSOLD, 0)

    def to_json(self) -> dict[str, Any]:
        """Return the sales as a JSON object."""
        return {"runs": self.runs, "oversold_runs": self.oversold, "verdicts": dict(self.verdicts)}


@dataclass(frozen=True, slots=True)
class Inheritance:
    """What became of the lock of a holder that was killed.

    `freed_after_s` is how many seconds later the next buyer was in, None if it was not within `patience_s`.
    """

    freed_after_s: float | None
    patience_s: float

    def to_json(self) -> dict[str, Any]:
        """Return the inheritance as a JSON object."""
        return {"freed": self.freed_after_s is not None, "after_s": self.freed_after_s, "patience_s": self.patience_s}


@dataclass(frozen=True, slots=True)
class InPlace:
    """What happens when the file is emptied and written again: torn reads that the explorer finds, and real ones.

    `torn_interleavings` is a lower bound unless `exhausted`. `attempts` are the real purchases that were tried, and
    `torn_reads` those of them that read half a file.
    """

    torn_interleavings: int
    exhausted: bool
    attempts: int
    torn_reads: int

    def to_json(self) -> dict[str, Any]:
        """Return the finding as a JSON object; counts of orders are strings, they exceed 2**53."""
        return {
            "torn_interleavings": digits(self.torn_interleavings),
            "exhausted": self.exhausted,
            "attempts": self.attempts,
            "torn_reads": self.torn_reads,
        }


@dataclass(frozen=True, slots=True)
class Cost:
    """What purchases cost when buyers buy one after the other as fast as they can, without paying.

    `seconds` is how long that went on, `served` how many purchases each buyer made, and `longest_s` the longest
    that one purchase took, the wait for the lock or the new attempts included.
    """

    seconds: float
    served: tuple[int, ...]
    longest_s: float

    @property
    def purchases(self) -> int:
        """Return how many tickets were sold."""
        return sum(self.served)

    @property
    def each_s(self) -> float:
        """Return the seconds from one purchase to the next, of whichever buyer; endless where there were none."""
        return self.seconds / self.purchases if self.purchases else float("inf")

    def to_json(self) -> dict[str, Any]:
        """Return the cost as a JSON object, times in seconds."""
        return {
            "buyers": len(self.served),
            "seconds": self.seconds,
            "purchases": self.purchases,
            "per_purchase_s": self.each_s if self.purchases else None,
            "longest_wait_s": self.longest_s,
            "least_served": min(self.served, default=0),
            "most_served": max(self.served, default=0),
        }


Found: TypeAlias = Proof | Sales | Inheritance | InPlace | Cost | Missing


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that was found, by lock and by measure; what is absent was not measured before the end.

    `locks` are the rows, in order; `found` may hold the costs of the BASELINES besides. `runs` is how many real sales
    each lock was tried in, `elapsed_s` how long all took in seconds, `cores` how many the machine has.
    `interrupted` tells that somebody ended it early.
    """

    scenario: Scenario
    locks: tuple[str, ...]
    runs: int
    found: Mapping[tuple[str, Measure], Found]
    elapsed_s: float = 0.0
    cores: int = 1
    interrupted: bool = False

    def against(self, lock: str, baseline: str) -> float | None:
        """Return how many times as long as with the baseline a purchase takes; None where either was not measured."""
        cost, base = self.found.get((lock, Measure.COST)), self.found.get((baseline, Measure.COST))
        if isinstance(cost, Cost) and isinstance(base, Cost) and cost.purchases and base.purchases:
            return cost.each_s / base.each_s
        return None

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that `booking compare --json` prints; null stands for what was not measured."""
        return {
            "schema": SCHEMA,
            "scenario": self.scenario.to_json(),
            "runs": self.runs,
            "cores": self.cores,
            "elapsed_s": round(self.elapsed_s, 3),
            "interrupted": self.interrupted,
            "rows": [self._row(lock) for lock in self.locks],
        }

    def _row(self, lock: str) -> dict[str, Any]:
        row: dict[str, Any] = {"lock": lock}
        for measure in Measure:
            found = self.found.get((lock, measure))
            row[measure] = found.to_json() if found else None
        if isinstance(self.found.get((lock, Measure.COST)), Cost):
            row[Measure.COST] |= {f"against_{name}": self.against(lock, name) for name in BASELINES}
        return row
