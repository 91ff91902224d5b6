"""The six measures of a lock, each one class: how it is taken, its columns in a table, and its JSON object."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from statistics import median_low
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, Self

from booking.compare.contention import Contention, contend
from booking.errors import InconclusiveError
from booking.explorer import explore
from booking.history.finding import SOUND, UNKNOWN, Anomaly, label
from booking.history.history import History
from booking.history.verdict import judge
from booking.registry import go_together, protection_of
from booking.scenario import Scenario
from booking.setup import Fault, FaultKind, Setup
from booking.simulation.sale import simulate
from booking.steps import PAY, Step
from booking.text.words import decimals, digits, duration, power, share

BASELINES = ("none", "flock")
"""The locks that every cost is compared with: the price of no protection, and the kernel's own."""
PAY_S = 0.02
"""How long a payment takes in the real sales, in seconds: long enough for all others to read."""
PLENTY = 900_000_000
"""More tickets than are sold in the time of a measurement."""
MOST_STATES = 1_000_000
STUCK_AFTER = 2.0
"""Seconds after which a lock that is not released counts as stuck."""
KILLS = 3
NO_VALUE = "-"


@dataclass(frozen=True)
class Question:
    """What is asked: the scenario, the number of real sales, and how long a round of purchases lasts, in seconds.

    `stop` is called now and then; once it returns true, the measure ends.
    """

    scenario: Scenario
    runs: int
    round_s: float
    stop: Callable[[], bool]


@dataclass(frozen=True)
class Missing:
    """Why a lock has no result of a measure."""

    reason: str

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that stands in the measure's place."""
        return {"missing": self.reason}


@dataclass(frozen=True)
class Measure(ABC):
    """What is measured of every lock. `key` names it in JSON, `headers` are its columns in a table."""

    key: ClassVar[str]
    headers: ClassVar[tuple[str, ...]]

    @classmethod
    @abstractmethod
    def measure(cls, question: Question) -> Self | Missing:
        """Return the result; raise BadInputError or InconclusiveError if this lock and this store have none."""

    @abstractmethod
    def cells(self) -> tuple[str, ...]:
        """Return the text below each header."""

    def to_json(self) -> dict[str, Any]:
        """Return the fields as a JSON object; counts of interleavings are strings, because they exceed 2**53."""
        counts = {key: value for key, value in asdict(self).items() if key.endswith("interleavings")}
        return asdict(self) | {key: None if value is None else digits(value) for key, value in counts.items()}


@dataclass(frozen=True)
class Proof(Measure):
    """How many interleavings the explorer counted, and how many oversell; lower bounds unless `exhausted`.

    None stands for infinitely many, as where buyers wait busily.
    """

    key = "proved"
    headers = ("orders", "oversold in")
    interleavings: int | None
    oversold_interleavings: int | None
    exhausted: bool
    verdict: str

    @classmethod
    def measure(cls, question: Question) -> Self:
        """Count every interleaving of the buyers' steps."""
        found = explore(question.scenario, max_states=MOST_STATES, stop=question.stop)
        return cls(found.interleavings, found.oversold_interleavings, found.exhausted, found.verdict)

    def cells(self) -> tuple[str, ...]:
        """Return both counts; "none" alone is a proof."""
        if self.interleavings is None:
            orders = "infinitely many"
        else:
            orders = power(self.interleavings) if self.exhausted else f"over {power(self.interleavings)}"
        if self.oversold_interleavings is None:
            return orders, "some"
        if self.oversold_interleavings:
            return orders, share(self.oversold_interleavings, self.interleavings or 0)
        return orders, {SOUND: "none", UNKNOWN: UNKNOWN}.get(self.verdict, f"none; {self.verdict}")


