"""Real processes do what the states say: every witness can be played, and locks of atomic cells keep buyers apart."""

from inspect import getmembers, isclass

import locks_by_hand
import pytest
from locks_by_hand import Mcs, Naive, Peterson, SwappedPeterson, TestAndSet, Ticket

from booking.cells import Cell
from booking.errors import BadInputError, ReplayDiffersError
from booking.grading import prove
from booking.grading.race import race
from booking.locks.own import lock_of
from booking.replayer.gated_locks import replay_witness
from booking.textbook import TEXTBOOK

LOCKS = [kind for _, kind in getmembers(locks_by_hand, isclass) if kind.__module__ == locks_by_hand.__name__]


class Failing:
    """Fails when it is released."""

    busy = Cell(0)

    def acquire(self, me: int) -> None:  # noqa: ARG002
        """Read."""
        self.busy += 1

    def release(self, me: int) -> None:
        """Divide by zero."""
        self.busy = me // 0


@pytest.mark.parametrize("lock", LOCKS)
def test_every_witness_is_what_real_processes_do(lock: type) -> None:
    """Each access, what the buyer is told, what all cells hold and who is inside are as predicted, at every step."""
    for finding in prove(lock).findings.values():
        if finding.witness is not None:
            steps = (*finding.witness.steps, *finding.witness.cycle)
            assert replay_witness(lock, finding.witness, 2) == steps


@pytest.mark.parametrize("lock", [Naive, SwappedPeterson])
def test_spawned_processes_do_the_same(lock: type) -> None:
    """A spawned buyer opens the cells by their file."""
    witness = prove(lock).exclusion.witness

    assert witness is not None
    assert replay_witness(lock, witness, 2, start_method="spawn")[-1].inside == (1, 2)


@pytest.mark.parametrize("name", TEXTBOOK)
def test_every_witness_of_the_textbook_is_what_real_processes_do(name: str) -> None:
    """Processes that open the file of a lock take the steps that break it."""
    known = TEXTBOOK[name]
    buyers = min(known.known)
    lock = f"{known.path}:{known.class_name}"
    for finding in prove(lock_of(lock), buyers=buyers).findings.values():
        if finding.witness is not None:
            replay_witness(lock, finding.witness, buyers)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, known in TEXTBOOK.items() if not known.is_right])
def test_spawned_processes_show_the_witnesses_of_the_textbook(name: str) -> None:
    """A spawned process opens the file as a forked one does."""
    known = TEXTBOOK[name]
    buyers = min(known.known)
    lock = f"{known.path}:{known.class_name}"
    for finding in prove(lock_of(lock), buyers=buyers).findings.values():
        if finding.witness is not None:
            replay_witness(lock, finding.witness, buyers, start_method="spawn")


def test_a_lock_that_differs_from_its_prediction_is_named() -> None:
    """The witness of one lock is not what another one does."""
    witness = prove(Naive).exclusion.witness

    assert witness is not None
    with pytest.raises(ReplayDiffersError, match="step 1 asks for"):
        replay_witness(TestAndSet, witness, 2)


def test_a_witness_with_store_buffers_is_not_replayed() -> None:
    """No process can say when its processor makes a write visible."""
    witness = prove(Peterson, memory="tso").exclusion.witness

    assert witness is not None
    with pytest.raises(BadInputError, match="store buffer"):
        replay_witness(Peterson, witness, 2)


@pytest.mark.parametrize(("lock", "start_method"), [(TestAndSet, "fork"), (Ticket, "spawn"), (Mcs, "fork")])
def test_atomic_cells_are_atomic_between_processes(lock: type, start_method: str) -> None:
    """In a race of three processes no two are ever inside, and each of them makes all its entries."""
    found = race(lock, buyers=3, entries=300, start_method=start_method)

    assert (found.entries, found.overlaps, found.is_over) == (900, 0, True)


def test_a_race_names_the_line_in_which_a_lock_fails() -> None:
    """A buyer's process that ends with an error is a failure of the lock, with file and line."""
    with pytest.raises(BadInputError, match=r"ZeroDivisionError.*test_real_processes\.py line"):
        race(Failing, entries=5)


@pytest.mark.slow
def test_peterson_makes_a_million_entries() -> None:
    """Two real processes enter a million times without meeting: here, today; the proof is for another memory."""
    found = race(Peterson, entries=500_000, seconds=110)

    assert (found.entries, found.overlaps) == (1_000_000, 0)


@pytest.mark.slow
def test_the_naive_flag_is_caught() -> None:
    """Two real processes meet within a second."""
    found = race(Naive, entries=10_000_000, until_overlap=True)

    assert found.overlaps
    assert found.seconds < 1
