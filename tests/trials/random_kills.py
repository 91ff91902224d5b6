"""A buyer is killed at a random step or a random moment: the sale ends in a sentence, and nobody is left."""

import os
import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from booking.cli.run import Sales, status_of
from booking.history.finding import Anomaly
from booking.history.verdict import judge
from booking.processes.journal import END, READY, Message
from booking.processes.system import state_of
from booking.registry import LOCKS, go_together, protection_of
from booking.reports import processes
from booking.reports.timeline import render
from booking.rules import impossible
from booking.scenario import Scenario
from booking.setup import GATES, Fault, FaultKind, Setup
from booking.simulation.sale import simulate
from booking.steps import PAY, Step

AT_ONCE = 8  # they mostly wait
BUYERS = 3
TIMEOUT = 0.3
LONG_TIMEOUT = 20.0
"""Seconds where nobody has to wait for the time-out: the dead give the lock back."""
CLOSED_WITHIN = 10.0
"""Seconds beyond its time-out within which a sale has ended even on a loaded machine."""


@dataclass
class Killer:
    """Kills one buyer at a moment that has nothing to do with what it does: so long after it was ready."""

    buyer: int
    after_s: float
    pid: int = 0
    due: float = field(default=0.0)
    done: bool = False

    def __call__(self, message: Message) -> None:
        """Strike when the time has come; the parent hears something, or silence, often enough."""
        if message.word == READY and message.buyer == self.buyer:
            self.pid, self.due = message.pid, time.monotonic() + self.after_s
        if message.word == END and message.buyer == self.buyer:
            self.done = True
        if self.pid and not self.done and time.monotonic() >= self.due:
            self.done = True
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)


def is_possible(scenario: Scenario, setup: Setup) -> bool:
    """Return whether such a sale can be held."""
    return go_together(scenario.lock, scenario.store) and not impossible(protection_of(scenario), setup)


def drawn(number: int) -> tuple[Scenario, Setup, Killer | None]:
    """Return one sale and its kill: each lock and each file store equally often, at a step or at a moment."""
    dice = random.Random(number)
    lock = list(LOCKS)[number % len(LOCKS)]
    store = ["json", "inplace"][number // len(LOCKS) % 2]
    pay = (0.0, 0.002)
    scenario = Scenario(BUYERS, dice.choice([1, 2]), lock, store, pay, seed=number)
    if not is_possible(scenario, Setup()):  # what swaps needs a store that can
        scenario = Scenario(BUYERS, scenario.tickets, lock, "json", pay, seed=number)
    buyer = dice.randint(1, BUYERS)
    if number % 2:
        gate = dice.choice(["event", "none"])  # behind a barrier a dead waiter is another story
        return scenario, Setup(gate), Killer(buyer, dice.uniform(0, 0.02))
    steps = [*Step, PAY]
    dice.shuffle(steps)
    stagings = [
        Setup(
            dice.choice(GATES), faults=(Fault(buyer, step, dice.choice(list(FaultKind))),), trees=dice.choice([1, 1, 2])
        )
        for step in steps
    ]
    return scenario, next(setup for setup in stagings if is_possible(scenario, setup)), None


def sooner(killer: Killer | None) -> Killer | None:
    """Return a killer that strikes after half the time, and in the end at once."""
    return killer and Killer(killer.buyer, killer.after_s / 2 if killer.after_s > 1e-4 else 0.0)


def at_once(fault: Fault) -> Fault:
    """Return the fault at a step that every buyer comes to."""
    return replace(fault, step=Step.LOOK)


def what_is_wrong(number: int, folder: Path) -> list[str]:
    """Hold one sale and return what was not as it has to be.

    A kill that came too late was none: then the sale is held again, with a kill so much sooner.
    """
    scenario, setup, killer = drawn(number)
    db = folder / f"{number}" / "db.json"
    hangs = any(fault.kind is FaultKind.FREEZE for fault in setup.faults)
    facts = protection_of(scenario).facts
    timeout = LONG_TIMEOUT if facts.freed_when_holder_dies and not hangs else TIMEOUT
    started = time.monotonic()
    history = simulate(scenario, db=db, timeout=timeout, setup=setup, watch=killer)
    while not history.struck and all(ending.exitcode == 0 for ending in history.endings):
        started = time.monotonic()
        killer, setup = sooner(killer), replace(setup, faults=tuple(map(at_once, setup.faults)))
        history = simulate(scenario, db=db, timeout=timeout, setup=setup, watch=killer)
    took = time.monotonic() - started
    verdict, sales = judge(history), Sales()
    sales.take(history)
    excluding = facts.permits == 1 and scenario.store == "json" and setup.trees == 1
    text = render(history, verdict) + "\n".join(processes.lines(history))
    found = {
        f"took {took:.1f} s": took > timeout + CLOSED_WITHIN,
        f"exit status {status_of(sales, None)}": status_of(sales, None) not in {0, 3},
        "no sentence for the dead": any(e.exitcode and str(e.pid) not in text for e in history.endings),
        f"verdict {verdict.name}": excluding and verdict.name not in {"sound", "unknown", Anomaly.DEADLOCK},
        f"stuck, though freed: {verdict.sentence}": excluding
        and facts.freed_when_holder_dies
        and history.timed_out
        and not hangs
        and not is_unsigned(db.with_name("db.json.soft")),
        f"deadlock and exit status {status_of(sales, None)}": verdict.name == Anomaly.DEADLOCK
        and status_of(sales, None) != 3,
        "somebody is left": any(state_of(ending.pid) != "X" for ending in history.endings),
        f"left {sorted(path.name for path in db.parent.iterdir())}": any(db.parent.glob("*.booking-*")),
    }
    return [f"{number} {scenario} {setup}: {what}" for what, is_so in found.items() if is_so]


def is_unsigned(soft_lock: Path) -> bool:
    """Return whether the holder of `file-soft` was killed before it wrote its pid: that file blocks, as documented."""
    return soft_lock.exists() and not soft_lock.stat().st_size


def random_kills(times: int, folder: Path) -> list[str]:
    """Hold so many sales with a kill each, several at once, and return what was not as it has to be."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = pool.map(lambda number: what_is_wrong(number, folder), range(times))
        return [what for wrongs in found for what in wrongs]
