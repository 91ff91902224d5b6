"""Many submissions at once, and the grader's own test: it grades nothing unless it judges the textbook rightly."""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import active_children, get_context
from pathlib import Path
from typing import TypeAlias

from booking.errors import InconclusiveError
from booking.grading.finding import BROKEN, Proof
from booking.submissions.confinement import Limits, end_with_parent
from booking.submissions.grade import Grade, grade
from booking.submissions.terms import Terms
from booking.textbook import TEXTBOOK, Known, TextbookLock

LONGEST_REPLAY = 60.0
"""How many seconds a replay may take."""
Tell: TypeAlias = Callable[[int], None]
Job: TypeAlias = tuple[str, Terms]


def files_in(names: Sequence[str]) -> list[str]:
    """Return the files to grade: a folder stands for the Python files in it and below it, in order."""
    found: list[str] = []
    for name in names:
        path = Path(name)
        found += sorted(map(str, path.rglob("*.py"))) or [name] if path.is_dir() else [name]
    return found


def grade_all(files: Sequence[str], terms: Terms, limits: Limits, tell: Tell = lambda _: None) -> list[Grade]:
    """Return the grades of the files in their order, judged on all cores; `tell` hears how many are done."""
    return list(_graded([(file, terms) for file in files], limits, tell))


def _graded(jobs: Sequence[Job], limits: Limits, tell: Tell) -> Iterator[Grade]:
    """Yield the grades in the order of the jobs; of several, each core judges one."""
    if len(jobs) == 1 or sys.platform == "win32":
        yield from (grade(file, terms, limits) for file, terms in jobs)
        return
    with _pool(min(len(jobs), os.cpu_count() or 1)) as pool:
        waiting = [pool.submit(grade, *job, limits) for job in jobs]
        for done, (job, future) in enumerate(zip(jobs, waiting, strict=True), 1):
            try:
                found = future.result()
            except BrokenProcessPool:  # one of the files that were judged at that moment is to blame
                found = _judged_alone(job, limits)
            tell(done)
            yield found


def replay(found: Grade) -> list[str]:
    """Return a sentence about each witness of a grade, which real processes replay; the file is opened unconfined."""
    from booking.submissions.replaying import replayed  # noqa: PLC0415 - no other command needs it

    with _pool(1) as pool:
        try:
            return pool.submit(replayed, found.file, found.proofs).result(LONGEST_REPLAY)
        except (BrokenProcessPool, TimeoutError):
            raise InconclusiveError("the replay did not come to its end: the lock does something else there") from None


def _judged_alone(job: Job, limits: Limits) -> Grade:
    """Return the grade of a file that is judged in a process of its own, which may end early."""
    with _pool(1) as pool:
        try:
            return pool.submit(grade, *job, limits).result()
        except BrokenProcessPool:
            return Grade(job[0], None, job[1], refused="its proof needs more memory than there is")


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Yield a pool of judges; when it is left by an exception, they end at once."""
    pool = ProcessPoolExecutor(workers, get_context("fork" if sys.platform == "linux" else "spawn"), _become_judge)
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for child in active_children():
            child.kill()
        raise
    pool.shutdown()


def _become_judge() -> None:
    """Leave Ctrl-C to the parent, and end with it."""
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def grade_textbook(terms: Terms, limits: Limits, tell: Tell = lambda _: None) -> dict[str, Grade]:
    """Return the grade of every lock of the textbook, for those numbers of buyers for which it is meant."""
    jobs = {
        name: (f"{lock.path}:{lock.class_name}", Terms(buyers, memory=terms.memory, entries=terms.entries))
        for name, lock in TEXTBOOK.items()
        if (buyers := tuple(number for number in terms.buyers if number in lock.known))
    }
    return dict(zip(jobs, _graded(list(jobs.values()), limits, tell), strict=True))


def self_test(limits: Limits, tell: Tell = lambda _: None) -> list[str]:
    """Return what the grader gets wrong about the textbook, a sentence each; nothing if it can be trusted.

    Every lock is judged for two buyers, and for three where only three show what is wrong with it.
    """
    jobs = {(name, buyers): _job(lock, buyers) for name, lock in TEXTBOOK.items() for buyers in _telling(lock)}
    found = zip(jobs, _graded(list(jobs.values()), limits, tell), strict=True)
    return [line for (name, buyers), judged in found for line in differences(name, buyers, judged)]


def _job(lock: TextbookLock, buyers: int) -> Job:
    return f"{lock.path}:{lock.class_name}", Terms((buyers,))


def _telling(lock: TextbookLock) -> Iterator[int]:
    """Yield the numbers of buyers that the grader's own test needs."""
    first, *others = sorted(lock.known)
    yield first
    if _is_sound(lock.known[first]):
        yield from (buyers for buyers in others[:1] if not _is_sound(lock.known[buyers]))


def _is_sound(known: Known) -> bool:
    return BROKEN not in {known.exclusion, known.deadlock_freedom}


def differences(name: str, buyers: int, judged: Grade) -> list[str]:
    """Return where a grade differs from what is known of a lock of the textbook, a sentence each."""
    if judged.refused:
        return [f"{name} is refused: {judged.refused}"]
    known, proof = TEXTBOOK[name].known[buyers], next(found for found in judged.proofs if found.buyers == buyers)
    return [
        f"{name} with {buyers} buyers: {what} is {found}, and {expected} is known"
        for what, found, expected in _compared(proof, known)
        if found != expected
    ]


def _compared(proof: Proof, known: Known) -> Iterator[tuple[str, object, object]]:
    for name, finding in proof.findings.items():
        yield name.replace("_", " "), finding.answer, getattr(known, name)
    yield "the number of steps until two are inside", proof.steps, known.steps
    yield "bypass", proof.bypass, known.bypass
