"""A sale whose parent is killed on purpose, to see what becomes of the buyers.

The parent is a process of its own, so that somebody is left to look. What is called "without our guard" takes one
thing away: the buyers watch a lifeline that is held by us instead of their parent. So nobody ends them with their
parent, and still nothing is left should we be killed meanwhile.
"""

import os
import signal
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import Any

from booking.errors import BadInputError, InconclusiveError
from booking.processes import lifeline, signals
from booking.processes.group import Child, ProcessGroup
from booking.processes.journal import READY, Message, encode, receive
from booking.processes.lifeline import PipeEnds
from booking.processes.system import ENDED, adopting, state_of
from booking.scenario import Scenario
from booking.simulation.running import Plan, RunningSale
from booking.simulation.sale import context_named, lock_made, payment_times
from booking.steps import PAY
from booking.stores.json import JsonStore

MOMENTS = (0.1, 0.5, 2.0)
"""Seconds after the parent's death at which we look."""
BUYERS = 3
_PAY = 60.0
_PATIENCE = 30.0
_POLL = 0.01


class Seen(StrEnum):
    """What a process is when we look."""

    ALIVE = "alive"
    ZOMBIE = "zombie"
    GONE = "gone"


_SEEN = {"Z": Seen.ZOMBIE, "X": Seen.GONE}


@dataclass(frozen=True)
class OrphanReport:
    """What became of the buyers, the processes `pids`, after `parent` was killed.

    `seen` has what each was at MOMENTS. `ended_by_us` are those that were still alive after the last of them, and
    that we ended.
    """

    guarded: bool
    start_method: str
    parent: int
    pids: tuple[int, ...]
    seen: dict[int, list[Seen]] = field(default_factory=dict)
    ended_by_us: tuple[int, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON object, the moments with it."""
        return asdict(self) | {"moments_s": list(MOMENTS), "seen": {str(pid): seen for pid, seen in self.seen.items()}}


@dataclass(frozen=True)
class OrphanTask:
    """All that the parent is told that will be killed."""

    ends: PipeEnds
    db: Path
    start_method: str
    guarded: bool


class Unguarded(ProcessGroup):
    """A group of daemons whose lifeline somebody else holds than their parent."""

    def __init__(self, context: BaseContext, lifeline: Connection) -> None:
        super().__init__(context)
        self.ends = self.ends._replace(lifeline=lifeline)

    def _new_process(self, args: tuple[Any, ...], name: str) -> Child:
        return self._process_of_library(args, name)


def sacrifice(start_method: str | None = None, *, guarded: bool) -> OrphanReport:
    """Hold a small sale in a child process, kill that process while all its buyers pay, and look what they do.

    Raises InconclusiveError where the sale does not come to the payments, and BadInputError for forkserver, whose
    server has a life of its own. No process is left when this returns or raises.
    """
    context = context_named(start_method)
    method = str(context.get_start_method())
    if method == "forkserver":
        raise BadInputError("the fork server has a life of its own; use --start-method fork or spawn")
    with (
        signals.collect() as arrived,
        tempfile.TemporaryDirectory() as folder,
        adopting(),
        ProcessGroup(context, daemon=False) as group,
    ):
        task = OrphanTask(group.ends, Path(folder).resolve() / "db.json", method, guarded)
        pids: list[int] = []
        try:
            group.start(be_killed, task, "parent")
            group.seal()
            _hear(group, pids, arrived)
            parent = group.processes[0]
            parent.kill()
            parent.join()
            return _watched(OrphanReport(guarded, method, parent.pid or 0, tuple(sorted(pids))), arrived)
        finally:
            group.kill_all()
            _end(pids)


def be_killed(task: OrphanTask) -> None:
    """Be the parent of a small sale, and pass on what the buyers say."""
    store = JsonStore(task.db)
    lifeline.become_child(task.ends, store.sweep_own)
    context = get_context(task.start_method)
    scenario = Scenario(BUYERS, pay=(_PAY, _PAY))
    store.put(scenario.tickets)
    lock = lock_made(scenario, task.db, context)

    def pass_on(message: Message) -> None:
        """Tell it to whoever watches this parent die."""
        task.ends.journal.send_bytes(encode(message))

    with ProcessGroup(context) if task.guarded else Unguarded(context, task.ends.lifeline) as group:
        RunningSale(Plan(scenario, store, lock, group, payment_times(scenario), watch=pass_on)).hold(2 * _PAY)


def _hear(group: ProcessGroup, pids: list[int], arrived: Sequence[int]) -> None:
    """Listen until every buyer pays, and keep their numbers."""
    deadline, paying = time.monotonic() + _PATIENCE, 0
    while paying < BUYERS:
        _heed(arrived)
        if time.monotonic() > deadline:
            raise InconclusiveError("the small sale did not come to its payments; use a quieter machine")
        if group.inbox.poll(_POLL):
            try:
                message = receive(group.inbox)
            except EOFError:
                raise InconclusiveError("the small sale ended before its payments; try again") from None
            if message.word == READY:
                pids.append(message.pid)
            paying += message.word == PAY


def _watched(aftermath: OrphanReport, arrived: Sequence[int]) -> OrphanReport:
    died = time.monotonic()
    seen: dict[int, list[Seen]] = {pid: [] for pid in aftermath.pids}
    for moment in MOMENTS:
        while time.monotonic() < died + moment:
            _heed(arrived)
            time.sleep(_POLL)
        for pid, looks in seen.items():
            looks.append(_SEEN.get(state_of(pid), Seen.ALIVE))
    left = tuple(pid for pid, looks in seen.items() if looks[-1] is Seen.ALIVE)
    return replace(aftermath, seen=seen, ended_by_us=left)


def _heed(arrived: Sequence[int]) -> None:
    if arrived:
        raise InconclusiveError("interrupted; no buyer is left")


def _end(pids: Sequence[int]) -> None:
    """End these processes where they live, and collect those that are our children by now."""
    for pid in pids:
        if state_of(pid) not in ENDED:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    for pid in pids:
        with suppress(ChildProcessError):
            os.waitpid(pid, 0)
