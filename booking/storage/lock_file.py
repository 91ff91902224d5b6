"""A file that is only there to be locked: opened with care, never deleted, and closed in a forked child."""

# A sale comes through here at every purchase, and Path objects would cost it a fifth.
# ruff: noqa: PTH116

import os
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from booking.storage.paths import refused

POLL = 0.001
"""Seconds between two attempts if there is a time-out: the kernel waits without one only."""

_FLAGS = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_opened: set[int] = set()


def lock_path(store: Path, suffix: str = ".lock") -> Path:
    """Return the path of the lock file beside a store."""
    return store.with_name(store.name + suffix)


def permissions(path: Path) -> int:
    """Return the permissions of a new lock file: those of its store, so that all who may sell from it may lock it."""
    try:
        return stat.S_IMODE(os.stat(path.with_suffix("")).st_mode) & 0o666 | 0o600
    except OSError:
        return 0o644


def require_lockable(path: Path) -> None:
    """Raise OSError if the folder of the lock file is missing, or if its name is that of no regular file."""
    path.parent.stat()
    if path.exists() and not path.is_file():
        raise OSError("it is not a regular file")


def lock(path: Path, take: Callable[[int, float | None], bool], timeout: float | None) -> int | None:
    """Open the lock file, call `take`, and return the descriptor if that returns True, else None.

    `timeout` is in seconds, None waits forever; `take` gets the descriptor and the deadline for `wait`. If the file
    was deleted during the wait, its lock protects nothing any more, and the wait starts again on the new file. Raise
    DiskError if the file is a link, a folder or a pipe, or if the system cannot lock it.
    """
    deadline = deadline_after(timeout)
    try:
        while True:
            descriptor = _open(path)
            try:
                taken = take(descriptor, deadline)
                is_there = os.fstat(descriptor).st_nlink
            except BaseException:
                close(descriptor)
                raise
            if taken and is_there:
                return descriptor
            close(descriptor)
            if not taken:
                return None
    except OSError as error:
        raise refused("lock", path, error) from None


def heritage(path: Path) -> int:
    """Open the lock file for this process and the children that it forks; the caller closes the descriptor.

    Raise DiskError as `lock` does.
    """
    try:
        descriptor = _open(path)
    except OSError as error:
        raise refused("lock", path, error) from None
    _opened.remove(descriptor)  # so that a fork does not close it
    return descriptor


def deadline_after(timeout: float | None) -> float | None:
    """Return the monotonic time, in seconds, of so many seconds from now; None stays None."""
    return None if timeout is None else time.monotonic() + timeout


def wait(block: Callable[[], object], attempt: Callable[[], object], deadline: float | None) -> bool:
    """Call `block`, which waits in the kernel; if there is a deadline, call `attempt` every POLL seconds instead.

    `attempt` raises BlockingIOError if it would have to wait. Return whether the lock was taken in time.
    """
    if deadline is None:
        block()
        return True
    while True:
        with suppress(BlockingIOError):
            attempt()
            return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(POLL)


def close(descriptor: int) -> None:
    """Close a lock file, which gives its lock back; in a child that was forked meanwhile, do nothing."""
    if descriptor in _opened:
        _opened.remove(descriptor)
        os.close(descriptor)


def _open(path: Path) -> int:
    try:
        descriptor = os.open(path, _FLAGS)
    except FileNotFoundError:
        descriptor = _create(path)
    _opened.add(descriptor)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        close(descriptor)
        raise OSError("it is not a regular file")
    return descriptor


def _create(path: Path) -> int:
    try:
        descriptor = os.open(path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:  # another process was faster
        return os.open(path, _FLAGS)
    os.fchmod(descriptor, permissions(path))
    return descriptor


def _close_in_child() -> None:
    """Close the lock files that a fork has copied: the child must neither give back nor keep its parent's lock."""
    for descriptor in tuple(_opened):
        close(descriptor)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_in_child)