@dataclass(frozen=True)
class RealSales(Measure):
    """How many real sales had each verdict."""

    key = "observed"
    headers = ("real sales",)
    trees: ClassVar[int] = 1
    verdicts: Mapping[str, int]

    @classmethod
    def measure(cls, question: Question) -> Self | Missing:
        """Hold real sales until there are enough, or until `stop` returns true."""
        if question.scenario.buyers < cls.trees:
            return Missing("two offices need two buyers")
        verdicts: Counter[str] = Counter()
        while verdicts.total() < question.runs and not question.stop():
            history = _simulate(replace(question.scenario, pay=(PAY_S, PAY_S)), Setup(trees=cls.trees))
            verdicts[judge(history).name] += 1
        return cls(dict(verdicts))

    def cells(self) -> tuple[str, ...]:
        """Return the worst verdict, and how often it was seen: "oversold 3 of 5"."""
        worst = next((name for name in (*Anomaly, UNKNOWN, SOUND) if self.verdicts.get(name)), SOUND)
        return (f"{label(worst).lower()} {self.verdicts.get(worst, 0)} of {sum(self.verdicts.values())}",)

    def to_json(self) -> dict[str, Any]:
        """Return the numbers of sales."""
        oversold = self.verdicts.get(Anomaly.OVERSOLD, 0)
        return {"runs": sum(self.verdicts.values()), "oversold_runs": oversold} | super().to_json()


class TwoOffices(RealSales):
    """The same in two process trees, as from two terminals."""

    key = "two_offices"
    headers = ("two offices",)
    trees = 2


@dataclass(frozen=True)
class KilledHolder(Measure):
    """When the next buyer acquired the lock of a killed one, in seconds; None: not within `patience_s`, or never."""

    key = "killed_holder"
    headers = ("holder killed",)
    after_s: float | None
    patience_s: float = STUCK_AFTER

    @classmethod
    def measure(cls, question: Question) -> Self | Missing:
        """Kill the buyer inside while it pays; return the median of a few kills."""
        protection = protection_of(question.scenario)
        permits = protection.facts.permits
        if protection.own_lock:  # whom it stops is not declared, so no kill can be planned
            return Missing("its file does not say; count it with `booking explore --buyers 2 --crashes 1`")
        if permits in {None, question.scenario.buyers}:  # nobody ever waits
            return Missing("no buyer waits for another one, so a killed buyer blocks none")
        crowd = (permits or 0) + 1
        scenario = replace(question.scenario, buyers=crowd, tickets=crowd, pay=(0.0, 0.0))
        waits: list[float] = []
        while len(waits) < KILLS and not question.stop():
            waited = _seconds_until_free(scenario)
            if waited is None:
                return cls(None)
            waits.append(waited)
        return cls(median_low(waits)) if waits else Missing("interrupted")

    def cells(self) -> tuple[str, ...]:
        """Return whether and when the lock was free again."""
        return ("stuck" if self.after_s is None else f"free in {duration(self.after_s)}",)

    def to_json(self) -> dict[str, Any]:
        """Return the fields, and whether the lock was free again."""
        return {"freed": self.after_s is not None} | super().to_json()


@dataclass(frozen=True)
class InPlace(Measure):
    """Torn reads while the file is emptied and written again: those that the explorer finds, and real ones.

    `torn_interleavings` is a lower bound unless `exhausted`, and None for infinitely many. Of `attempts` real
    purchases `torn_reads` read half a file.
    """

    key = "in_place"
    headers = ("written in place",)
    torn_interleavings: int | None
    exhausted: bool
    attempts: int
    torn_reads: int

    @classmethod
    def measure(cls, question: Question) -> Self | Missing:
        """Look for torn reads in all interleavings, then with real buyers."""
        scenario = replace(question.scenario, store="inplace")
        if not go_together(scenario.lock, scenario.store):
            return Missing("cannot be used with --store inplace")
        found = explore(scenario, max_states=MOST_STATES, stop=question.stop)
        seen = _contend(replace(question, scenario=scenario))
        torn = found.anomalies.get(Anomaly.TORN_READ, 0)
        return cls(torn, found.exhausted, attempts=sum(seen.served) + seen.torn, torn_reads=seen.torn)

    def cells(self) -> tuple[str, ...]:
        """Return whether there are torn reads."""
        if self.torn_interleavings != 0 or self.torn_reads:
            return (f"torn reads, {self.torn_reads:,} seen",)
        return ("no torn reads" if self.exhausted else "none found",)


