"""The disk fails in the middle of a write, or the writer is killed: what a reader finds is old or new, and whole."""

import errno
import gc
import multiprocessing
import os
import random
import resource
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Self
from unittest.mock import patch

import pytest
from children import DEADLINE, Family
from trials.writers import WRITERS, killed_writer

from booking.errors import BookingError, DiskError
from booking.stores.file import FileStore, InPlaceStore, JsonStore

FORK = multiprocessing.get_context("fork")
OLD = b'{"count": 41}\n'
NEW = b'{"count": 40}\n'
ERRNOS = [errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EROFS, errno.EINTR]
FLUSH = "fdatasync" if hasattr(os, "fdatasync") else "fsync"
CALLS = {"stat", "access", "open", "write", "ftruncate", "fstat", "fchmod", FLUSH, "fsync", "close", "replace", "link"}

every_errno = pytest.mark.parametrize("number", ERRNOS, ids=[errno.errorcode[number] for number in ERRNOS])
COMMON, RARE = 0o600, 0o666
"""Permissions of a store that every usual umask leaves alone, and those that it takes something from."""

plain_and_durable = pytest.mark.parametrize("durable", [False, True], ids=["plain", "durable"])


class Faults:
    """Records the system calls made meanwhile and lets the k-th of them fail; k counts from 1, 0 lets none fail."""

    def __init__(self, failing: int = 0, number: int = 0) -> None:
        self.failing = failing
        self.number = number
        self.calls: list[str] = []
        self._thread = threading.get_ident()
        self._patches = ExitStack()

    def _wrapped(self, name: str, real: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **kwargs: object) -> object:
            if threading.get_ident() != self._thread:
                return real(*args, **kwargs)
            self.calls.append(name)
            fails = len(self.calls) == self.failing
            if fails and name == "close":
                real(*args, **kwargs)  # a close that reports an error has closed all the same: close(2)
            if fails:
                raise OSError(self.number, os.strerror(self.number))
            return real(*args, **kwargs)

        return call

    def __enter__(self) -> Self:
        wrapped: list[AbstractContextManager[object]] = [
            patch.object(os, name, self._wrapped(name, getattr(os, name))) for name in CALLS
        ]
        for each in wrapped:
            self._patches.enter_context(each)
        return self

    def __exit__(self, *_: object) -> None:
        self._patches.close()


