"""The six questions that every lock is asked, each answered by the explorer or by real processes."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median_low
from tempfile import TemporaryDirectory

from booking.compare.contention import contended, cost_of
from booking.compare.result import Found, Inheritance, InPlace, Measure, Missing, Proof, Sales
from booking.explorer import explore
from booking.history.finding import Anomaly
from booking.history.history import History
from booking.history.verdict import judge
from booking.registry import go_together, protection_of
from booking.scenario import Scenario
from booking.setup import Fault, FaultKind, Setup
from booking.simulation.sale import simulate
from booking.steps import PAY, Step

PAYS = (0.02, 0.02)
"""How long a payment takes in the real sales, in seconds: long enough for all others to read."""
PLENTY = 900_000_000
"""More tickets than are sold in the time of a measurement."""
MOST_STATES = 1_000_000
STUCK_AFTER = 2.0
"""Seconds after which a lock that is not given back counts as stuck."""
KILLS = 3


@dataclass(frozen=True)
class Question:
    """What is asked: the sale, how many real sales to hold, and how long a costly round lasts, in seconds.

    `stop` is asked now and then whether to leave off.
    """

    scenario: Scenario
    runs: int
    round_s: float
    stop: Callable[[], bool]


def proved(question: Question) -> Found:
    """Count every order in which the buyers' steps can happen."""
    found = explore(question.scenario, max_states=MOST_STATES, stop=question.stop)
    return Proof(found.interleavings or 0, found.oversold_interleavings or 0, found.exhausted, found.verdict)


def observed(question: Question) -> Found:
    """Hold real sales in one office."""
    return _sales(question, Setup())


def two_offices(question: Question) -> Found:
    """Hold real sales in two process trees, as from two terminals."""
    if question.scenario.buyers == 1:
        return Missing("two offices need two buyers")
    return _sales(question, Setup(trees=2))


def killed_holder(question: Question) -> Found:
    """Kill the buyer inside while it pays, and see when the next buyer gets in; the median of a few kills."""
    permits = protection_of(question.scenario).facts.permits
    if permits is None:
        return Missing("nobody ever waits, so a killed buyer keeps nobody out")
    waits: list[float] = []
    while len(waits) < KILLS and not question.stop():
        waited = _inherited(replace(question.scenario, buyers=permits + 1, tickets=permits + 1, pay=(0.0, 0.0)))
        if waited is None:
            return Inheritance(None, STUCK_AFTER)
        waits.append(waited)
    return Inheritance(median_low(waits), STUCK_AFTER) if waits else Missing("interrupted")


def in_place(question: Question) -> Found:
    """Look for torn reads while the file is emptied and written again, in all orders and with real buyers."""
    scenario = replace(question.scenario, store="inplace")
    if not go_together(scenario.lock, scenario.store):
        return Missing("cannot be used with --store inplace")
    found = explore(scenario, max_states=MOST_STATES, stop=question.stop)
    with TemporaryDirectory() as folder:
        tallies = contended(replace(scenario, tickets=PLENTY), Path(folder), question.round_s, question.stop)
    return InPlace(
        found.anomalies.get(Anomaly.TORN_READ) or 0,
        found.exhausted,
        attempts=sum(tally.bought + tally.torn for tally in tallies),
        torn_reads=sum(tally.torn for tally in tallies),
    )


def cost(question: Question) -> Found:
    """Let all buyers buy at once, without paying, for one round."""
    with TemporaryDirectory() as folder:
        scenario = replace(question.scenario, tickets=PLENTY)
        return cost_of(contended(scenario, Path(folder), question.round_s, question.stop))


MEASURES: Mapping[Measure, Callable[[Question], Found]] = {
    Measure.PROVED: proved,
    Measure.OBSERVED: observed,
    Measure.TWO_OFFICES: two_offices,
    Measure.KILLED_HOLDER: killed_holder,
    Measure.IN_PLACE: in_place,
    Measure.COST: cost,
}


def _sales(question: Question, setup: Setup) -> Sales:
    verdicts: Counter[str] = Counter()
    for _ in range(question.runs):
        history = _held(replace(question.scenario, pay=PAYS), setup)
        verdicts[judge(history).name] += 1
    return Sales(dict(verdicts))


def _held(scenario: Scenario, setup: Setup, timeout: float | None = None) -> History:
    """Hold one sale in its own folder."""
    with TemporaryDirectory() as folder:
        return simulate(scenario, setup=setup, db=Path(folder) / "db.json", timeout=timeout)


def _inherited(scenario: Scenario) -> float | None:
    """Kill all buyers that fit in, and return how many seconds later the last buyer is in; None if it never is."""
    kills = tuple(Fault(buyer, PAY, FaultKind.KILL) for buyer in range(1, scenario.buyers))
    history = _held(scenario, Setup(faults=kills), STUCK_AFTER)
    entered = [e.t_ns for e in history.of(scenario.buyers) if e.step == Step.ACQUIRE and e.phase == "return"]
    killed_ns = max((blow.t_ns for blow in history.struck), default=0)
    return max(0.0, (entered[0] - killed_ns) / 1e9) if entered else None
