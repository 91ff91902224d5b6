"""What the system knows about processes and Python has no name for: proc(5) and prctl(2)."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ENDED = "ZX"
"""The states in which a process has ended, collected or not."""

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def state_of(pid: int) -> str:
    """Return the letter of the process's state, "X" for one that is gone, "?" where the system does not say.

    The letters are those of proc(5): R runs, S and D sleep, T is stopped, Z has ended and was not collected yet.
    """
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        if os.name != "posix":  # signal 0 would end the process on Windows
            return "?"
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return "X"
    except OSError:
        return "?"
    return "X" if Path("/proc/self/stat").exists() else "?"


def die_with_parent() -> None:
    """Let the system end this process when its parent dies, even while it is stopped; Linux only.

    Under forkserver the parent is the fork server, which lives a little longer.
    """
    _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)


@contextmanager
def adopting() -> Iterator[bool]:
    """Become the parent of all descendants that lose theirs meanwhile; yield whether the system allows it."""
    adopts = _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    try:
        yield adopts
    finally:
        _prctl(_PR_SET_CHILD_SUBREAPER, 0)


def _prctl(option: int, argument: int) -> bool:
    if sys.platform != "linux":
        return False
    import ctypes  # noqa: PLC0415 - 5 ms that only sales with faults pay

    return bool(ctypes.CDLL(None).prctl(option, argument, 0, 0, 0) == 0)
