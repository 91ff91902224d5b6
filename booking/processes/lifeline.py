"""What a child process does first: it ties its life to its parent's, and waits at the gate until it may start.

A daemon process survives the SIGKILL of its parent under every start method, so each child watches a lifeline:
a pipe whose other end only the parent holds. When the parent is gone, however it went, the pipe ends.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.reduction import ForkingPickler
from multiprocessing.util import Finalize
from typing import TYPE_CHECKING, Any, NamedTuple

from booking.errors import BookingError
from booking.processes.journal import FAILED, NOBODY, PARENT_GONE, Journal, failure_line
from booking.processes.signals import SIGNALS

if TYPE_CHECKING:  # it does not exist on a system without semaphores
    from multiprocessing.synchronize import Barrier

HEARTBEAT = 0.5
"""Seconds between two looks of a child at its lifeline."""
BARRIER_TIMEOUT = 30.0
"""Seconds that a child waits at the barrier for the others."""
BROKEN_BARRIER = 144
"""The exit code of a child that waited at the barrier in vain."""


class PipeEnds(NamedTuple):
    """The pipes that every child is handed.

    `journal` takes its messages. `gate` becomes readable when the parent opens it; no child reads it, so that one
    message opens it for all. `lifeline` ends when the parent does.
    """

    journal: Connection
    gate: Connection
    lifeline: Connection


class Parcel:
    """What a child is told, packed so that a spawned child unpacks it where a failure can be reported."""

    def __init__(self, content: object) -> None:
        self._content = content
        self._packed: bytes | None = None

    def __getstate__(self) -> bytes:
        """Pack the content; only while a process is started, as locks and pipes of `multiprocessing` demand."""
        return bytes(ForkingPickler.dumps(self._content))

    def __setstate__(self, packed: bytes) -> None:
        self._packed = packed

    def content(self) -> Any:  # noqa: ANN401 - whatever the child is told
        """Return what was packed."""
        return self._content if self._packed is None else ForkingPickler.loads(self._packed)


def run_child(target: Callable[[Any], None], parcel: Parcel, journal: Connection) -> None:
    """Run the target; end with exit code 1 if it raises, and say why in the journal instead of a traceback."""
    try:
        target(parcel.content())
    except BaseException as error:  # noqa: BLE001 - no caller could report it
        why = str(error) if isinstance(error, BookingError) else failure_line(error)
        Journal(NOBODY, journal).record(FAILED, "return", error=why)
        sys.exit(1)


def become_child(ends: PipeEnds, clean_up: Callable[[], object]) -> None:
    """Leave Ctrl-C to the parent, and end when the parent ends; call `clean_up` then."""

    def end_if_orphan(*_: object) -> None:
        """End this process if the parent is gone; a timer calls it, also in the middle of waiting for a lock."""
        try:
            is_cut = ends.lifeline.poll(0)
        except OSError:  # how Windows says that the other end is gone
            is_cut = True
        if is_cut:
            with suppress(Exception):
                clean_up()
            os._exit(PARENT_GONE)

    def watch() -> None:
        with suppress(OSError):
            ends.lifeline.poll(None)
        end_if_orphan()

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, end_if_orphan)
        signal.setitimer(signal.ITIMER_REAL, HEARTBEAT, HEARTBEAT)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (*SIGNALS, signal.SIGALRM))
        # Python takes our handler away at exit, and then the timer's default action would kill the process.
        Finalize(None, signal.setitimer, (signal.ITIMER_REAL, 0), exitpriority=0)
    else:  # Windows has no timer signal; elsewhere a thread would cost more than the rest of a child's start
        threading.Thread(target=watch, daemon=True).start()


def wait_for_gate(gate: Connection, lifeline: Connection) -> None:
    """Wait until the gate opens; end this process if its parent is gone.

    One message in a pipe opens it for all. `multiprocessing.Event` promises the same, and hangs in `set` if a waiting
    process was killed, because it waits until everybody that it woke has answered.
    """
    if lifeline in wait([gate, lifeline]):
        os._exit(PARENT_GONE)


def pass_gate(ends: PipeEnds, barrier: "Barrier | None") -> None:
    """Wait at the gate, then at the barrier, which breaks if one process is killed on the way; that ends this one."""
    wait_for_gate(ends.gate, ends.lifeline)
    if barrier is not None:
        try:
            barrier.wait(BARRIER_TIMEOUT)
        except threading.BrokenBarrierError:
            os._exit(BROKEN_BARRIER)
