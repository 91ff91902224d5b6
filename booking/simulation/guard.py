"""Nobody outlives the sale: what every buyer's process does first, and how the parent ends those that are left.

A daemon process survives the SIGKILL of its parent under every start method, so each buyer watches a lifeline:
a pipe whose other end only the parent holds. When the parent is gone, however it went, the pipe ends.
"""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TypeAlias

from booking import files
from booking.simulation.ends import Ends
from booking.simulation.forked import ForkedProcess
from booking.simulation.journal import PARENT_GONE

GRACE = 1.0
"""Seconds that a process has to end after it was asked to, before it is made to."""

HEARTBEAT = 0.5
"""Seconds between two looks of a buyer at its lifeline."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def enter(ends: Ends, store: Path) -> None:
    """Make this process a good child: Ctrl-C is the parent's business, and its death is ours.

    `store` is where an unfinished write would leave a temporary file.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    for end in ends.parents_ends:
        end.close()
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, lambda *_: _end_if_orphan(ends.lifeline, store))
        signal.setitimer(signal.ITIMER_REAL, HEARTBEAT, HEARTBEAT)
    else:  # Windows has no timer signal; elsewhere a thread would cost more than the rest of a buyer's start
        threading.Thread(target=_watch, args=(ends.lifeline, store), daemon=True).start()


def _end_if_orphan(lifeline: Connection, store: Path) -> None:
    """End this process when the parent is gone; a timer calls it, also in the middle of waiting for a lock."""
    if lifeline.poll(0):
        with contextlib.suppress(OSError):
            os.unlink(files.temporary_beside(store))  # noqa: PTH108
        os._exit(PARENT_GONE)


def _watch(lifeline: Connection, store: Path) -> None:
    lifeline.poll(None)
    _end_if_orphan(lifeline, store)


@contextlib.contextmanager
def interruptions_deferred() -> Iterator[None]:
    """Hold back Ctrl-C and SIGTERM: a child that starts now must not meet them before `enter`.

    Windows cannot defer a signal for a child; there the two are ignored meanwhile.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


Process: TypeAlias = ForkedProcess | BaseProcess


def reap(processes: Sequence[Process]) -> None:
    """End the processes that are still alive and collect all of them, so that no zombie stays.

    Each is asked (SIGTERM), given GRACE seconds in all, then made to end (SIGKILL).
    """
    with interruptions_deferred():
        for process in processes:
            if process.exitcode is None:
                process.terminate()
        deadline = time.monotonic() + GRACE
        for process in processes:
            process.join(max(0.0, deadline - time.monotonic()))
            if process.exitcode is None:
                process.kill()
                process.join()
