"""Replay the witness of a lock of cells on real processes: each asks before every access, and the parent permits it."""

import os
from contextlib import closing
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from booking import cells
from booking.cells import Access, Value
from booking.errors import BadInputError, ReplayDiffersError
from booking.grading.finding import Step, Witness
from booking.locks.own import class_of
from booking.processes import lifeline
from booking.processes.group import ProcessGroup
from booking.processes.journal import FAILED, PARENT_GONE, READY, Journal, Message
from booking.processes.lifeline import PipeEnds
from booking.replayer.gated_buyers import Controller
from booking.simulation.sale import context_named
from booking.storage.cell_memory import CellMemory, cell_file

DONE = "done"
_INSIDE = "inside "
"""What a buyer that is inside puts before the name of its next step."""


@dataclass(frozen=True, slots=True)
class GatedLockTask:
    """What a buyer's process is told."""

    lock: type | str
    buyer: int
    buyers: int
    path: Path
    ends: PipeEnds
    permission: Connection


def run_gated_lock(task: GatedLockTask) -> None:
    """Be one buyer: enter and leave until this process is ended, and ask before every access."""
    lifeline.become_child(task.ends, lambda: None)
    world = _GatedMemory(task, Journal(task.buyer, task.ends.journal))
    lock = cells.new_lock(class_of(task.lock), world)
    cells.enter(world)
    while True:
        world.begin("enter", is_inside=False)
        lock.acquire(task.buyer - 1)  # type: ignore[attr-defined]
        world.end()
        world.begin("leave", is_inside=True)
        lock.release(task.buyer - 1)  # type: ignore[attr-defined]
        world.end()


class _GatedMemory(CellMemory):
    """The world of a process that asks before every access; a call without an access is a step, too."""

    def __init__(self, task: GatedLockTask, journal: Journal) -> None:
        self._lock = class_of(task.lock)
        super().__init__(self._lock, task.buyers, task.path)
        self._journal = journal
        self._permission = task.permission
        self._call, self._is_inside, self._is_first = "", False, True

    def begin(self, call: str, *, is_inside: bool) -> None:
        """Take note that `acquire` or `release` begins."""
        self._call, self._is_inside, self._is_first = call, is_inside, True

    def end(self) -> None:
        """Ask once if the call has asked for nothing."""
        if self._is_first:
            self._ask(self._call)
            self._journal.record(DONE, "return", None)

    def access(self, access: Access) -> Value:
        """Ask, make the access, and tell what came of it."""
        cell = cells.cell_text(self._lock, access.name, access.at) if access.name else ""
        self._ask(f"{access.kind} {cell}".strip())
        told = super().access(access)
        self._journal.record(DONE, "return", cells.pack(told))
        return told

    def _ask(self, step: str) -> None:
        is_inside, self._is_first = self._is_inside and self._is_first, False
        self._journal.record(READY, "call", _INSIDE * is_inside + step)
        try:
            self._permission.recv_bytes()
        except (EOFError, OSError):
            os._exit(PARENT_GONE)


class _Heard:
    """What the buyers have said: the next step of each, and what the last step returned."""

    def __init__(self) -> None:
        self.asks: dict[int, str] = {}
        self.told: Value = None
        self.failure = ""

    def take(self, message: Message) -> None:
        """Take one message."""
        if message.word == READY:
            self.asks[message.buyer] = str(message.value)
        elif message.word == FAILED:
            self.failure = str(message.error)
        elif message.value is not None:
            self.told = cells.unpack(int(message.value))


def replay_witness(
    lock: type | str, witness: Witness, buyers: int, *, start_method: str | None = None
) -> tuple[Step, ...]:
    """Let real processes take the steps of a witness, one round of its cycle included; return the steps.

    Raise ReplayDiffersError for the first step in which reality differs: in what is asked for, in what the buyer is
    told, in what a cell holds afterwards, or in who is inside. Raise BadInputError for a witness with store buffers,
    because no process can be told when its processor empties its own. Under spawn a class must be found by its
    module's name; FILE or FILE:CLASS works everywhere.
    """
    steps, kind = (*witness.steps, *witness.cycle), class_of(lock)
    if any(step.buffers for step in steps):
        raise BadInputError("a witness under tso is not replayed: a processor empties its store buffer when it likes")
    with (
        cell_file(kind, buyers) as path,
        closing(CellMemory(kind, buyers, path)) as memory,
        ProcessGroup(context_named(start_method)) as group,
        closing(Controller(group)) as controller,
    ):
        heard = _Heard()

        def task_of(buyer: int, permission: Connection) -> GatedLockTask:
            """Return what this buyer is told."""
            return GatedLockTask(lock, buyer, buyers, path, group.ends, permission)

        controller.begin(buyers, run_gated_lock, task_of, heard)
        for place, step in enumerate(steps, 1):
            _take(controller, heard, memory, place, step)
    return steps


def _take(controller: Controller, heard: _Heard, memory: CellMemory, place: int, step: Step) -> None:
    """Let one buyer take one step, and compare what happens with what was predicted."""
    asked = heard.asks[step.buyer].removeprefix(_INSIDE)
    _compare(place, "asks for", f"{step.kind} {step.cell}".strip(), asked)
    heard.told = None
    controller.permit(step.buyer, heard)
    _compare(place, "is told", step.was, heard.told)
    held = [cells.unpack(bits) for bits in memory.words[: len(memory.places)]]
    _compare(place, "leaves", list(step.cells.values()), held)
    inside = tuple(buyer for buyer in sorted(heard.asks) if heard.asks[buyer].startswith(_INSIDE))
    _compare(place, "leaves inside", step.inside, inside)


def _compare(place: int, what: str, predicted: object, real: object) -> None:
    if repr(predicted) != repr(real):
        raise ReplayDiffersError(f"step {place} {what} {real!r}, and {predicted!r} was predicted; the lock is random")
