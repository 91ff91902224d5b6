"""Two things that Linux can do for a family of processes, and Python has no name for: prctl(2)."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def die_with_parent() -> None:
    """Let the system end this process when its parent dies, even while it is stopped; nothing where it cannot.

    Under forkserver the parent is the fork server, which lives a little longer.
    """
    _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)


@contextmanager
def adopting() -> Iterator[bool]:
    """Become the parent of all descendants that lose theirs meanwhile; yield whether the system does so."""
    adopts = _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    try:
        yield adopts
    finally:
        _prctl(_PR_SET_CHILD_SUBREAPER, 0)


def _prctl(option: int, argument: int) -> bool:
    if sys.platform != "linux":
        return False
    import ctypes  # noqa: PLC0415 - only for those who ask: every sale imports this file

    return bool(ctypes.CDLL(None).prctl(option, argument, 0, 0, 0) == 0)
