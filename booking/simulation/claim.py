"""Who uses a store: a sale that has to be alone with it claims it alone, everybody else shares the claim."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from booking.errors import BadInputError
from booking.storage import paths

_ATTEMPTS, _POLL = 20, 0.005
"""A claim is tried so often, so many seconds apart: whoever leaves holds it alone while it removes the file."""
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


def claim_path(store: Path) -> Path:
    """Return the file beside the store whose lock is the claim: `db.json.sale`."""
    return store.with_name(store.name + ".sale")


@contextmanager
def claim(store: Path, *, alone: bool) -> Iterator[None]:
    """Hold the kernel's lock on `<store>.sale` meanwhile: exclusively, or shared with all who need not be alone.

    Buyers inherit it by fork, so it is free when the parent and its buyers have ended, however they did. The last to
    leave removes the file. Raise BadInputError if the claim is taken, and DiskError if it has to be alone and
    cannot be locked. A system without flock (Windows) has no claims.
    """
    try:
        import fcntl  # noqa: PLC0415 - not on Windows
    except ImportError:
        yield
        return
    descriptor = _locked(store, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB, alone=alone)
    try:
        yield
    finally:
        if descriptor is not None:
            with suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                claim_path(store).unlink()
            os.close(descriptor)


def _locked(store: Path, operation: int, *, alone: bool) -> int | None:
    """Return the locked descriptor; None if the claim is shared and the file cannot be locked."""
    for _ in range(_ATTEMPTS):
        try:
            descriptor = _try(claim_path(store), operation)
        except BlockingIOError:
            time.sleep(_POLL)
            continue
        except OSError as error:
            if alone:
                raise paths.refused("lock", claim_path(store), error) from None
            return None
        if descriptor is not None:
            return descriptor
    name = paths.shown(store)
    if alone:
        raise BadInputError(f"another sale is using {name}, and --lock cas or partition has to be alone; wait for it")
    raise BadInputError(f"a sale that has to be alone (--lock cas or partition) is using {name}; wait until it ends")


def _try(path: Path, operation: int) -> int | None:
    """Return the locked descriptor, None if somebody removed the file meanwhile."""
    from fcntl import flock  # noqa: PLC0415 - not on Windows

    descriptor = _open(path)
    try:
        flock(descriptor, operation)
        if os.fstat(descriptor).st_nlink:
            return descriptor
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def _open(path: Path) -> int:
    """Open the file, made if it is absent; a shared folder may forbid O_CREAT on somebody else's file."""
    try:
        return os.open(path, _FLAGS)
    except FileNotFoundError:
        return os.open(path, _FLAGS | os.O_CREAT, 0o644)
