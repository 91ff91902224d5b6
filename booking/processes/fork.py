"""A child made by fork, with the few verbs of `multiprocessing.Process` that a process group needs.

The standard library's class polls every living child at each start, so N starts cost N * N / 2 polls: to start 1,000
waiting children and end them took it 2.0 s, and this class 0.8 to 1.3 s (Linux, 2 cores). It also keeps descriptors
open for each child. With spawn and forkserver the standard library's class is used.
"""

import os
import signal
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any

UNKNOWN_EXIT = 255
"""The exit code of a child that was collected elsewhere, so that its real exit code is lost."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.00005, 0.001
"""Seconds between two polls of a child in `join`: each pause is twice the one before."""

fork_lock = threading.RLock()
"""Hold it during a fork or an import, and while pipes are opened or closed: a child inherits them whole or not at all.

Sales may run in several threads, and `filelock` refuses two forks at once. A child owns the lock already.
"""


class ForkedProcess:
    """One child; `exitcode` is None while it lives, and -N after signal N ended it."""

    def __init__(self, target: Callable[..., None], args: tuple[Any, ...], name: str) -> None:
        self.name = name
        self.pid: int | None = None
        self._target = target
        self._args = args
        self._exitcode: int | None = None

    def start(self) -> None:
        """Fork; the child runs the target and ends without returning. Raise OSError if the system refuses."""
        with fork_lock, warnings.catch_warnings():  # since 3.12 of threads that may hold a lock; ours is taken
            warnings.simplefilter("ignore", DeprecationWarning)
            self.pid = os.fork()
        if self.pid:
            return
        status = 1  # also if the target raises SystemExit
        try:
            self._target(*self._args)
            status = 0
        finally:
            os._exit(status)  # the parent's buffers and exit functions are not ours to flush and to run

    @property
    def exitcode(self) -> int | None:
        """Return how the child ended, collecting it, or None while it lives."""
        if self._exitcode is None and self.pid is not None:
            self._collect(self.pid, os.WNOHANG)
        return self._exitcode

    def join(self, timeout: float | None = None) -> None:
        """Wait until the child has ended, for at most `timeout` seconds; None waits without a limit."""
        if timeout is None:
            if self._exitcode is None and self.pid is not None:
                self._collect(self.pid, 0)
            return
        deadline, pause = time.monotonic() + timeout, _FIRST_PAUSE
        while self.exitcode is None and time.monotonic() < deadline:
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def kill(self) -> None:
        """Send SIGKILL to the child if it has not ended."""
        # A child keeps its number until it is collected, so no other process can be hit.
        if self.pid is not None and self.exitcode is None:
            os.kill(self.pid, signal.SIGKILL)

    def _collect(self, pid: int, options: int) -> None:
        try:
            ended, status = os.waitpid(pid, options)
        except ChildProcessError:  # SIGCHLD is ignored, or somebody waits for any child
            self._exitcode = UNKNOWN_EXIT
            return
        if ended:
            self._exitcode = os.waitstatus_to_exitcode(status)
