"""Buyers that buy one ticket after the other, as fast as they can, for a fixed time: what a purchase costs.

It is the real purchase at the real desk. Only nothing is told of the single steps: each buyer counts for itself, and
says in the end how often it was served and how long its longest purchase took.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from booking.compare.result import Cost
from booking.errors import DiskError, InconclusiveError
from booking.history.history import Phase, Value
from booking.processes import lifeline, signals
from booking.processes.group import ProcessGroup, room_for
from booking.processes.lifeline import PipeEnds
from booking.purchase import Outcome
from booking.scenario import Scenario
from booking.simulation.buyer import Train, settled
from booking.simulation.desk import RealDesk
from booking.simulation.sale import Sale

PATIENCE = 30.0
"""Seconds beyond the time of the purchases after which no buyer is waited for."""
_POLL = 0.1


class Tally(NamedTuple):
    """What one buyer says in the end: how many purchases ended how, and times in nanoseconds."""

    bought: int = 0
    torn: int = 0
    longest_ns: int = 0
    began_ns: int = 0
    ended_ns: int = 0
    error: str | None = None


@dataclass(frozen=True)
class Turnstile:
    """All that one buyer is told: what it buys from, and for how many seconds."""

    program: Callable[..., Outcome]
    train: Train
    ends: PipeEnds
    seconds: float


def attend(turnstile: Turnstile) -> None:
    """Be one buyer: wait at the gate, buy until the time is over, say how it went."""
    ends = turnstile.ends
    lifeline.become_child(ends, turnstile.train.store.sweep_own)
    ends.journal.send_bytes(json.dumps(None).encode())
    lifeline.wait_for_gate(ends.gate, ends.lifeline)
    ends.journal.send_bytes(json.dumps(bought_for(turnstile)).encode())


def bought_for(turnstile: Turnstile) -> Tally:
    """Buy as often as the time allows, and return the tally."""
    desk = RealDesk(turnstile.train.store, turnstile.train.lock, _untold, pay_s=0)
    bought = torn = longest = 0
    began = now = time.monotonic_ns()
    over = began + int(turnstile.seconds * 1e9)
    while now < over:
        outcome, error = settled(partial(turnstile.program, desk))
        before, now = now, time.monotonic_ns()
        longest = max(longest, now - before)
        bought += outcome is Outcome.BOUGHT
        torn += outcome is Outcome.TORN_READ
        if error:
            return Tally(bought, torn, longest, began, now, error)
    return Tally(bought, torn, longest, began, now)


def _untold(word: str, phase: Phase, value: Value = None, /) -> None:
    """Ignore a step."""


def contended(scenario: Scenario, folder: Path, seconds: float, stop: Callable[[], bool]) -> list[Tally]:
    """Let the scenario's buyers buy for so many seconds in this folder, and return a tally each.

    Raise BadInputError if the lock or the store cannot be used, DiskError if a buyer could not go on, and
    InconclusiveError if one never answers, or once `stop` says so. No process is left afterwards.
    """
    sale = Sale.of(scenario, db=folder / "db.json")
    with (
        signals.collect() as arrived,
        sale.opened() as (_, (train,)),
        room_for(sale.descriptors),
        ProcessGroup(sale.context) as group,
    ):
        try:
            for number in range(1, scenario.buyers + 1):
                own = Train(sale.protection.store_of(number, train.store), train.lock)
                task = Turnstile(sale.protection.program, own, group.ends, seconds)
                group.start(attend, task, f"buyer-{number}")
            group.seal()
            _heard(group, scenario.buyers, PATIENCE + scenario.buyers, lambda: bool(arrived) or stop())
            group.open_gate()
            said = _heard(group, scenario.buyers, PATIENCE + seconds, lambda: bool(arrived) or stop())
        finally:
            group.kill_all()
            train.store.tidy(dead={process.pid or 0 for process in group.processes})
    return _sane([Tally(*tally) for tally in said])


def _heard(group: ProcessGroup, number: int, patience: float, stop: Callable[[], bool]) -> list[Any]:
    """Return the next messages, one of each buyer; raise InconclusiveError if they do not come."""
    heard: list[Any] = []
    deadline = time.monotonic() + patience
    while len(heard) < number:
        if stop():
            raise InconclusiveError("the measurement was interrupted; all buyer processes have ended")
        if time.monotonic() > deadline:
            raise InconclusiveError(f"only {len(heard)} of {number} buyers answered within {patience:g} s")
        if group.inbox.poll(_POLL):
            try:
                heard.append(json.loads(group.inbox.recv_bytes()))
            except EOFError:
                raise InconclusiveError(f"only {len(heard)} of {number} buyers answered; the others died") from None
    return heard


def _sane(tallies: list[Tally]) -> list[Tally]:
    error = next((tally.error for tally in tallies if tally.error), None)
    if error:
        raise DiskError(f"a buyer could not go on: {error}")
    return tallies


def cost_of(tallies: list[Tally]) -> Cost:
    """Return what the purchases cost, from the first buyer's beginning to the last one's end."""
    spent_ns = max(tally.ended_ns for tally in tallies) - min(tally.began_ns for tally in tallies)
    longest_ns = max(tally.longest_ns for tally in tallies)
    return Cost(spent_ns / 1e9, tuple(tally.bought for tally in tallies), longest_ns / 1e9)
