"""A proof answers as the literature does, and its witnesses are the shortest there are."""

from typing import NamedTuple

import pytest
from locks_by_hand import (
    Anderson,
    Bakery,
    BakeryWithoutChoosing,
    Dekker,
    FencedPeterson,
    Filter,
    Hyman,
    LamportFast,
    LockOne,
    LockTwo,
    Mcs,
    Naive,
    NoLock,
    Peterson,
    SwappedPeterson,
    Szymanski,
    TestAndSet,
    TestAndTestAndSet,
    Ticket,
)

from booking.grading import BROKEN, HOLDS, UNKNOWN, prove

YES, NO, OPEN = HOLDS, BROKEN, UNKNOWN


class Row(NamedTuple):
    """A lock, the number of buyers, and what is known: the last two are the fewest accesses, and the bypass."""

    lock: type
    buyers: int
    exclusion: str
    deadlock_freedom: str
    starvation_freedom: str
    steps: int | None
    bypass: int | None


SEQUENTIAL = [
    Row(NoLock, 2, NO, YES, YES, 0, 0),
    Row(Naive, 2, NO, YES, NO, 4, None),
    Row(LockOne, 2, YES, NO, NO, None, 0),
    Row(LockTwo, 2, YES, NO, NO, None, 1),
    Row(Hyman, 2, NO, YES, NO, 7, None),
    Row(Peterson, 2, YES, YES, YES, None, 1),
    Row(SwappedPeterson, 2, NO, YES, YES, 7, None),
    Row(Dekker, 2, YES, YES, YES, None, None),
    Row(Filter, 2, YES, YES, YES, None, 1),
    Row(Filter, 3, YES, YES, YES, None, None),
    Row(TestAndSet, 2, YES, YES, NO, None, None),
    Row(TestAndSet, 3, YES, YES, NO, None, None),
    Row(TestAndTestAndSet, 2, YES, YES, NO, None, None),
    Row(Ticket, 2, YES, YES, YES, None, 1),
    Row(Ticket, 3, YES, YES, YES, None, 2),
    Row(Anderson, 2, YES, YES, YES, None, 1),
    Row(Mcs, 2, YES, YES, YES, None, None),
    Row(Mcs, 3, YES, YES, YES, None, None),
    Row(Bakery, 2, YES, YES, YES, None, None),
    Row(BakeryWithoutChoosing, 2, NO, YES, YES, 8, None),
    Row(Szymanski, 2, YES, YES, YES, None, 2),
    Row(LamportFast, 2, YES, YES, NO, None, None),
]
TOTAL_STORE_ORDER = [
    (Peterson, NO, 6),
    (FencedPeterson, YES, None),
    (Dekker, NO, 4),
    (Filter, NO, 6),
    (Bakery, NO, 14),
    (Hyman, NO, 7),
    (LockOne, NO, 4),
    (TestAndSet, YES, None),
    (TestAndTestAndSet, YES, None),
    (Ticket, YES, None),
    (Anderson, YES, None),
    (Mcs, YES, None),
]


@pytest.mark.parametrize("row", SEQUENTIAL, ids=lambda row: f"{row.lock.__name__}-{row.buyers}")
def test_verdicts_are_those_of_the_literature(row: Row) -> None:
    """Exclusion, deadlock freedom, starvation freedom, the shortest witness and the bypass of famous locks."""
    proof = prove(row.lock, buyers=row.buyers)

    answers = [finding.answer for finding in proof.findings.values()]
    assert Row(row.lock, row.buyers, *answers, proof.steps, proof.bypass) == row


@pytest.mark.parametrize(("lock", "exclusion", "steps"), TOTAL_STORE_ORDER)
def test_store_buffers_break_what_needs_a_fence(lock: type, exclusion: str, steps: int | None) -> None:
    """Under total store order locks of plain cells let two in, and those of atomic cells or with a fence do not."""
    proof = prove(lock, memory="tso")

    assert (proof.exclusion.answer, proof.steps) == (exclusion, steps)


def test_growing_numbers_are_proved_for_some_entries_and_say_so() -> None:
    """The bakery has infinitely many states, so its proof is for 2 entries each."""
    proof = prove(Bakery)

    assert proof.entries == 2
    assert "2 entries each" in proof.exclusion.reason


def test_a_witness_names_the_line_and_what_all_cells_hold() -> None:
    """Each step has its buyer, cell, value and line of code, the cells after it, and who is inside."""
    witness = prove(Naive).exclusion.witness

    assert witness is not None
    assert [(step.buyer, step.kind, step.cell, step.value, step.source) for step in witness.steps] == [
        (1, "read", "busy", False, "while self.busy:"),
        (2, "read", "busy", False, "while self.busy:"),
        (1, "write", "busy", True, "self.busy = True"),
        (2, "write", "busy", True, "self.busy = True"),
    ]
    assert [step.inside for step in witness.steps] == [(), (), (1,), (1, 2)]
    assert witness.steps[-1].cells == {"busy": True}
    assert witness.schedule == (1, 2, 1, 2)


def test_a_starving_buyer_is_shown_as_steps_and_a_cycle() -> None:
    """In the cycle the starving buyer takes a step, others get in, and the state afterwards is the one before."""
    witness = prove(TestAndSet).starvation_freedom.witness

    assert witness is not None
    starving = witness.steps[-1].buyer
    assert starving in {step.buyer for step in witness.cycle}
    assert all(starving not in step.inside for step in witness.cycle)
    assert witness.cycle[-1].cells == witness.steps[-1].cells


def test_the_witness_of_a_store_buffer_shows_what_waits_in_it() -> None:
    """Both buyers of Peterson's lock are inside while all their writes still wait."""
    witness = prove(Peterson, memory="tso").exclusion.witness

    assert witness is not None
    assert witness.steps[-1].buffers == ((("flag[0]", True), ("turn", 1)), (("flag[1]", True), ("turn", 0)))
    assert witness.steps[-1].cells == {"flag[0]": False, "flag[1]": False, "turn": 0}
