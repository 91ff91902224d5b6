"""Several offices: independent process trees that sell from one file, as from as many terminals.

Each office is a process that makes its own lock object and starts its own share of the buyers. So a lock that only a
parent and its children know keeps the buyers of one office apart and nobody else. All buyers still report to one
journal, and the sale sees them as if they were its own children.
"""

import json
import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from types import TracebackType
from typing import Any

from booking.processes import lifeline
from booking.processes.fork import UNKNOWN_EXIT
from booking.processes.group import Process, ProcessGroup, reap, room_for
from booking.processes.lifeline import PipeEnds
from booking.processes.system import ENDED, state_of
from booking.registry import lock_named
from booking.scenario import Scenario
from booking.simulation.buyer import BuyerTask

_POLL = 0.005
"""Seconds between two looks of an office at its buyers, and of the sale at what the offices tell."""

CLOSES_WITHIN = 5.0
"""Seconds that an office has to end its buyers when the sale is closed; then it is ended itself."""

Guest = tuple[Callable[[Any], None], BuyerTask, str]


class FarBuyer:
    """The process of a buyer whose parent is an office: what the office tells of it."""

    def __init__(self, offices: "Trees", office: int) -> None:
        self.pid: int | None = None
        self.told: int | None = None
        self._offices = offices
        self._office = office

    @property
    def exitcode(self) -> int | None:
        """Return how the process ended as its office tells; None while it lives, UNKNOWN_EXIT where nobody can tell."""
        self._offices.listen()
        if self.told is None and self._offices.is_closed(self._office):
            return self.told if self.told is not None or self._lives() else UNKNOWN_EXIT
        return self.told

    def join(self, timeout: float | None = None) -> None:
        """Wait until the process has ended, for at most `timeout` seconds; None waits for ever."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while self.exitcode is None and (deadline is None or time.monotonic() < deadline):
            time.sleep(_POLL)

    def kill(self) -> None:
        """Make a process end that has outlived its office."""
        if self.pid is not None and self.exitcode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    def _lives(self) -> bool:
        return self.pid is not None and state_of(self.pid) not in ENDED


class Trees(ProcessGroup):
    """A group whose buyers are the children of so many offices: its `processes` are the buyers.

    The offices are no daemons, because a daemon may have no children; and a daemon is ended only by a parent that
    ends as it should. What ends an office with its parent is the lifeline, whatever happens.
    """

    def __init__(self, context: BaseContext, scenario: Scenario, offices: int) -> None:
        super().__init__(context, daemon=False)
        self._scenario = scenario
        self._guests: list[list[Guest]] = [[] for _ in range(offices)]
        self._offices: list[Process] = []
        self._far: list[FarBuyer] = []
        self._told, self._tell = context.Pipe(duplex=False)
        self._closing, self._close = context.Pipe(duplex=False)

    def start(self, target: Callable[[Any], None], argument: Any, name: str) -> None:  # noqa: ANN401
        """Give one more buyer to the office whose turn it is; it starts with its office."""
        office = len(self.processes) % len(self._guests)
        self._guests[office].append((target, argument, name))
        self._far.append(FarBuyer(self, office))
        self.processes.append(self._far[-1])

    def seal(self) -> None:
        """Start the offices; raises BadInputError where the system has no room for one."""
        for number, guests in enumerate(self._guests, 1):
            task = TreeTask(guests, self._scenario, self.start_method, self.ends, self._tell, self._closing)
            self._start(self._offices, sell, task, f"office-{number}")
        self._tell.close()
        super().seal()

    def listen(self) -> None:
        """Take in what the offices have told of their buyers since the last time."""
        with suppress(EOFError):
            while self._told.poll(0):
                buyer, pid, exitcode = json.loads(self._told.recv_bytes())
                self._far[buyer - 1].pid, self._far[buyer - 1].told = pid, exitcode

    def is_closed(self, office: int) -> bool:
        """Return whether this office has ended and all that it told was heard."""
        if office >= len(self._offices) or self._offices[office].exitcode is None:
            return office >= len(self._offices)
        self.listen()
        return True

    def kill_all(self) -> None:
        """Let each office end its buyers; then end what an office that was killed has left behind."""
        with suppress(BrokenPipeError):
            self._close.send_bytes(b"close")
        deadline = time.monotonic() + CLOSES_WITHIN
        for office in self._offices:
            office.join(max(0.0, deadline - time.monotonic()))
        reap(self._offices)
        reap(self.processes)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        for end in (self._told, self._tell, self._closing, self._close):
            end.close()


@dataclass(frozen=True)
class TreeTask:
    """All that an office is told: its buyers, the sale, and the pipes to those above it."""

    guests: Sequence[Guest]
    scenario: Scenario
    start_method: str
    ends: PipeEnds
    tell: Connection
    closing: Connection


def sell(task: TreeTask) -> None:
    """Be one office: make a lock, start the buyers, and tell how they end, until all have or the sale is closed."""
    path = task.guests[0][1].store.path
    lifeline.become_child(task.ends, task.guests[0][1].store.sweep_own)
    context = get_context(task.start_method)
    lock = lock_named(task.scenario.lock)(path, context, task.scenario)
    kept_open = 0 if task.start_method == "fork" else len(task.guests)
    with room_for(kept_open), ProcessGroup(context) as own:
        own.ends = task.ends._replace(lifeline=own.ends.lifeline)
        for target, buyer, name in task.guests:
            own.start(target, buyer._replace(lock=lock, ends=own.ends), name)
        own.seal()
        told: dict[int, int | None] = {}
        while not own.all_ended() and not wait([task.closing], _POLL):
            _tell_news(task, own, told)
    _tell_news(task, own, told)


def _tell_news(task: TreeTask, own: ProcessGroup, told: dict[int, int | None]) -> None:
    for (_, guest, _), process in zip(task.guests, own.processes, strict=True):
        buyer, exitcode = guest.buyer, process.exitcode
        if buyer not in told or told[buyer] != exitcode:
            told[buyer] = exitcode
            task.tell.send_bytes(json.dumps((buyer, process.pid, exitcode)).encode())
