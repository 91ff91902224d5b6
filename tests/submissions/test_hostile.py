"""No file harms the grader: each is refused, unknown or judged truly, in clear words, and nothing is left behind."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hostile_files import KINDS, Hostile

from booking.submissions.confinement import Limits
from booking.submissions.grade import Grade, grade
from booking.submissions.terms import Terms

QUICK = {"syntax-error", "fork-bomb", "steals-the-secret", "patches-the-proof", "exit-function", "os-exit-0"}
"""What every run tries; the others are tried with `-m slow`."""

params = [
    pytest.param(kind, id=name, marks=[] if name in QUICK else [pytest.mark.slow]) for name, kind in KINDS.items()
]


def words(found: Grade) -> str:
    """Return what a grade says: why it is refused, or what it found."""
    if found.refused:
        return found.refused
    return "; ".join(
        f"{finding.answer} {finding.reason}" for proof in found.proofs for finding in proof.findings.values()
    )


def children() -> str:
    """Return the numbers of this process's children; a spawned one before has left the standard library's tracker."""
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text()


@pytest.mark.parametrize("kind", params)
def test_a_hostile_file_does_no_harm(kind: Hostile, tmp_path: Path) -> None:
    """It is named for what it is, or judged as what it is: broken in 4 steps."""
    file = tmp_path / "lock.py"
    file.write_bytes(kind.content if isinstance(kind.content, bytes) else kind.content.encode())
    before, those_before = file.read_bytes(), children()
    found = grade(str(file), Terms((2,)), Limits(kind.seconds))
    said = words(found)
    truly = bool(found.proofs) and found.proofs[0].steps == 4
    assert truly if not kind.says else any(re.search(word, said) if word else truly for word in kind.says.split("|")), (
        said
    )
    assert said.isprintable()
    assert found.score == 0
    assert file.read_bytes() == before
    assert children() == those_before


@pytest.mark.parametrize(
    ("make", "says"),
    [
        pytest.param(lambda _: None, "there is no such file", id="missing"),
        pytest.param(lambda path: path.mkdir(), "it is a folder without a Python file", id="folder"),
        pytest.param(os.mkfifo, "it is no file", id="pipe"),
        pytest.param(lambda path: path.symlink_to("/dev/zero"), "it is no file", id="device"),
        pytest.param(lambda path: path.symlink_to(path), "it cannot be read|there is no such file", id="loop-of-links"),
    ],
)
def test_what_is_no_file_is_not_opened(make: Callable[[Path], None], says: str, tmp_path: Path) -> None:
    """It is refused before a child is started: reading a pipe or a device would never end."""
    make(tmp_path / "lock.py")
    assert re.fullmatch(says, grade(str(tmp_path / "lock.py"), Terms()).refused)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    """The child cannot read it either, and says why."""
    file = tmp_path / "lock.py"
    file.touch(mode=0)
    assert grade(str(file), Terms()).refused == "it cannot be read: Permission denied"
