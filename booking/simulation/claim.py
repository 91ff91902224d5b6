"""Who uses a store: a sale that has to be alone claims it, all others announce that they are there.

The claim is the kernel's lock on `<store>.sale`, and an announcement the kernel's lock on a temporary file beside the
store. A claimer looks for announcements afterwards, and an announcer looks for a claim afterwards, so of two
that begin together at least one sees the other. The kernel frees both, however their process ends; forked buyers
inherit them, so that a store is in use until the last buyer of a killed parent has ended, too.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path

from booking.errors import BadInputError
from booking.storage import files, paths

_FLAGS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


def claim_path(store: Path) -> Path:
    """Return the file whose lock is the claim: `db.json.sale`."""
    return store.with_name(store.name + ".sale")


@contextmanager
def claim(store: Path, *, alone: bool) -> Iterator[None]:
    """Be alone with the store meanwhile, or among others; its file is gone afterwards.

    Raise BadInputError if another sale uses the store and one of the two has to be alone, and DiskError if a claim
    cannot be locked. A system without flock (Windows) has no claims.
    """
    if os.name == "nt":
        yield
        return
    with _claimed(store) if alone else _announced(store):
        yield


@contextmanager
def _claimed(store: Path) -> Iterator[None]:
    path = claim_path(store)
    try:
        while (descriptor := _locked(path, os.O_RDONLY | os.O_CREAT)) is None:
            pass  # its last holder has removed it meanwhile
    except BlockingIOError:
        raise _in_use(store) from None
    except OSError as error:
        raise paths.refused("lock", path, error) from None
    try:
        if any(_is_locked(other) for other in store.parent.glob(f"{escape(store.name)}.*.booking-tmp")):
            raise BadInputError(
                f"another sale is using {paths.shown(store)}, and --lock cas and partition have to be alone with it; "
                "wait until it ends"
            )
        yield
    finally:
        with suppress(OSError):
            path.unlink()
        os.close(descriptor)


@contextmanager
def _announced(store: Path) -> Iterator[None]:
    announcement, descriptor = Path(files.temporary_beside(store)), None
    try:
        with suppress(OSError):  # a folder that cannot be written in: a claim is impossible there, too
            descriptor = _locked(announcement, os.O_RDONLY | os.O_CREAT | os.O_EXCL)
        if _is_locked(claim_path(store)):
            raise _in_use(store)
        yield
    finally:
        with suppress(OSError):
            announcement.unlink()
        if descriptor is not None:
            os.close(descriptor)


def _in_use(store: Path) -> BadInputError:
    return BadInputError(
        f"a sale that has to be alone (--lock cas or partition) is using {paths.shown(store)}; wait until it ends"
    )


def _locked(path: Path, flags: int, *, shared: bool = False) -> int | None:
    """Return the locked descriptor of the file, None if it has been removed meanwhile."""
    from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, flock  # noqa: PLC0415 - not on Windows

    descriptor = os.open(path, flags | _FLAGS, 0o644)
    try:
        flock(descriptor, (LOCK_SH if shared else LOCK_EX) | LOCK_NB)
        if os.fstat(descriptor).st_nlink:
            return descriptor
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def _is_locked(path: Path) -> bool:
    """Return whether another process holds the lock of this file; those who ask do not disturb each other."""
    try:
        descriptor = _locked(path, os.O_RDONLY, shared=True)
    except BlockingIOError:
        return True
    except OSError:
        return False
    if descriptor is not None:
        os.close(descriptor)
    return False