@dataclass(frozen=True)
class Cost(Measure):
    """What purchases cost when buyers buy one after the other as fast as they can, without paying.

    `seconds` is how long that went on, `served` how many purchases each buyer made, and `longest_s` the longest
    that one purchase took, the wait for the lock or the new attempts included. `against` tells how many times as long
    as with each of the BASELINES a purchase took; a baseline without purchases is not in it.
    """

    key = "cost"
    headers = ("per purchase", *(f"vs {name}" for name in BASELINES), "longest wait", "least / most served")
    seconds: float
    served: tuple[int, ...]
    longest_s: float
    against: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def measure(cls, question: Question) -> Self:
        """Let all buyers buy at once for one round."""
        seen = _contend(question)
        return cls(seen.seconds, seen.served, seen.longest_s)

    @property
    def each_s(self) -> float:
        """Return the seconds from one purchase to the next, of any buyer; infinity if there were none."""
        return self.seconds / sum(self.served) if any(self.served) else float("inf")

    def compared_with(self, baselines: Mapping[str, object]) -> Self:
        """Return the cost with the factors against the costs of these locks."""
        costs = {name: base for name, base in baselines.items() if isinstance(base, Cost) and any(base.served)}
        factors = {name: self.each_s / base.each_s for name, base in costs.items() if any(self.served)}
        return replace(self, against=factors)

    def cells(self) -> tuple[str, ...]:
        """Return the times, the factors and the fairness."""
        return (
            duration(self.each_s) if any(self.served) else NO_VALUE,
            *(_times(self.against.get(name)) for name in BASELINES),
            duration(self.longest_s),
            f"{min(self.served):,} / {max(self.served):,}",
        )

    def to_json(self) -> dict[str, Any]:
        """Return the times in seconds; null is a time or factor without purchases."""
        return {
            "buyers": len(self.served),
            "seconds": self.seconds,
            "purchases": sum(self.served),
            "per_purchase_s": self.each_s if any(self.served) else None,
            "longest_wait_s": self.longest_s,
            "least_served": min(self.served, default=0),
            "most_served": max(self.served, default=0),
        } | {f"against_{name}": self.against.get(name) for name in BASELINES}


MEASURES: tuple[type[Measure], ...] = (Proof, RealSales, TwoOffices, KilledHolder, InPlace, Cost)


def _times(factor: float | None) -> str:
    return NO_VALUE if factor is None else f"{factor:.{decimals(factor)}f} x"


def _simulate(scenario: Scenario, setup: Setup, timeout: float | None = None) -> History:
    """Hold one sale in a temporary folder. Raise InconclusiveError if a buyer fails."""
    with TemporaryDirectory() as folder:
        history = simulate(scenario, setup=setup, db=Path(folder) / "db.json", timeout=timeout)
    error = next((ending.error for ending in history.endings if ending.error), None)
    if error is not None:
        raise InconclusiveError(f"a buyer fails: {error}")
    return history


def _seconds_until_free(scenario: Scenario) -> float | None:
    """Kill every buyer that has a permit; return how many seconds later the last buyer has one, None for never."""
    kills = tuple(Fault(buyer, PAY, FaultKind.KILL) for buyer in range(1, scenario.buyers))
    history = _simulate(scenario, Setup(faults=kills), STUCK_AFTER)
    entered = [e.t_ns for e in history.of(scenario.buyers) if e.step == Step.ACQUIRE and e.phase == "return"]
    killed_ns = max((blow.t_ns for blow in history.struck), default=0)
    return max(0.0, (entered[0] - killed_ns) / 1e9) if entered else None


def _contend(question: Question) -> Contention:
    with TemporaryDirectory() as folder:
        return contend(replace(question.scenario, tickets=PLENTY), Path(folder), question.round_s, question.stop)