@pytest.fixture(autouse=True)
def _no_garbage() -> Iterator[None]:
    """Collect what earlier tests have left: its descriptors would be closed, and told to a tracker, among the calls."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def write(store: FileStore) -> None:
    """Write the new count, as a buyer does."""
    for _, action in store.write(40):
        action()


def swap(store: FileStore) -> None:
    """Swap the old count for the new one."""
    assert store.swap(41, 40)


def written(store: FileStore, faults: Faults, how: Callable[[FileStore], None] = write) -> BookingError | None:
    """Write the new count while the faults strike, and return how that failed."""
    with faults:
        try:
            how(store)
        except BookingError as error:
            return error
    return None


def lowest_free_descriptor() -> int:
    """Return the number that the next opened file would have."""
    descriptor = os.open(os.devnull, os.O_RDONLY)
    os.close(descriptor)
    return descriptor


def contents_after_each_fault(db: Path, store: FileStore, number: int) -> list[bytes]:
    """Fail at the first call, at the second, until a write succeeds; return what the file held after each."""
    contents = []
    free = lowest_free_descriptor()
    for failing in count(1):
        db.write_bytes(OLD)
        failure = written(store, Faults(failing, number))
        if failure is None:
            assert db.read_bytes() == NEW
            return contents
        assert isinstance(failure, DiskError)
        assert str(failure).isprintable()
        assert os.strerror(number) in str(failure)
        assert [entry.name for entry in db.parent.iterdir()] == ["db.json"]
        assert lowest_free_descriptor() == free
        contents.append(db.read_bytes())
    return contents


@every_errno
def test_json_is_old_whichever_call_fails(db: Path, number: int) -> None:
    """Every call of a replacement x 5 errors: a DiskError, the old content, no temporary file, no open file.

    The calls are 7: stat, access, open, write, fstat, close, replace; and fchmod behind fstat where the new
    file was not made with the old one's permissions.
    """
    for permissions, calls in {COMMON: 7, RARE: 8}.items():
        db.chmod(permissions)
        assert contents_after_each_fault(db, JsonStore(db), number) == [OLD] * calls


@every_errno
def test_durable_json_is_old_or_new_whichever_call_fails(db: Path, number: int) -> None:
    """With fsync there are 4 calls more: one flush before the replacement, and 3 for the folder behind it.

    Those 3 fail when the new content is visible already: it is new, and reported all the same.
    """
    db.chmod(COMMON)
    assert contents_after_each_fault(db, JsonStore(db, durable=True), number) == [OLD] * 8 + [NEW] * 3


@every_errno
def test_inplace_is_old_torn_or_new_whichever_call_fails(db: Path, number: int) -> None:
    """Written in place a store can be lost, which is the lesson; the failure is reported all the same.

    Truncating takes 5 calls (stat, access, open, ftruncate, close), of which the last fails too late; writing 6.
    """
    found = contents_after_each_fault(db, InPlaceStore(db), number)
    assert found == [OLD] * 4 + [b""] * 5 + [NEW] * 2


@every_errno
@plain_and_durable
def test_a_swap_happens_or_not_whichever_call_fails(db: Path, number: int, *, durable: bool) -> None:
    """Every call of a swap x 5 errors: a DiskError, the old count, no temporary file, no open file.

    The calls are 11: stat (is there a version 1?), open, fstat and close of the read, stat, access, open,
    write, fstat, close, link; durable a flush more before the link, and 3 for the folder, which fail too late.
    """
    failures, free = [], lowest_free_descriptor()
    for failing in count(1):
        JsonStore(db).put(41)
        failure = written(JsonStore(db, durable=durable), Faults(failing, number), swap)
        if failure is None:
            break
        assert os.strerror(number) in str(failure)
        assert list(db.parent.glob("*.booking-tmp")) == []
        assert lowest_free_descriptor() == free
        failures.append(JsonStore(db).read())
    assert failures == [41] * (12 if durable else 11) + [40] * (3 if durable else 0)
    assert JsonStore(db).read() == 40


@plain_and_durable
def test_the_calls_of_a_replacement_are_in_the_order_that_survives(db: Path, *, durable: bool) -> None:
    """Content, then its flush, then the new name, then the flush of the folder (Pillai et al., OSDI 2014)."""
    faults = Faults()
    db.chmod(RARE)
    assert written(JsonStore(db, durable=durable), faults) is None
    flush, folder = ([FLUSH], ["open", "fsync", "close"]) if durable else ([], [])
    dress = ["fstat", "fchmod"]
    assert faults.calls == ["stat", "access", "open", "write", *dress, *flush, "close", "replace", *folder]


@every_errno
def test_a_failed_read_is_reported(db: Path, number: int) -> None:
    """Every call of a read (open, fstat, close) x 5 errors: a DiskError, never a wrong count."""
    for failing in (1, 2, 3):
        with Faults(failing, number), pytest.raises(DiskError, match="cannot read"):
            JsonStore(db).read()


def put_under_limits(path: Path, results: Connection) -> None:
    """Put a count under every limit on file sizes up to one byte more than it needs."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for limit in range(len(NEW) + 2):
        path.write_bytes(OLD)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
        try:
            JsonStore(path).put(40)
            refusal = ""
        except DiskError as error:
            refusal = str(error)
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        results.send((refusal, path.read_bytes(), len(list(path.parent.iterdir()))))
    results.close()


def test_under_a_limit_on_file_sizes_the_store_is_old(db: Path, family: Family) -> None:
    """Whatever part of the new content fits: a DiskError that names the limit, the old content, nothing left.

    The new content has 14 bytes, so the limits 0 to 13 refuse it and 14 and 15 do not.
    """
    assert signal.getsignal(signal.SIGXFSZ) == signal.SIG_IGN, "else the limit would kill the process"
    ours, theirs = FORK.Pipe(duplex=False)
    family.run(FORK, put_under_limits, db, theirs)
    results = [ours.recv() for _ in range(16) if ours.poll(DEADLINE)]
    assert [(content, left) for _, content, left in results] == [(OLD, 1)] * 14 + [(NEW, 1)] * 2
    assert ["raise the limit on file sizes" in refusal for refusal, _, _ in results] == [True] * 14 + [False] * 2


@pytest.mark.often(times=30)
@pytest.mark.parametrize("name", ["json", "json-swap", "inplace"])
def test_a_killed_writer_leaves_a_store(name: str, times: int, db: Path) -> None:
    """SIGKILLs at random moments of each way to write: one of the two contents, and what is left over goes.

    Written in place the store may be empty or cut short, and is never a mixture.
    """
    dice = random.Random(name)
    found = [killed_writer(name, db, dice) for _ in range(times)]
    while not any(each.left_over or each.state in {"empty", "cut short"} for each in found):
        found.append(killed_writer(name, db, dice))  # until one was killed inside a write
    assert [what for each in found for what in each.wrong] == []


def test_a_torn_store_is_noticed(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that is written in place and promises to be old or new is found out: the trial can fail."""
    lying = WRITERS["inplace"]._replace(allowed=WRITERS["json"].allowed)
    monkeypatch.setitem(WRITERS, "inplace", lying)
    dice = random.Random(3)
    assert any(killed_writer("inplace", db, dice).wrong for _ in range(300))
