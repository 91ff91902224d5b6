"""Many submissions at once, and the grader's own test: it grades nothing unless it judges the textbook rightly."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from booking.grading.finding import BROKEN, Proof
from booking.submissions.confinement import Limits
from booking.submissions.grade import Grade, grade
from booking.submissions.terms import Terms
from booking.textbook import TEXTBOOK, Known, TextbookLock

Tell = Callable[[int], None]


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


def _graded(jobs: Sequence[tuple[str, Terms]], limits: Limits, tell: Tell) -> Iterator[Grade]:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for done, found in enumerate(pool.map(lambda job: grade(job[0], job[1], limits), jobs), 1):
            tell(done)
            yield found


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


def _job(lock: TextbookLock, buyers: int) -> tuple[str, Terms]:
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
