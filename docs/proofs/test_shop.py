"""The tests of the project: proofs instead of runs. Start them with pytest in this folder."""

import pytest
from shop import GiveWay, hasty_purchase, purchase

from booking import Cell, prove


class Naive:
    """What a test has to refute."""

    taken = Cell(False)

    def acquire(self, me):
        while self.taken:
            pass
        self.taken = True

    def release(self, me):
        self.taken = False


def test_the_lock() -> None:
    """It keeps two buyers apart, never stands still, and lets everybody in after at most one other."""
    assert prove(GiveWay, buyers=2).bypass == 1


def test_the_buyer() -> None:
    """No order of the steps of three buyers sells the ticket twice."""
    prove(buyer=purchase, lock="file", buyers=3)


def test_a_wrong_lock_is_refuted() -> None:
    """The message has the shortest way to two buyers inside."""
    with pytest.raises(AssertionError, match="two are inside after 4 accesses"):
        prove(Naive, buyers=2)


def test_a_wrong_buyer_is_refuted() -> None:
    """The message has the shortest way to an oversold ticket."""
    with pytest.raises(AssertionError, match="oversold"):
        prove(buyer=hasty_purchase, lock="file")
