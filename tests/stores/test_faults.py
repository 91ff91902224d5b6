"""The disk fails in the middle of a write, or the writer is killed: what a reader finds is old or new, and whole."""

import errno
import json
import multiprocessing
import os
import random
import resource
import signal
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from itertools import count, cycle
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Self
from unittest.mock import patch

import pytest
from children import DEADLINE, Family

from booking import disk, files
from booking.errors import BookingError, DiskError
from booking.stores import FileStore
from booking.stores.inplace import InPlaceStore
from booking.stores.json import JsonStore

FORK = multiprocessing.get_context("fork")
KILLS = 300
OLD = b'{"count": 41}\n'
NEW = b'{"count": 40}\n'
ERRNOS = [errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EROFS, errno.EINTR]
FLUSH = "fdatasync" if hasattr(os, "fdatasync") else "fsync"
CALLS = {"stat", "access", "open", "write", "ftruncate", "fstat", "fchmod", FLUSH, "fsync", "close", "replace"}

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
        self._patches = ExitStack()

    def _wrapped(self, name: str, real: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **kwargs: object) -> object:
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


def written(store: FileStore, faults: Faults) -> BookingError | None:
    """Write the new count while the faults strike, and return how that failed."""
    disk.require_own_folder.cache_clear()
    with faults:
        try:
            for _, action in store.write(40):
                action()
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

    The calls are 7: stat (folder), stat, open, write, fstat, close, replace; and fchmod behind fstat where the new
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

    Truncating takes 4 calls (stat, open, ftruncate, close), of which the last fails too late; writing 5.
    """
    found = contents_after_each_fault(db, InPlaceStore(db), number)
    assert found == [OLD] * 3 + [b""] * 4 + [NEW] * 2


@plain_and_durable
def test_the_calls_of_a_replacement_are_in_the_order_that_survives(db: Path, *, durable: bool) -> None:
    """Content, then its flush, then the new name, then the flush of the folder (Pillai et al., OSDI 2014)."""
    faults = Faults()
    db.chmod(RARE)
    assert written(JsonStore(db, durable=durable), faults) is None
    flush, folder = ([FLUSH], ["open", "fsync", "close"]) if durable else ([], [])
    dress = ["fstat", "fchmod"]
    assert faults.calls == ["stat", "stat", "open", "write", *dress, *flush, "close", "replace", *folder]


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


def write_for_ever(path: Path, started: Connection) -> None:
    """Write 1 and 2 in turn, each with its own padding, until somebody ends this process."""
    started.send_bytes(b"!")
    for each in cycle([1, 2]):
        files.replace(path, whole(each))


def whole(each: int) -> bytes:
    """Return a store that takes a while to write."""
    return json.dumps({"count": each, "padding": str(each) * 50_000}).encode()


def test_a_killed_writer_leaves_the_old_or_the_new_store(db: Path, family: Family) -> None:
    """300 SIGKILLs at random moments: always one of the two contents, and what is left over can be swept.

    Nearly all of the writer's time is inside the write, so it would take a miracle to leave nothing over.
    """
    dice = random.Random(2)
    db.write_bytes(whole(2))
    torn, swept = 0, 0
    for _ in range(KILLS):
        ours, theirs = FORK.Pipe(duplex=False)
        writer = family.run(FORK, write_for_ever, db, theirs)
        theirs.close()
        assert ours.recv_bytes() == b"!"
        ours.poll(dice.uniform(0, 0.002))  # nothing comes: this is the random moment
        writer.kill()
        writer.join()
        ours.close()
        torn += db.read_bytes() not in {whole(1), whole(2)}
        swept += files.sweep(db)
    assert (torn, [entry.name for entry in db.parent.iterdir()]) == (0, ["db.json"])
    assert swept > 0
