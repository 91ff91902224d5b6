"""Ask every lock the same questions: proofs first, then real sales, then what it costs."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from booking.compare.measures import BASELINES, MEASURES, NO_VALUE, Cost, Measure, Missing, Question
from booking.errors import BadInputError, InconclusiveError
from booking.explorer.result import SCHEMA
from booking.registry import LOCKS, lock_named, protection_of, store_named, under
from booking.scenario import Scenario, require_whole

MOST_RUNS = 10_000
MOST_BUYERS = 1_000
ROUND = 0.3
"""Seconds of one round of purchases."""
ROUNDS = 5
"""How often the locks take turns in the measurement of their cost, so that a disturbance does not hit one alone."""
NOT_MEASURED = "?"


@dataclass(frozen=True)
class Comparison:
    """Everything that was found, by lock and by measure; what is absent was not measured before the end.

    `locks` are the rows, in order; `found` may hold the costs of the BASELINES besides. `runs` is how many real sales
    each lock was tried in, `elapsed_s` how long all took in seconds, `cores` how many the machine has.
    `interrupted` tells that Ctrl-C ended it early.
    """

    scenario: Scenario
    locks: tuple[str, ...]
    runs: int
    found: Mapping[tuple[str, type[Measure]], Measure | Missing]
    elapsed_s: float = 0.0
    cores: int = 1
    interrupted: bool = False

    def cells(self, lock: str, measure: type[Measure]) -> tuple[str, ...]:
        """Return the text below each of the measure's headers."""
        found = self.found.get((lock, measure))
        if isinstance(found, Measure):
            return found.cells()
        return (NO_VALUE if found else NOT_MEASURED,) * len(measure.headers)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that `booking compare --json` prints; null stands for what was not measured."""
        return {
            "schema": SCHEMA,
            "scenario": self.scenario.to_json(),
            "runs": self.runs,
            "cores": self.cores,
            "elapsed_s": round(self.elapsed_s, 3),
            "interrupted": self.interrupted,
            "rows": [{"lock": lock} | self._measured(lock) for lock in self.locks],
        }

    def _measured(self, lock: str) -> dict[str, Any]:
        found = {measure.key: self.found.get((lock, measure)) for measure in MEASURES}
        return {key: value and value.to_json() for key, value in found.items()}


def compare_locks(  # noqa: PLR0913 - all but the first have defaults
    scenario: Scenario,
    *,
    locks: Sequence[str] = (),
    runs: int = 5,
    round_s: float = ROUND,
    stop: Callable[[], bool] = lambda: False,
    on_progress: Callable[[int, str], None] = lambda _done, _next: None,
) -> Comparison:
    """Return what the measures find for each lock; empty `locks` stand for all of them.

    The scenario's own lock and payment are not read. Once `stop` returns true, what was found so far is returned,
    interrupted. `on_progress` is told how many of the `planned` measurements are done, and which one comes next.

    Everything happens in temporary folders. Raise BadInputError for an unknown or repeated name or a number out of
    range, and DiskError if the disk fails.
    """
    rows = tuple(locks or LOCKS)
    _require_sensible(scenario, rows, runs)
    began = time.monotonic()
    found: dict[tuple[str, type[Measure]], Measure | Missing] = {}
    for done, (lock, measure) in enumerate(planned(rows)):
        on_progress(done, f"{lock}, {measure.key.replace('_', ' ')}")
        answer = _answer(measure, Question(under(lock, scenario), runs, round_s, stop))
        if stop():  # what was cut short is no finding
            break
        found[lock, measure] = cheaper(found.get((lock, measure)), answer)
    baselines = {name: found.get((name, Cost)) for name in BASELINES}
    compared = {place: one.compared_with(baselines) if isinstance(one, Cost) else one for place, one in found.items()}
    return Comparison(scenario, rows, runs, compared, time.monotonic() - began, os.cpu_count() or 1, stop())


def planned(locks: Sequence[str]) -> list[tuple[str, type[Measure]]]:
    """Return what to measure, in order; the costs come last, with those of the BASELINES, and several times."""
    locks = locks or tuple(LOCKS)
    once = [(lock, measure) for measure in MEASURES if measure is not Cost for lock in locks]
    priced: list[tuple[str, type[Measure]]] = [(lock, Cost) for lock in dict.fromkeys((*locks, *BASELINES))]
    return once + priced * ROUNDS


def cheaper(before: Measure | Missing | None, now: Measure | Missing) -> Measure | Missing:
    """Return the faster one of two rounds: whatever else the machine does can only add to a cost."""
    if isinstance(before, Cost) and not (isinstance(now, Cost) and now.each_s < before.each_s):
        return before
    return now


def _answer(measure: type[Measure], question: Question) -> Measure | Missing:
    """Return what the measure finds, or why this lock and this store have nothing to measure."""
    try:
        protection_of(question.scenario)
        return measure.measure(question)
    except (BadInputError, InconclusiveError) as error:
        return Missing(str(error))


def _require_sensible(scenario: Scenario, locks: Sequence[str], runs: int) -> None:
    require_whole("runs", runs, 1, MOST_RUNS)
    require_whole("buyers (to compare)", scenario.buyers, 1, MOST_BUYERS)
    store_named(scenario.store)
    for lock in locks:
        lock_named(lock)
    if scenario.permits not in {1, *(under(lock, scenario).permits for lock in locks)}:
        raise BadInputError(f"--permits has no effect with --locks {','.join(locks):.60}; use --locks semaphore")
    if len(set(locks)) < len(locks):
        raise BadInputError(f"a lock is named twice in {','.join(locks):.60}; name each once")
