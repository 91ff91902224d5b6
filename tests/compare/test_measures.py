"""The six measures on real processes, for a lock that fails, one of the tree and one of the machine."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from booking.compare import compare
from booking.compare.contention import contended
from booking.compare.measures import Question, killed_holder, proved
from booking.compare.result import Comparison, Cost, Inheritance, InPlace, Measure, Missing, Proof, Sales
from booking.errors import BadInputError, InconclusiveError
from booking.registry import LOCKS
from booking.scenario import Scenario
from booking.stores.file import JsonStore

RACING = {"none", "cas-naive"}
THREE = ("none", "mp", "file")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Yield the folder in which temporary folders are made meanwhile."""
    before, tempfile.tempdir = tempfile.tempdir, str(tmp_path_factory.mktemp("temporary"))
    yield Path(tempfile.tempdir)
    tempfile.tempdir = before


@pytest.fixture(scope="module")
def compared(folder: Path) -> tuple[Comparison, list[tuple[int, int]], list[str]]:
    """Return a small comparison, what its progress was, and what it left in the folder for temporary files."""
    told: list[tuple[int, int]] = []
    found = compare(
        Scenario(), locks=THREE, runs=3, round_s=0.1, on_progress=lambda done, of, _: told.append((done, of))
    )
    return found, told, [path.name for path in folder.iterdir()]


def found_in(compared: tuple[Comparison, object, object], measure: Measure) -> list[object]:
    """Return what a measure found for each of the three locks."""
    return [compared[0].found[lock, measure] for lock in THREE]


def test_a_comparison_is_whole_and_leaves_nothing(
    compared: tuple[Comparison, list[tuple[int, int]], list[str]],
) -> None:
    """3 locks x 5 measures, and 5 rounds of the cost of 4, are 35; 19 are found; no file stays."""
    found, told, left = compared
    assert (len(found.found), found.interrupted, found.locks) == (19, False, THREE)
    assert told == [(done, 35) for done in range(36)]
    assert left == []


def test_real_sales_agree_with_the_proof(compared: tuple[Comparison, object, object]) -> None:
    """What is proved sound is sound in every real sale."""
    proofs, sales = found_in(compared, Measure.PROVED), found_in(compared, Measure.OBSERVED)
    assert [isinstance(proof, Proof) and proof.verdict for proof in proofs] == ["oversold", "sound", "sound"]
    assert isinstance(sales[0], Sales)
    assert sales[1:] == [Sales({"sound": 3})] * 2


def test_only_a_lock_of_the_machine_holds_between_two_offices(compared: tuple[Comparison, object, object]) -> None:
    """`file` is the same lock in each tree; that `mp` is another one is proved in tests/faults/test_offices.py."""
    none, mp, file = found_in(compared, Measure.TWO_OFFICES)
    assert isinstance(none, Sales)
    assert isinstance(mp, Sales)
    assert file == Sales({"sound": 3})


def test_a_killed_holder_frees_a_lock_of_the_kernel_only(compared: tuple[Comparison, object, object]) -> None:
    """Nobody waits without a lock; `mp` is stuck; `file` is free again within a second."""
    none, mp, file = found_in(compared, Measure.KILLED_HOLDER)
    assert isinstance(none, Missing)
    assert mp == Inheritance(None, 2.0)
    assert isinstance(file, Inheritance)
    assert file.freed_after_s is not None
    assert 0 <= file.freed_after_s < 1


def test_no_lock_makes_writing_in_place_safe(compared: tuple[Comparison, object, object]) -> None:
    """Everybody looks before taking the lock, so half a file can be read under any of them."""
    for finding in found_in(compared, Measure.IN_PLACE):
        assert isinstance(finding, InPlace)
        assert finding.exhausted
        assert finding.torn_interleavings > 0
        assert 0 <= finding.torn_reads <= finding.attempts


