"""A child made by fork, with the few verbs of `multiprocessing.Process` that a sale needs.

The standard library's own class polls every living child at each start, which is a quarter of a million system
calls for a thousand buyers, and keeps two descriptors open for each; this one does neither. Under spawn and
forkserver the standard library's class is used.
"""

import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any

UNTOLD = 255
"""The exit code of a child that somebody else collected, so that nobody can tell how it ended."""

_SOON, _POLL = 0.00005, 0.001
"""Seconds between the first two looks at a child that has not ended, and at most; each pause is twice the last."""

_WARNS = sys.version_info >= (3, 12)
"""Whether Python warns of a fork beside threads, a notebook's for example: the child could wait for a lock that one of
them held. Our child runs nothing but a purchase, which takes no such lock."""

forking = threading.RLock()
"""Held during a fork, and while pipes are opened or closed that a fork must inherit whole or not at all.

Sales may run in several threads, and `filelock` refuses two forks at once. A child owns it already.
"""


def _fork() -> int:
    if not _WARNS:
        return os.fork()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


class ForkedProcess:
    """One child; `exitcode` is None while it lives, and -N after signal N ended it."""

    def __init__(self, target: Callable[[Any], None], argument: object, name: str) -> None:
        self.name = name
        self.pid: int | None = None
        self._target = target
        self._argument = argument
        self._exitcode: int | None = None

    def start(self) -> None:
        """Fork; the child runs the target and ends without returning. Raises OSError where there is no room."""
        with forking:
            self.pid = _fork()
        if self.pid == 0:
            self._run()

    def _run(self) -> None:
        status = 1
        try:
            self._target(self._argument)
            status = 0
        finally:
            os._exit(status)  # no clean-up of the parent's: its buffers and exit functions are not ours

    @property
    def exitcode(self) -> int | None:
        """Return how the child ended, collecting it, or None while it lives."""
        if self._exitcode is None and self.pid is not None:
            self._collect(self.pid, os.WNOHANG)
        return self._exitcode

    def join(self, timeout: float | None = None) -> None:
        """Wait until the child has ended, for at most `timeout` seconds; None waits for ever."""
        if timeout is None:
            if self._exitcode is None and self.pid is not None:
                self._collect(self.pid, 0)
            return
        deadline, pause = time.monotonic() + timeout, _SOON
        while self.exitcode is None and time.monotonic() < deadline:
            time.sleep(pause)
            pause = min(2 * pause, _POLL)

    def kill(self) -> None:
        """Make the child end (SIGKILL)."""
        # A child that was not collected yet keeps its number, so nobody else can be hit.
        if self.pid is not None and self.exitcode is None:
            os.kill(self.pid, signal.SIGKILL)

    def _collect(self, pid: int, options: int) -> None:
        try:
            ended, status = os.waitpid(pid, options)
        except ChildProcessError:  # whoever ignores SIGCHLD, or waits for any child, has taken it away
            self._exitcode = UNTOLD
            return
        if ended:
            self._exitcode = os.waitstatus_to_exitcode(status)
