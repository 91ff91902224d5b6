"""Ask every lock the same questions: proofs first, then real sales, then what it costs."""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from booking.compare.measures import MEASURES, Question
from booking.compare.result import BASELINES, Comparison, Cost, Found, Measure, Missing
from booking.errors import BadInputError, InconclusiveError
from booking.registry import LOCKS, lock_named, protection_of, store_named
from booking.scenario import Scenario, require_whole

MOST_RUNS = 10_000
MOST_BUYERS = 1_000
ROUND = 0.3
"""Seconds of one round of purchases."""
ROUNDS = 5
"""How often the locks take turns in the measurement of their cost, so that a disturbance does not hit one alone."""


def compare(  # noqa: PLR0913 - all but the first have defaults
    scenario: Scenario,
    *,
    locks: Sequence[str] = (),
    runs: int = 5,
    round_s: float = ROUND,
    stop: Callable[[], bool] = lambda: False,
    on_progress: Callable[[int, int, str], None] = lambda _done, _of, _what: None,
) -> Comparison:
    """Return what the six measures find for each lock, an empty `locks` standing for all of them.

    The scenario's own lock and payment are not read. Once `stop` says so, what was found so far is returned,
    interrupted. `on_progress` is told how many measurements are done, of how many, and which one comes next.

    Everything happens in temporary folders. Raise BadInputError for an unknown or repeated name or a number out of
    range, and DiskError if the disk fails.
    """
    rows = tuple(locks) or tuple(LOCKS)
    _require_sensible(scenario, rows, runs)
    plan = planned(rows)
    began = time.monotonic()
    found: dict[tuple[str, Measure], Found] = {}
    for done, (lock, measure) in enumerate(plan):
        on_progress(done, len(plan), f"{lock}, {measure.replace('_', ' ')}")
        answer = _answer(measure, Question(replace(scenario, lock=lock), runs, round_s, stop))
        if stop():  # what was cut short is no finding
            break
        found[lock, measure] = cheaper(found.get((lock, measure)), answer)
    on_progress(len(plan), len(plan), "")
    return Comparison(scenario, rows, runs, found, time.monotonic() - began, os.cpu_count() or 1, stop())


def planned(locks: Sequence[str]) -> list[tuple[str, Measure]]:
    """Return what to measure, in order; the costs come last, with those of the BASELINES, and several times."""
    once = [(lock, measure) for measure in Measure if measure is not Measure.COST for lock in locks]
    priced = [*locks, *(lock for lock in BASELINES if lock not in locks)]
    return once + [(lock, Measure.COST) for lock in priced] * ROUNDS


def cheaper(before: Found | None, now: Found) -> Found:
    """Return the faster one of two rounds: whatever else the machine does can only add to a cost."""
    if isinstance(before, Cost) and not (isinstance(now, Cost) and now.each_s < before.each_s):
        return before
    return now


def _answer(measure: Measure, question: Question) -> Found:
    """Return what the measure finds, or why this lock and this store have nothing to measure."""
    try:
        protection_of(question.scenario)
        return MEASURES[measure](question)
    except (BadInputError, InconclusiveError) as error:
        return Missing(str(error))


def _require_sensible(scenario: Scenario, locks: Sequence[str], runs: int) -> None:
    require_whole("runs", runs, 1, MOST_RUNS)
    require_whole("buyers (to compare)", scenario.buyers, 1, MOST_BUYERS)
    store_named(scenario.store)
    for lock in locks:
        lock_named(lock)
    if len(set(locks)) < len(locks):
        raise BadInputError(f"a lock is named twice in {','.join(locks):.60}; name each once")