def test_costs_are_of_all_buyers_and_compared(compared: tuple[Comparison, object, object]) -> None:
    """Ten buyers buy for at least 0.1 s; no wait is longer than that took; none costs what none costs."""
    found, *_ = compared
    for cost in found_in(compared, Measure.COST):
        assert isinstance(cost, Cost)
        assert len(cost.served) == 10
        assert cost.seconds >= 0.1
        assert 0 < cost.longest_s <= cost.seconds
        assert cost.each_s == cost.seconds / sum(cost.served)
    assert found.against("none", "none") == 1.0
    assert (found.against("file", "flock") or 0) > 0


@pytest.mark.parametrize(
    ("lock", "counts"),
    [
        # 2 buyers of look, read, write: 6!/(3! 3!) = 20 orders; in 12 of them both read 1 before either wrote.
        pytest.param("none", (20, 12), id="none"),
        # Whoever is first takes 5 steps, the other its look at any of 6 places and its 3 others behind: 2 * 6 = 12.
        pytest.param("mp", (12, 0), id="mp"),
        pytest.param("file", (12, 0), id="file"),
    ],
)
def test_proofs_are_those_of_the_explorer(lock: str, counts: tuple[int, int]) -> None:
    """Two buyers can be counted by hand."""
    found = proved(Question(Scenario(2, lock=lock), 1, 0.1, lambda: False))
    assert isinstance(found, Proof)
    assert (found.interleavings, found.oversold, found.exhausted) == (*counts, True)


@pytest.mark.usefixtures("folder")
def test_all_that_fit_in_are_killed() -> None:
    """A semaphore is stuck only when every one of its permits went with a dead buyer."""
    question = Question(Scenario(lock="semaphore", permits=2), 1, 0.1, lambda: False)
    assert killed_holder(question) == Inheritance(None, 2.0)


@pytest.mark.parametrize("lock", LOCKS)
def test_nothing_is_lost_while_it_is_measured(lock: str, tmp_path: Path) -> None:
    """Where the proof is sound, as many tickets are gone as were bought, however hard the buyers contend."""
    scenario = Scenario(3, 900_000, lock)
    tallies = contended(scenario, tmp_path, 0.05, lambda: False)
    assert all(tally.ended_ns - tally.began_ns >= 50_000_000 for tally in tallies)
    gone = 900_000 - JsonStore(tmp_path / "db.json").read()
    bought = sum(tally.bought for tally in tallies)
    assert bought > 0
    assert gone <= bought if lock in RACING else gone == bought


def test_a_measurement_that_shall_stop_leaves_nobody(tmp_path: Path) -> None:
    """Once `stop` says so the buyers are ended, and that is no finding."""
    with pytest.raises(InconclusiveError, match="interrupted"):
        contended(Scenario(2, 900_000), tmp_path, 60.0, lambda: True)


def test_an_interrupted_comparison_keeps_what_was_whole() -> None:
    """What was under way when it was stopped is not in it."""
    told: list[int] = []
    found = compare(
        Scenario(2),
        locks=("none", "mp"),
        runs=1,
        stop=lambda: len(told) > 3,  # so the first three are whole: both proofs, and the sales of one lock
        on_progress=lambda done, _of, _what: told.append(done),
    )
    assert found.interrupted
    assert found.found[("none", Measure.PROVED)] == Proof(20, 12, exhausted=True, verdict="oversold")
    assert [measure for _, measure in found.found] == [Measure.PROVED, Measure.PROVED, Measure.OBSERVED]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"locks": ["none", "none"]}, "named twice"),
        ({"locks": ["padlock"]}, "there is no lock"),
        ({"locks": [""]}, "there is no lock"),
        ({"runs": 0}, "runs is 0"),
        ({"scenario": Scenario(store="drawer")}, "there is no store"),
        ({"scenario": Scenario(1_001)}, "buyers"),
    ],
    ids=["twice", "unknown", "empty", "no-runs", "store", "too-many"],
)
def test_bad_input_is_refused_before_anything_happens(change: dict[str, object], message: str) -> None:
    """One line says what is wrong."""
    arguments: dict[str, object] = {"scenario": Scenario(), **change}
    with pytest.raises(BadInputError, match=message):
        compare(**arguments)  # type: ignore[arg-type]
