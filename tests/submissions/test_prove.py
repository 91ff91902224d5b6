"""`booking.prove` for tests of one's own: it returns what it has proved, and raises what it has broken."""

from pathlib import Path

import pytest

from booking import BadInputError, Desk, InconclusiveError, Outcome, prove
from booking.textbook.atomic import TestAndSet as SpinLock
from booking.textbook.two_buyers import Filter, Peterson
from booking.textbook.wrong import NaiveFlag


def purchase(desk: Desk) -> Outcome:
    """Buy as the plain buyer does."""
    with desk.lock:
        count = desk.read()
        if count < 1:
            return Outcome.SOLD_OUT
        desk.write(count - 1)
    return Outcome.BOUGHT


def test_what_holds_is_returned() -> None:
    """The proof of a lock, and the exploration of a buyer."""
    assert prove(Peterson).bypass == 1
    assert prove(Filter, buyers=3).exclusion.answer == "holds"
    assert prove(buyer=purchase, lock="file").verdict == "sound"


def test_the_message_has_the_witness() -> None:
    """Each step with its line of code, and what is broken in the first line."""
    with pytest.raises(AssertionError) as raised:
        prove(NaiveFlag)
    lines = str(raised.value).splitlines()
    assert lines[0] == "NaiveFlag: exclusion and starvation broken"
    assert lines[1] == "With 2 buyers, exclusion is broken: two are inside after 4 accesses."
    assert lines[-1].endswith("self.taken = False") or any("self.taken = True" in line for line in lines)


def test_what_is_required_can_be_chosen() -> None:
    """A spin lock starves; with buffered writes Peterson's lock lets two in."""
    with pytest.raises(AssertionError, match="starvation broken"):
        prove(SpinLock)
    prove(SpinLock, require=["exclusion", "deadlock"])
    with pytest.raises(AssertionError, match="two are inside after 6 accesses"):
        prove(Peterson, memory="tso")
    prove(Peterson, require=["bypass=1"])
    with pytest.raises(AssertionError, match="bypass broken"):
        prove(Peterson, require=["bypass=0"])


def test_a_buyer_that_oversells_is_shown() -> None:
    """The message is the exploration, with the shortest way."""
    with pytest.raises(AssertionError, match=r"purchase with --lock none: oversold"):
        prove(buyer=purchase, lock="none")


def test_unknown_is_no_proof() -> None:
    """Peterson's lock writes more than a store buffer holds: that raises InconclusiveError, and never passes."""
    with pytest.raises(InconclusiveError, match="store buffer"):
        prove(Peterson, memory="tso", require=["deadlock"])


def test_what_is_neither_is_refused() -> None:
    """A name of ours needs a buyer, and a class needs none."""
    with pytest.raises(BadInputError, match="prove needs a class"):
        prove("file")  # type: ignore[call-overload]
    with pytest.raises(BadInputError, match="acquire"):
        prove(Path)
