"""Let real processes race for a lock of cells, and count how often two were inside at once."""

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from booking import cells
from booking.errors import BadInputError, InconclusiveError
from booking.locks.own import class_of
from booking.processes import lifeline
from booking.processes.group import ProcessGroup
from booking.processes.journal import FAILED, receive
from booking.processes.lifeline import PipeEnds
from booking.simulation.sale import context_named
from booking.storage.cell_memory import CellMemory, cell_file

_PER_BUYER = 3  # whether it is inside, how often it was, and how often it met somebody there
_LOOK_S = 0.05


@dataclass(frozen=True, slots=True)
class Race:
    """What happened in a race: all `entries`, the `overlaps`, in which two were inside, and how long it took.

    `is_over` tells that all buyers made their entries; else one overlap, or the time, was enough.
    """

    buyers: int
    entries: int
    overlaps: int
    seconds: float
    start_method: str
    is_over: bool


@dataclass(frozen=True, slots=True)
class RacerTask:
    """What a racing process is told."""

    lock: type | str
    me: int
    buyers: int
    entries: int
    path: Path
    ends: PipeEnds


def race(  # noqa: PLR0913 - the dials of a race
    lock: type | str,
    *,
    buyers: int = 2,
    entries: int = 10_000,
    seconds: float = 60,
    until_overlap: bool = False,
    start_method: str | None = None,
) -> Race:
    """Let so many processes enter so often each, and return what happened; nobody claims a proof for a processor.

    It ends after so many seconds, and with `until_overlap` when two have been inside. Under spawn a class must be
    found by its module's name; FILE or FILE:CLASS works everywhere. Raise BadInputError if the class is no lock, or if
    its code fails there.
    """
    kind = class_of(lock)
    started = time.monotonic()
    context = context_named(start_method)
    with (
        cell_file(kind, buyers, _PER_BUYER * buyers) as path,
        closing(CellMemory(kind, buyers, path)) as memory,
        ProcessGroup(context) as group,
    ):
        for me in range(buyers):
            task = RacerTask(lock, me, buyers, entries, path, group.ends)
            group.start(run_racer, task, f"buyer-{me + 1}")
        group.seal()
        group.open_gate()
        while not group.all_end_within(_LOOK_S):
            has_overlap = any(memory.extra()[2::_PER_BUYER])
            if time.monotonic() - started > seconds or (until_overlap and has_overlap):
                break
        is_over = group.all_ended()
        if is_over and any(process.exitcode for process in group.processes):
            raise _failure(group)
        found = memory.extra()
    return Race(
        buyers,
        sum(found[1::_PER_BUYER]),
        sum(found[2::_PER_BUYER]),
        time.monotonic() - started,
        group.start_method,
        is_over,
    )


def run_racer(task: RacerTask) -> None:
    """Be one buyer: enter and leave until all entries are made, and look around while inside."""
    lifeline.become_child(task.ends, lambda: None)
    kind = class_of(task.lock)
    memory = CellMemory(kind, task.buyers, task.path)
    lock = cells.new_lock(kind, memory)
    cells.enter(memory)
    counts = memory.words[len(memory.places) :]
    mine = _PER_BUYER * task.me
    others = [_PER_BUYER * me for me in range(task.buyers) if me != task.me]
    lifeline.wait_for_gate(task.ends.gate, task.ends.lifeline)
    for _ in range(task.entries):
        lock.acquire(task.me)  # type: ignore[attr-defined]
        counts[mine] = 1
        counts[mine + 1] += 1
        counts[mine + 2] += _is_met(counts, others)
        counts[mine] = 0
        lock.release(task.me)  # type: ignore[attr-defined]


def _is_met(counts: Sequence[int], others: Sequence[int]) -> bool:
    """Return whether somebody else is inside, too."""
    return any(counts[other] for other in others)


def _failure(group: ProcessGroup) -> BadInputError | InconclusiveError:
    """Return what the first process said that failed."""
    while group.inbox.poll(0):
        message = receive(group.inbox)
        if message.word == FAILED:
            return BadInputError(f"a buyer's process fails: {message.error}")
    return InconclusiveError("a buyer's process was ended from outside; try again")
