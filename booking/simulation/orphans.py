"""Buyers whose parent is killed on purpose, to see what happens to them.

The parent is a separate process, so that this one is left to look. "Without our guard" takes one thing away: the
buyers watch a lifeline that we hold instead of their parent. So nothing ends them with their parent, and still no
process is left if we are killed meanwhile.
"""

import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import partial
from multiprocessing import get_context
from typing import Any

from booking.errors import BadInputError, InconclusiveError
from booking.processes import lifeline, signals
from booking.processes.group import ProcessGroup
from booking.processes.journal import Journal, receive
from booking.processes.lifeline import PipeEnds
from booking.processes.system import ENDED, adopting, state_of
from booking.scenario import require_whole
from booking.simulation.sale import context_named
from booking.steps import PAY

MOMENTS = (0.1, 0.5, 2.0)
"""Seconds after the parent's death at which we look."""
MOST_BUYERS = 50
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
    """What happened to the buyers, the processes `pids`, after `parent` was killed.

    `seen` has what each was at MOMENTS. `ended_by_us` are those that were still alive after the last of them, and
    that we ended.
    """

    guarded: bool
    start_method: str
    parent: int
    pids: tuple[int, ...]
    seen: dict[int, list[Seen]]
    ended_by_us: tuple[int, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON object, the moments with it."""
        return asdict(self) | {"moments_s": list(MOMENTS), "seen": {str(pid): seen for pid, seen in self.seen.items()}}


def kill_parent(buyers: int = 3, start_method: str | None = None, *, guarded: bool) -> OrphanReport:
    """Start buyers in a child process, kill that process while all of them pay, and look what they do.

    Raise InconclusiveError if the buyers do not come to their payments, and BadInputError for forkserver, whose
    server outlives that parent. No process is left when this returns or raises.
    """
    require_whole("buyers", buyers, 1, MOST_BUYERS)
    context = context_named(start_method)
    method = str(context.get_start_method())
    if method == "forkserver":
        raise BadInputError("the fork server outlives the parent; use --start-method fork or spawn")
    pids: list[int] = []
    with signals.collect() as arrived, adopting(), ProcessGroup(context, daemon=False) as group:
        try:
            group.start(partial(hire_and_wait, buyers, method, guarded), group.ends, "parent")
            group.seal()
            _hear(group, buyers, pids, arrived)
            parent = group.processes[0]
            parent.kill()
            parent.join()
            seen = _watched(sorted(pids), arrived)
        finally:
            group.kill_all()
            _end(group, pids)
    left = tuple(pid for pid, looks in seen.items() if looks[-1] is Seen.ALIVE)
    return OrphanReport(guarded, method, parent.pid or 0, tuple(seen), seen, left)


def hire_and_wait(buyers: int, method: str, guarded: bool, ends: PipeEnds) -> None:  # noqa: FBT001 - for `partial`
    """Be the parent that will be killed: start the buyers, daemons of the standard library, and wait for them."""
    lifeline.become_child(ends, lambda: None)
    with ProcessGroup(get_context(method), library=True) as own:
        own.ends = ends._replace(lifeline=own.ends.lifeline) if guarded else ends
        for buyer in range(1, buyers + 1):
            own.start(partial(pay, buyer), own.ends, f"buyer-{buyer}")
        own.seal()
        own.all_end_within(_PAY)


def pay(buyer: int, ends: PipeEnds) -> None:
    """Be a buyer in the middle of a long payment."""
    lifeline.become_child(ends, lambda: None)
    Journal(buyer, ends.journal).record(PAY, "call")
    time.sleep(_PAY)


def _hear(group: ProcessGroup, buyers: int, pids: list[int], arrived: Sequence[int]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while len(pids) < buyers:
        _check_interrupted(arrived)
        if time.monotonic() > deadline:
            raise InconclusiveError("the buyers did not come to their payments; use a quieter machine")
        if group.inbox.poll(_POLL):
            try:
                message = receive(group.inbox)
            except EOFError:
                raise InconclusiveError("the buyers ended before their payments; try again") from None
            if message.error:
                raise InconclusiveError(f"a process failed: {message.error}")
            pids.append(message.pid)


def _watched(pids: Sequence[int], arrived: Sequence[int]) -> dict[int, list[Seen]]:
    died = time.monotonic()
    seen: dict[int, list[Seen]] = {pid: [] for pid in pids}
    for moment in MOMENTS:
        while time.monotonic() < died + moment:
            _check_interrupted(arrived)
            time.sleep(_POLL)
        for pid, looks in seen.items():
            looks.append(_SEEN.get(state_of(pid), Seen.ALIVE))
    return seen


def _check_interrupted(arrived: Sequence[int]) -> None:
    if arrived:
        raise InconclusiveError("interrupted; all buyer processes have ended")


def _end(group: ProcessGroup, pids: list[int]) -> None:
    """Kill the buyers, those that start only now too, and collect those that are our children by now."""
    group.seal()
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        for pid in pids:
            if state_of(pid) not in ENDED:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        try:
            if group.inbox.poll(_POLL):
                pids.append(receive(group.inbox).pid)
        except EOFError:  # no buyer holds its end of the pipe any more
            break
    for pid in pids:
        with suppress(ChildProcessError):
            os.waitpid(pid, 0)
