"""The fair lock serves in order of arrival, and skips the dead, whenever they die."""

import fcntl
import multiprocessing
import os
import random
import struct
import time
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path

import pytest
from children import DEADLINE, Child, Family

from booking.locks.kernel import FairLock
from booking.scenario import Scenario

FORK = multiprocessing.get_context("fork")
NOT_YET = 0.05


@pytest.fixture
def lock(db: Path) -> FairLock:
    """Return a lock on a fresh store."""
    return FairLock(db, FORK, Scenario())


def wait_for_length(lock: FairLock, length: int) -> None:
    """Return when so many bytes are in the lock file: one more than tickets have been taken."""
    end = time.monotonic() + DEADLINE
    while lock.path.stat().st_size < length:
        assert time.monotonic() < end, "nobody took a ticket"
        os.sched_yield()


def door_is_open(lock: FairLock) -> bool:
    """Return whether no process is between the door and its ticket."""
    descriptor = os.open(lock.path, os.O_RDWR)
    try:
        request = struct.pack("hhqqi0q", fcntl.F_WRLCK, os.SEEK_SET, 0, 1, 0)
        found = fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, request)
        return struct.unpack("hhqqi0q", found)[0] == fcntl.F_UNLCK
    finally:
        os.close(descriptor)


def line_up(lock: FairLock, family: Family, waiters: int) -> list[Child]:
    """Take the lock here, let so many children queue up one after the other, and return them in that order."""
    assert lock.acquire(0)
    queue = []
    for _ in range(waiters):
        before = lock.path.stat().st_size
        queue.append(family.child(FORK, lock))
        queue[-1].tell("acquire", None)
        wait_for_length(lock, before + 1)
        while not door_is_open(lock):
            os.sched_yield()
    return queue


def test_waiters_are_served_in_order_of_arrival(lock: FairLock, family: Family) -> None:
    """Five wait; each release lets the next one in and nobody else."""
    queue = line_up(lock, family, 5)
    lock.release()
    for place, child in enumerate(queue):
        assert child.answer() is True
        assert [later.pipe.poll(0) for later in queue[place + 1 :]] == [False] * (4 - place)
        child.ask("release")


@pytest.mark.parametrize("dead", [{0}, {1}, {0, 1}, {1, 2}, {0, 1, 2}], ids=str)
def test_dead_waiters_are_skipped(lock: FairLock, family: Family, dead: set[int]) -> None:
    """Those who are killed while they wait let nobody in early and keep nobody out."""
    queue = line_up(lock, family, 4)
    for place in dead:
        queue[place].kill()
    alive = [child for place, child in enumerate(queue) if place not in dead]
    assert alive[0].answer(within=NOT_YET) is None
    lock.release()
    for child in alive:
        assert child.answer() is True
        child.ask("release")


def test_a_waiter_that_gives_up_leaves_the_queue(lock: FairLock, family: Family) -> None:
    """After its time-out those behind it wait for the holder only."""
    assert lock.acquire(0)
    impatient, patient = family.child(FORK, lock), family.child(FORK, lock)
    impatient.tell("acquire", 0.2)
    wait_for_length(lock, 3)
    patient.tell("acquire", None)
    wait_for_length(lock, 4)
    assert impatient.answer() is False
    assert patient.answer(within=NOT_YET) is None
    lock.release()
    assert patient.answer() is True


@pytest.mark.parametrize("size", [0, 1, 100])
def test_a_file_that_was_cut_short_or_made_longer_still_excludes(lock: FairLock, family: Family, size: int) -> None:
    """What is lost is the order; nobody is inside beside the holder."""
    queue = line_up(lock, family, 2)
    os.truncate(lock.path, size)
    late = family.child(FORK, lock)
    late.tell("acquire", None)
    waiting = [*queue, late]
    assert [child.answer(within=NOT_YET) for child in waiting] == [None] * 3
    lock.release()
    while waiting:
        ready = wait([child.pipe for child in waiting], DEADLINE)
        inside = next(child for child in waiting if child.pipe in ready)
        waiting.remove(inside)
        assert inside.answer() is True
        assert [child.pipe.poll(NOT_YET) for child in waiting] == [False] * len(waiting)
        inside.ask("release")


@dataclass
class Counting:
    """A process that takes the lock again and again, and counts in a file that nothing else protects."""

    lock: FairLock
    counter: Path

    def count(self) -> None:
        """Add 1 for ever, and sign the file meanwhile: another signature than ours means that two were inside."""
        signature = b"%020d" % os.getpid()
        descriptor = os.open(self.counter, os.O_RDWR)
        while True:
            assert self.lock.acquire()
            os.pwrite(descriptor, signature, 20)
            before = int(os.pread(descriptor, 20, 0))
            os.sched_yield()
            os.pwrite(descriptor, b"%020d" % (before + 1), 0)
            assert os.pread(descriptor, 20, 20) == signature, "two were inside"
            self.lock.release()


def killed_at_random(lock: FairLock, counter: Path, family: Family, kills: int) -> None:
    """Kill one of four counting processes at a random moment and replace it, so often; the others always go on."""
    counter.write_bytes(b"%040d" % 0)
    dice = random.Random(kills)
    crowd = [family.child(FORK, Counting(lock, counter)) for _ in range(4)]
    for child in crowd:
        child.tell("count")
    for _ in range(kills):
        victim = dice.randrange(len(crowd))
        assert crowd[victim].answer(within=dice.uniform(0, 0.003)) is None  # else what it raised
        crowd[victim].kill()
        before = int(counter.read_bytes()[:20])
        end = time.monotonic() + DEADLINE
        while int(counter.read_bytes()[:20]) == before:
            assert time.monotonic() < end, "a dead process keeps the lock"
        crowd[victim] = family.child(FORK, Counting(lock, counter))
        crowd[victim].tell("count")
    assert [child.answer(within=0) for child in crowd] == [None] * 4


def test_who_is_killed_at_any_moment_stops_nobody(lock: FairLock, tmp_path: Path, family: Family) -> None:
    """60 SIGKILLs of holders and waiters: the others go on, and never two are inside."""
    killed_at_random(lock, tmp_path / "counter", family, 60)


@pytest.mark.slow
def test_a_thousand_who_are_killed_stop_nobody(lock: FairLock, tmp_path: Path, family: Family) -> None:
    """1,000 SIGKILLs; benchmarks/torture.py makes more."""
    killed_at_random(lock, tmp_path / "counter", family, 1000)
