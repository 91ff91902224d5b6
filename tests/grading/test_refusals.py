"""What is no lock is refused in one line that names the place; what fails or differs is not called right."""

import random

import pytest
from locks_by_hand import Peterson

from booking import AtomicCell, Cell, Cells
from booking.errors import BadInputError
from booking.grading import BROKEN, HOLDS, UNKNOWN, prove
from booking.model import watchdog


class Lock:
    """Keep out one of two by a swap; the others here differ from it in one thing."""

    busy = AtomicCell(False)  # noqa: FBT003

    def acquire(self, me: int) -> None:  # noqa: ARG002
        """Spin."""
        while self.busy.swap(True):  # noqa: FBT003
            pass

    def release(self, me: int) -> None:  # noqa: ARG002
        """Let the next one in."""
        self.busy.set(False)


class Endless(Lock):
    """Takes no step."""

    def acquire(self, me: int) -> None:
        """Loop."""
        while me >= 0:
            pass


class Random(Lock):
    """Is not the same twice."""

    def acquire(self, me: int) -> None:
        """Take a step or two."""
        if random.random() < 0.5:
            self.busy.get()
        super().acquire(me)


class Early(Lock):
    """Touches a cell when it is made."""

    def __init__(self) -> None:
        self.busy.get()


class Failing(Lock):
    """Divides by zero if it finds the lock taken."""

    def acquire(self, me: int) -> None:
        """Try once."""
        if self.busy.swap(True):  # noqa: FBT003
            me // 0


class Wide(Lock):
    """Writes what no cell can hold."""

    name = Cell(0)

    def acquire(self, me: int) -> None:
        """Write a text."""
        self.name = "buyer"
        super().acquire(me)


class Beyond(Lock):
    """Reads a cell that does not exist."""

    flag = Cells(0)

    def acquire(self, me: int) -> None:
        """Read."""
        while self.flag[me + 1]:
            pass


class Slow(Lock):
    """Calls more accesses than are followed, none of them in a loop that closes."""

    def acquire(self, me: int) -> None:  # noqa: ARG002
        """Wait until a list is long."""
        tries: list[bool] = []
        while self.busy.swap(True) and len(tries) < 10_000:  # noqa: FBT003
            tries.append(True)


def test_code_that_takes_no_step_is_stopped_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line in which it loops is in the message."""
    monkeypatch.setattr(watchdog, "LIMIT_S", 0.3)

    with pytest.raises(BadInputError, match=r"test_refusals\.py:\d+: the lock touches no cell"):
        prove(Endless)


def test_code_that_differs_on_a_second_run_is_named() -> None:
    """What is random is no lock to prove."""
    with pytest.raises(BadInputError, match="something else on a second run"):
        prove(Random)


def test_a_lock_that_touches_a_cell_when_it_is_made_is_refused() -> None:
    """Every process makes its own lock object, so `__init__` is no place for shared memory."""
    with pytest.raises(BadInputError, match="__init__ touches the cell busy"):
        prove(Early)


@pytest.mark.parametrize(
    ("lock", "error"), [(Failing, "ZeroDivisionError"), (Wide, "TypeError"), (Beyond, "IndexError")]
)
def test_a_lock_whose_code_fails_stops_somebody_for_ever(lock: type, error: str) -> None:
    """Who fails in `acquire` never gets in: that breaks deadlock freedom, with the error and its line."""
    proof = prove(lock)

    assert proof.deadlock_freedom.answer == proof.starvation_freedom.answer == BROKEN
    assert error in proof.deadlock_freedom.reason
    assert "test_refusals.py:" in proof.deadlock_freedom.reason


def test_what_was_not_followed_is_unknown() -> None:
    """Not one state that was left out counts as proved, and the reason names what was hidden."""
    proof = prove(Slow)

    assert proof.exclusion.answer == UNKNOWN
    assert "list" in proof.exclusion.reason


def test_a_search_that_is_cut_short_proves_nothing() -> None:
    """With too few states the answer is unknown, and the reason says where the search ended."""
    proof = prove(Peterson, states=20)

    assert {finding.answer for finding in proof.findings.values()} == {UNKNOWN}
    assert "its limit of states" in proof.exclusion.reason


@pytest.mark.parametrize("buyers", [1, 3, 5])
def test_any_number_of_buyers_can_be_proved(buyers: int) -> None:
    """One buyer alone is never in anybody's way."""
    assert prove(Lock, buyers=buyers).exclusion.answer == HOLDS


@pytest.mark.parametrize("buyers", [0, 31])
def test_a_number_of_buyers_that_makes_no_sense_is_refused(buyers: int) -> None:
    """The limits are in the message."""
    with pytest.raises(BadInputError, match="1 to 30"):
        prove(Lock, buyers=buyers)
