"""A child made by fork, with the few verbs of `multiprocessing.Process` that a sale needs.

The standard library's own class polls every living child at each start, which is a quarter of a million system
calls for a thousand buyers, and keeps two descriptors open for each; this one does neither. Under spawn and
forkserver the standard library's class is used.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

_POLL = 0.001
"""Seconds between two looks at a child that has not ended."""


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
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
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
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._exitcode = os.waitstatus_to_exitcode(status)
        return self._exitcode

    def join(self, timeout: float | None = None) -> None:
        """Wait until the child has ended, for at most `timeout` seconds; None waits for ever."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while self.exitcode is None and (deadline is None or time.monotonic() < deadline):
            time.sleep(_POLL)

    def terminate(self) -> None:
        """Ask the child to end (SIGTERM)."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """Make the child end (SIGKILL)."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        # A child that was not collected yet keeps its number, so nobody else can be hit.
        if self.pid is not None and self.exitcode is None:
            os.kill(self.pid, number)
