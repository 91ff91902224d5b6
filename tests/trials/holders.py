"""The holder of a lock is killed: the next one has it soon, or the sale says at its time-out why it never will."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from booking.history.finding import Anomaly
from booking.history.verdict import judge
from booking.processes.system import ENDED, state_of
from booking.purchase import Outcome
from booking.registry import LOCKS, protection_of
from booking.scenario import Scenario
from booking.setup import Fault, FaultKind, Setup
from booking.simulation.sale import simulate
from booking.steps import PAY, Step

BUYERS = 3
KILLED = 2
TIMEOUT = 0.5
LONG_TIMEOUT = 20.0
"""Seconds where nobody has to wait for the time-out."""

_EXCLUSIVE = {
    name: protection_of(Scenario(lock=name)).facts
    for name in LOCKS
    if protection_of(Scenario(lock=name)).facts.permits == 1
}
FREED = [name for name, facts in _EXCLUSIVE.items() if facts.freed_when_holder_dies]
KEPT = [name for name, facts in _EXCLUSIVE.items() if not facts.freed_when_holder_dies]


AT_ONCE = 10
"""Sales at the same time, where they mostly wait."""


@dataclass(frozen=True)
class Death:
    """One killed holder: in `took_s` the next buyer had the lock, or the sale had ended after the killing."""

    took_s: float
    wrong: tuple[str, ...] = ()


def passed_on(lock: str, db: Path) -> Death:
    """Kill the first holder of a lock that is freed by that, and return how long it took until the next one had it.

    With 3 buyers and one ticket, the one that is killed before it writes leaves it to the next, and the last finds it
    sold out.
    """
    scenario = Scenario(BUYERS, lock=lock, pay=(0.0, 0.0))
    history = simulate(scenario, db=db, timeout=LONG_TIMEOUT, setup=Setup(faults=(Fault(KILLED, PAY, FaultKind.KILL),)))
    taken = [event for event in history.events if (event.step, event.phase) == (Step.ACQUIRE, "return")]
    outcomes = sorted(ending.outcome for ending in history.endings)
    found = {
        f"{lock}: {history.struck} was struck, {taken[:1]} had the lock": [s.buyer for s in history.struck] != [KILLED]
        or taken[0].buyer != KILLED,
        f"{lock}: {outcomes}": outcomes != [Outcome.BOUGHT, Outcome.SOLD_OUT, Outcome.UNFINISHED],
        f"{lock}: {history.stock_left} left": history.stock_left != 0,
        f"{lock}: it came to the time-out": history.timed_out,
    }
    is_known = bool(history.struck) and len(taken) > 1
    took_s = (taken[1].t_ns - history.struck[0].t_ns) / 1e9 if is_known else LONG_TIMEOUT
    return Death(took_s, tuple(what for what, is_so in found.items() if is_so))


def told(lock: str, db: Path, timeout: float = TIMEOUT) -> Death:
    """Kill the holder of a lock that is lost with it, and return how long the sale took to say so."""
    scenario = Scenario(BUYERS, lock=lock, pay=(0.0, 0.0))
    started = time.monotonic()
    history = simulate(scenario, db=db, timeout=timeout, setup=Setup(faults=(Fault(KILLED, PAY, FaultKind.KILL),)))
    took_s = time.monotonic() - started
    verdict, dead = judge(history), history.endings[KILLED - 1]
    found = {
        f"{lock}: {verdict.name}": (verdict.name, verdict.unfinished) != (Anomaly.DEADLOCK, BUYERS),
        f"{lock}: {history.stock_left} left": history.stock_left != 1,
        f"{lock}: {verdict.sentence}": f"Buyer {KILLED} (process {dead.pid}) died while it held the lock"
        not in verdict.sentence,
        f"{lock}: {history.endings}": [ending.alive for ending in history.endings] != [True, False, True],
        f"{lock}: somebody is left": any(state_of(ending.pid) not in ENDED for ending in history.endings),
    }
    return Death(took_s, tuple(what for what, is_so in found.items() if is_so))


def deaths_of_holders(trial: Callable[[str, Path], Death], lock: str, folder: Path, times: int) -> list[str]:
    """Make a trial so often, and return what was not as it has to be."""
    with ThreadPoolExecutor(AT_ONCE if lock == "file-soft" or lock in KEPT else 1) as pool:
        deaths = pool.map(lambda number: trial(lock, folder / str(number) / "db.json"), range(times))
        return [what for death in deaths for what in death.wrong]
