"""The textbook's locks are what the literature says they are, and the registry names them all."""

import ast
import importlib

import pytest

from booking.grading.finding import BROKEN
from booking.grading.proof import prove
from booking.textbook import HERE, TEXTBOOK
from booking.textbook.starter import BLANK, starter_of

SLOW = {"bakery", "bakery-without-choosing", "dijkstra", "lamport-fast", "lamport-fast-hasty", "szymanski"}
SLOW |= {"ticket-in-two-steps"}
"""What takes longer than a fifth of a second with three buyers, or with buffered writes."""

known = [
    pytest.param(name, buyers, id=f"{name}-{buyers}", marks=[pytest.mark.slow] if name in SLOW and buyers > 2 else [])
    for name, lock in TEXTBOOK.items()
    for buyers in lock.known
]


def class_of(name: str) -> type:
    """Return the class of a lock of the textbook."""
    lock = TEXTBOOK[name]
    found: type = getattr(importlib.import_module(f"booking.textbook.{lock.path.stem}"), lock.class_name)
    return found


@pytest.mark.parametrize(("name", "buyers"), known)
def test_a_lock_is_what_is_known_of_it(name: str, buyers: int) -> None:
    """Each property, the bypass and the fewest accesses until two are inside are those of the registry."""
    expected, proof = TEXTBOOK[name].known[buyers], prove(class_of(name), buyers=buyers)
    answers = (proof.exclusion.answer, proof.deadlock_freedom.answer, proof.starvation_freedom.answer)
    assert answers == (expected.exclusion, expected.deadlock_freedom, expected.starvation_freedom)
    assert (proof.bypass, proof.steps) == (expected.bypass, expected.steps)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else []) for name in TEXTBOOK]
)
def test_buffered_writes_break_what_is_known_to_break(name: str) -> None:
    """Under total store order the shortest way to two inside is the registry's; locks with atomic cells hold."""
    proof = prove(class_of(name), memory="tso", states=100_000)
    assert proof.steps == TEXTBOOK[name].buffered
    assert (proof.exclusion.answer == BROKEN) == (proof.steps is not None)


def test_every_class_has_a_name() -> None:
    """The registry has each lock of the files once, and each class tells in a sentence why it is right or wrong."""
    files = {"two_buyers.py", "many_buyers.py", "atomic.py", "wrong.py", "wrong_atomic.py"}
    classes = [
        (f"{file}:{node.name}", ast.get_docstring(node) or "")
        for file in files
        for node in ast.parse((HERE / file).read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef)
    ]
    assert sorted(home for home, _ in classes) == sorted(lock.home for lock in TEXTBOOK.values())
    assert [home for home, why in classes if not why.endswith(".")] == []
    assert all(lock.source for lock in TEXTBOOK.values())


@pytest.mark.parametrize("name", [BLANK, *TEXTBOOK])
def test_a_starter_is_a_file_that_begins(name: str) -> None:
    """It compiles, and imports the cells that it uses and nothing else."""
    text = starter_of(name)
    space: dict[str, object] = {}
    exec(compile(text, name, "exec"), space)  # noqa: S102 - our own text
    locks = [kind for kind in space.values() if isinstance(kind, type) and hasattr(kind, "acquire")]
    assert len(locks) == 1
    imported = next(node for node in ast.parse(text).body if isinstance(node, ast.ImportFrom))
    body = text.partition("class ")[2]
    assert all(f"{alias.name}(" in body for alias in imported.names)
