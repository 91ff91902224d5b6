"""Independent process trees that sell from one file, as from as many terminals.

Each tree is a process that makes its own lock object and starts its own share of the buyers. So a lock that only a
parent and its children know keeps only the buyers of one tree apart. All buyers still report to one
journal, and the sale sees them as if they were its own children.
"""

import json
import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
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
from booking.protection import Protection
from booking.simulation.buyer import BuyerTask, new_lock, run_buyer

_POLL = 0.005
"""Seconds between two looks of a tree at its buyers, and of the sale at what the trees tell."""

CLOSES_WITHIN = 5.0
"""Seconds that a tree has to end its buyers when the sale is closed; then it is ended itself."""


class FarBuyer:
    """The process of a buyer whose parent is a tree: what the tree tells of it."""

    def __init__(self, group: "Trees", tree: int) -> None:
        self.pid: int | None = None
        self.told: int | None = None
        self._group = group
        self._tree = tree

    @property
    def exitcode(self) -> int | None:
        """Return how the process ended as its tree tells; None while it lives, UNKNOWN_EXIT if that is unknown."""
        self._group.listen()
        if self.told is None and self._group.has_ended(self._tree):
            self._group.listen()  # what the tree said last
            if self.told is None and (self.pid is None or state_of(self.pid) in ENDED):
                return UNKNOWN_EXIT
        return self.told

    def join(self, timeout: float | None = None) -> None:
        """Wait until the process has ended, for at most `timeout` seconds; None waits forever."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while self.exitcode is None and (deadline is None or time.monotonic() < deadline):
            time.sleep(_POLL)

    def kill(self) -> None:
        """Make a process end that has outlived its tree."""
        if self.pid is not None and self.exitcode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)


class Trees(ProcessGroup):
    """A group whose buyers are the children of several trees: its `processes` are the buyers.

    The trees are no daemons, because a daemon may have no children; and a daemon is ended only by a parent that
    ends as it should. What ends a tree with its parent is the lifeline, whatever happens.
    """

    def __init__(self, context: BaseContext, protection: Protection, trees: int) -> None:
        super().__init__(context, daemon=False)
        self._protection = protection
        self._guests: list[list[BuyerTask]] = [[] for _ in range(trees)]
        self._trees: list[Process] = []
        self._far: list[FarBuyer] = []
        self._told, self._tell = context.Pipe(duplex=False)
        self._closing, self._close = context.Pipe(duplex=False)

    def start(self, target: Callable[[Any], None], argument: Any, name: str) -> None:  # noqa: ANN401
        """Give one more buyer to the tree whose turn it is; it starts with its tree, which knows what a buyer runs."""
        del target, name
        tree = len(self.processes) % len(self._guests)
        self._guests[tree].append(argument)
        self._far.append(FarBuyer(self, tree))
        self.processes.append(self._far[-1])

    def seal(self) -> None:
        """Start the trees; raise BadInputError if the system has no room for one."""
        for number, guests in enumerate(self._guests, 1):
            task = TreeTask(guests, self._protection, self.start_method, self.ends, self._tell, self._closing)
            self._start(self._trees, sell, task, f"tree-{number}")
        self._tell.close()
        super().seal()

    def listen(self) -> None:
        """Take in what the trees have told of their buyers since the last time."""
        with suppress(EOFError):
            while self._told.poll(0):
                buyer, pid, exitcode = json.loads(self._told.recv_bytes())
                self._far[buyer - 1].pid, self._far[buyer - 1].told = pid, exitcode

    def has_ended(self, tree: int) -> bool:
        """Return whether this tree has ended, or was never started."""
        return tree >= len(self._trees) or self._trees[tree].exitcode is not None

    def kill_all(self) -> None:
        """Let each tree end its buyers; then end what a tree that was killed has left behind."""
        with suppress(BrokenPipeError):
            self._close.send_bytes(b"close")
        deadline = time.monotonic() + CLOSES_WITHIN
        for tree in self._trees:
            tree.join(max(0.0, deadline - time.monotonic()))
        reap(self._trees)
        reap(self.processes)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        for end in (self._told, self._tell, self._closing, self._close):
            end.close()


@dataclass(frozen=True)
class TreeTask:
    """All that a tree is told: its buyers, the sale, and the pipes to those above it."""

    guests: Sequence[BuyerTask]
    protection: Protection
    start_method: str
    ends: PipeEnds
    tell: Connection
    closing: Connection


def sell(task: TreeTask) -> None:
    """Be one tree's parent: make a lock, start the buyers, and tell how they end, until the sale is over."""
    lifeline.become_child(task.ends, task.guests[0].sweep)
    context = get_context(task.start_method)
    lock = new_lock(task.protection, task.guests[0].trains[0].store.path, context)
    kept_open = 0 if task.start_method == "fork" else len(task.guests)
    with room_for(kept_open), ProcessGroup(context) as own:
        own.ends = task.ends._replace(lifeline=own.ends.lifeline)
        for guest in task.guests:
            trains = tuple(replace(train, lock=lock) for train in guest.trains)  # one: rules.py
            own.start(run_buyer, replace(guest, trains=trains, ends=own.ends), f"buyer-{guest.buyer}")
        own.seal()
        told: dict[int, int | None] = {}
        while not own.all_ended() and not wait([task.closing], _POLL):
            _tell_news(task, own, told)
    _tell_news(task, own, told)


def _tell_news(task: TreeTask, own: ProcessGroup, told: dict[int, int | None]) -> None:
    for guest, process in zip(task.guests, own.processes, strict=True):
        exitcode = process.exitcode
        if told.get(guest.buyer, ...) != exitcode:
            told[guest.buyer] = exitcode
            task.tell.send_bytes(json.dumps((guest.buyer, process.pid, exitcode)).encode())
