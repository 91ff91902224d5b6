"""Buyers that buy one ticket after the other, as fast as they can, for a fixed time: what a purchase costs.

It is the real purchase at the real desk. Only its steps are not recorded: each buyer counts for itself, and reports
once, at the end.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from booking.errors import InconclusiveError
from booking.processes import lifeline, signals
from booking.processes.group import ProcessGroup, room_for
from booking.processes.journal import END, NOBODY, READY, Journal, Message, receive
from booking.processes.lifeline import PipeEnds
from booking.purchase import Outcome
from booking.scenario import Scenario
from booking.simulation.buyer import Train, settled, trains_of
from booking.simulation.desk import RealDesk
from booking.simulation.sale import Sale
from booking.steps import Phase, Value

PATIENCE = 30.0
"""Seconds beyond the time of the purchases after which no buyer is waited for."""
_POLL = 0.1


@dataclass(frozen=True)
class Contention:
    """What all buyers did: purchases of each, torn reads, and seconds from the first one's start to the last's end.

    `longest_s` is the longest that one purchase took.
    """

    served: tuple[int, ...]
    torn: int
    seconds: float
    longest_s: float


@dataclass(frozen=True)
class ContentionTask:
    """What one buyer's process is told: what it runs, what it buys from, and for how many seconds."""

    program: Callable[..., Outcome]
    train: Train
    ends: PipeEnds
    seconds: float


def contend(scenario: Scenario, folder: Path, seconds: float, stop: Callable[[], bool]) -> Contention:
    """Let the scenario's buyers buy for so many seconds in this folder.

    Raise BadInputError if the lock or the store cannot be used, and InconclusiveError if a buyer fails or never
    answers, or once `stop` returns true. No process is left afterwards.
    """
    sale = Sale.of(scenario, db=folder / "db.json")
    with (
        signals.collect() as arrived,
        sale.opened() as (_, trains),
        room_for(sale.descriptors),
        ProcessGroup(sale.context) as group,
    ):
        hear = partial(_hear, group, scenario.buyers, lambda: bool(arrived) or stop())
        try:
            for buyer in range(1, scenario.buyers + 1):
                (train,) = trains_of(buyer, sale.protection, trains)
                task = ContentionTask(sale.protection.program, train, group.ends, seconds)
                group.start(run_contender, task, f"buyer-{buyer}")
            group.seal()
            hear(PATIENCE + scenario.buyers)
            group.open_gate()
            reports = [json.loads(str(message.value)) for message in hear(PATIENCE + seconds)]
        finally:
            group.kill_all()
            trains[0].store.tidy(dead={process.pid or 0 for process in group.processes})
    bought, torn, longest, began, ended = zip(*reports, strict=True)
    return Contention(bought, sum(torn), (max(ended) - min(began)) / 1e9, max(longest) / 1e9)


def run_contender(task: ContentionTask) -> None:
    """Be one buyer: wait at the gate, buy until the time is over, report."""
    lifeline.become_child(task.ends, task.train.store.sweep_own)
    journal = Journal(NOBODY, task.ends.journal)
    journal.record(READY, "return")
    lifeline.wait_for_gate(task.ends.gate, task.ends.lifeline)
    counts, error = _buy_repeatedly(task)
    journal.record(END, "return", json.dumps(counts), error)


def _buy_repeatedly(task: ContentionTask) -> tuple[tuple[int, ...], str | None]:
    """Return purchases, torn reads, the longest purchase, the start and the end in nanoseconds; then any error."""
    desk = RealDesk(task.train.store, task.train.lock, _ignore, pay_s=0)
    bought = torn = longest = 0
    error = None
    began = now = time.monotonic_ns()
    while now < began + task.seconds * 1e9 and error is None:
        outcome, error = settled(partial(task.program, desk))
        before, now = now, time.monotonic_ns()
        longest = max(longest, now - before)
        bought += outcome is Outcome.BOUGHT
        torn += outcome is Outcome.TORN_READ
    return (bought, torn, longest, began, now), error


def _ignore(word: str, phase: Phase, value: Value = None, /) -> None:
    """Do not record a step."""


def _hear(group: ProcessGroup, buyers: int, stop: Callable[[], bool], patience_s: float) -> list[Message]:
    """Return the next message of each buyer; raise InconclusiveError if one fails, or if they do not come in time."""
    heard: list[Message] = []
    deadline = time.monotonic() + patience_s
    while len(heard) < buyers:
        if stop():
            raise InconclusiveError("the measurement was interrupted; all buyer processes have ended")
        if time.monotonic() > deadline:
            raise InconclusiveError(f"only {len(heard)} of {buyers} buyers answered within {patience_s:g} s")
        if group.inbox.poll(_POLL):
            try:
                heard.append(receive(group.inbox))
            except EOFError:
                raise InconclusiveError(f"only {len(heard)} of {buyers} buyers answered; the others died") from None
            if heard[-1].error is not None:
                raise InconclusiveError(f"a buyer fails: {heard[-1].error}")
    return heard
