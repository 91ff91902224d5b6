"""What runs in a worker of a pool: get ready once, then play one buyer after the other, a batch at a time."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from booking.history.history import Phase, Value
from booking.processes import lifeline
from booking.processes.journal import END, NOBODY, READY, Journal, Record
from booking.processes.lifeline import PipeEnds
from booking.purchase import Outcome
from booking.simulation.buyer import Train, settled
from booking.simulation.desk import RealDesk


@dataclass(frozen=True, kw_only=True)
class WorkerTask:
    """All that a worker is told before its first buyer. `recorded` tells whether every step goes to the journal.

    A multiprocessing lock can only be handed to a process that starts, so it comes with this and not with a batch.
    """

    program: Callable[..., Outcome]
    train: Train
    ends: PipeEnds
    recorded: bool


@dataclass(frozen=True)
class Batch:
    """The buyers from number `first` on, by how long each one's payment takes, in seconds."""

    first: int
    pay_s: Sequence[float]


@dataclass(frozen=True)
class BatchResult:
    """How the buyers of one batch ended, in order, with the errors of those that could not go on."""

    pid: int
    outcomes: Sequence[Outcome]
    errors: dict[int, str]


_tasks: list[WorkerTask] = []
"""The one task of this process: a pool hands it to an initialiser, which can only leave it in a global."""


def begin(task: WorkerTask) -> None:
    """Get ready, and wait at the gate."""
    lifeline.become_child(task.ends, task.train.store.sweep_own)
    _tasks[:] = [task]
    Journal(NOBODY, task.ends.journal).record(READY, "call")
    lifeline.wait_for_gate(task.ends.gate, task.ends.lifeline)


def play(batch: Batch) -> BatchResult:
    """Be these buyers, one after the other, and return how they ended."""
    (task,) = _tasks
    results = [_play_one(task, buyer, pay_s) for buyer, pay_s in enumerate(batch.pay_s, batch.first)]
    errors = {batch.first + index: error for index, (_, error) in enumerate(results) if error}
    return BatchResult(os.getpid(), [outcome for outcome, _ in results], errors)


def _play_one(task: WorkerTask, buyer: int, pay_s: float) -> tuple[Outcome, str | None]:
    journal = Journal(buyer, task.ends.journal) if task.recorded else None
    record: Record = journal.record if journal else _forget
    desk = RealDesk(task.train.store, task.train.lock, record, pay_s)
    outcome, error = settled(partial(task.program, desk))
    if journal:
        journal.record(END, "return", outcome, error)
    return outcome, error


def _forget(word: str, phase: Phase, value: Value = None) -> None:
    del word, phase, value
