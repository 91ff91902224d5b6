"""Nobody outlives the sale: what every buyer's process does first, and how the parent ends those that are left.

A daemon process survives the SIGKILL of its parent under every start method, so each buyer watches a lifeline:
a pipe whose other end only the parent holds. When the parent is gone, however it went, the pipe ends.
"""

import contextlib
import os
import select
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

from booking.processes.ends import PipeEnds
from booking.processes.journal import PARENT_GONE
from booking.processes.signals import SIGNALS, masked
from booking.storage import files

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    from booking.processes.forked import ForkedProcess

HEARTBEAT = 0.5
"""Seconds between two looks of a buyer at its lifeline."""

Child: TypeAlias = "ForkedProcess | BaseProcess"
"""A process that this one starts."""


class Process(Protocol):
    """What a sale has to know of a process, its own child or an office's."""

    @property
    def pid(self) -> int | None:
        """Its number, None while it has none."""

    @property
    def exitcode(self) -> int | None:
        """How it ended, None while it lives, and -N after signal N ended it."""

    def join(self, timeout: float | None = None) -> None:
        """Wait until it has ended, for at most `timeout` seconds; None waits for ever."""

    def kill(self) -> None:
        """Make it end (SIGKILL)."""


def enter(ends: PipeEnds, store: Path) -> None:
    """Make this process a good child: Ctrl-C is the parent's business, and its death is ours.

    `store` is where an unfinished write would leave a temporary file.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, lambda *_: _end_if_orphan(ends.lifeline, store))
        signal.setitimer(signal.ITIMER_REAL, HEARTBEAT, HEARTBEAT)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (*SIGNALS, signal.SIGALRM))
        _end_timer_with_process()
    else:  # Windows has no timer signal; elsewhere a thread would cost more than the rest of a buyer's start
        threading.Thread(target=_watch, args=(ends.lifeline, store), daemon=True).start()


def _end_timer_with_process() -> None:
    """Let a process of the standard library stop its timer: it takes its leave slowly, and forgets our answer to it."""
    library = sys.modules.get("multiprocessing.process")
    if library is None or getattr(library, "parent_process", lambda: None)() is None:
        return  # forked by ourselves: it ends without taking its leave, and may import nothing
    from multiprocessing.util import Finalize  # noqa: PLC0415 - imported by then

    Finalize(None, signal.setitimer, (signal.ITIMER_REAL, 0), exitpriority=0)


def wait_at(gate: "Connection", lifeline: "Connection") -> None:
    """Wait until the gate opens; a parent that is gone opens it too, and then this process ends."""
    if hasattr(select, "poll"):  # what `wait` does, at half its cost
        poll = select.poll()
        for end in (gate, lifeline):
            poll.register(end, select.POLLIN)
        is_cut = any(descriptor == lifeline.fileno() for descriptor, _ in poll.poll())
    else:
        from multiprocessing.connection import wait  # noqa: PLC0415 - only Windows needs it

        is_cut = lifeline in wait([gate, lifeline])
    if is_cut:
        os._exit(PARENT_GONE)


def _end_if_orphan(lifeline: "Connection", store: Path) -> None:
    """End this process when the parent is gone; a timer calls it, also in the middle of waiting for a lock."""
    if _is_cut(lifeline):
        with contextlib.suppress(OSError):
            os.unlink(files.temporary_beside(store))  # noqa: PTH108
        os._exit(PARENT_GONE)


def _is_cut(lifeline: "Connection") -> bool:
    try:
        return lifeline.poll(0)
    except OSError:  # how Windows says that the other end is gone
        return True


def _watch(lifeline: "Connection", store: Path) -> None:
    with contextlib.suppress(OSError):
        lifeline.poll(None)
    _end_if_orphan(lifeline, store)


def reap(processes: Sequence[Process]) -> None:
    """End the processes that are still alive and collect all of them, so that no zombie stays.

    They are made to end (SIGKILL) without being asked first: a buyer cleans nothing up that the parent does
    not, and one that is stopped or not yet ready would not hear the question.
    """
    with masked():
        for process in processes:
            if process.pid is not None and process.exitcode is None:
                process.kill()
        for process in processes:
            if process.pid is not None:
                process.join()
