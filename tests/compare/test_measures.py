"""The six measures on real processes, for a lock that fails, one of the tree and one of the machine."""

import tempfile
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path

import pytest
from broken_locks import BrokenInChild, BrokenOnArrival

from booking import textbook
from booking.compare import Comparison, compare_locks, planned
from booking.compare.contention import contend
from booking.compare.measures import (
    Cost,
    InPlace,
    KilledHolder,
    Measure,
    Missing,
    Proof,
    Question,
    RealSales,
    TwoOffices,
)
from booking.errors import BadInputError, InconclusiveError
from booking.registry import LOCKS
from booking.reports.comparison import notes
from booking.scenario import Scenario
from booking.stores.file import JsonStore

RACING = {"none", "cas-naive", "inherited"}
THREE = ("none", "mp", "file")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Yield the folder in which temporary folders are made meanwhile."""
    before, tempfile.tempdir = tempfile.tempdir, str(tmp_path_factory.mktemp("temporary"))
    yield Path(tempfile.tempdir)
    tempfile.tempdir = before


@pytest.fixture(scope="module")
def compared(folder: Path) -> tuple[Comparison, list[int], list[str]]:
    """Return a small comparison, what its progress was, and what it left in the folder for temporary files."""
    told: list[int] = []
    found = compare_locks(Scenario(4), locks=THREE, runs=3, round_s=0.02, on_progress=lambda done, _: told.append(done))
    return found, told, [path.name for path in folder.iterdir()]


def found_in(compared: tuple[Comparison, object, object], measure: type[Measure]) -> list[object]:
    """Return what a measure found for each of the three locks."""
    return [compared[0].found[lock, measure] for lock in THREE]


def test_a_comparison_is_whole_and_leaves_nothing(
    compared: tuple[Comparison, list[int], list[str]],
) -> None:
    """3 locks x 5 measures, and 5 rounds of the cost of 4, are 35; 19 are found; no file stays."""
    found, told, left = compared
    assert (len(found.found), found.interrupted, found.locks) == (19, False, THREE)
    assert told == list(range(len(planned(THREE)))) == list(range(35))
    assert left == []


def test_real_sales_agree_with_the_proof(compared: tuple[Comparison, object, object]) -> None:
    """What is proved sound is sound in every real sale."""
    proofs, sales = found_in(compared, Proof), found_in(compared, RealSales)
    assert [isinstance(proof, Proof) and proof.verdict for proof in proofs] == ["oversold", "sound", "sound"]
    assert isinstance(sales[0], RealSales)
    assert sales[1:] == [RealSales({"sound": 3})] * 2


def test_only_a_lock_of_the_machine_holds_between_two_offices(compared: tuple[Comparison, object, object]) -> None:
    """`file` is the same lock in each tree; that `mp` is another one is proved in tests/faults/test_offices.py."""
    none, mp, file = found_in(compared, TwoOffices)
    assert isinstance(none, TwoOffices)
    assert isinstance(mp, TwoOffices)
    assert file == TwoOffices({"sound": 3})


def test_a_killed_holder_frees_a_lock_of_the_kernel_only(compared: tuple[Comparison, object, object]) -> None:
    """No buyer waits without a lock; `mp` is stuck; `file` is free again within a second."""
    none, mp, file = found_in(compared, KilledHolder)
    assert isinstance(none, Missing)
    assert mp == KilledHolder(None, 2.0)
    assert isinstance(file, KilledHolder)
    assert file.after_s is not None
    assert 0 <= file.after_s < 1


def test_no_lock_makes_writing_in_place_safe(compared: tuple[Comparison, object, object]) -> None:
    """Every buyer looks before taking the lock, so half a file can be read under any of them."""
    for finding in found_in(compared, InPlace):
        assert isinstance(finding, InPlace)
        assert finding.exhausted
        assert finding.torn_interleavings > 0
        assert 0 <= finding.torn_reads <= finding.attempts


def test_costs_are_of_all_buyers_and_compared(compared: tuple[Comparison, object, object]) -> None:
    """Four buyers buy for at least 0.02 s; no wait is longer than that took; none costs what none costs."""
    found, *_ = compared
    for cost in found_in(compared, Cost):
        assert isinstance(cost, Cost)
        assert len(cost.served) == 4
        assert cost.seconds >= 0.02
        assert 0 < cost.longest_s <= cost.seconds
        assert cost.each_s == cost.seconds / sum(cost.served)
        assert cost.against["flock"] > 0
    assert found.found["none", Cost].cells()[1] == "1.0 x"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("lock", "counts"),
    [
        # 2 buyers of look, read, write: 6!/(3! 3!) = 20 orders; in 12 of them both read 1 before either wrote.
        pytest.param("none", (20, 12), id="none"),
        # The first takes 5 steps, the other its look at any of 6 places and its 3 others behind: 2 * 6 = 12.
        pytest.param("mp", (12, 0), id="mp"),
        pytest.param("file", (12, 0), id="file"),
    ],
)
def test_proofs_are_those_of_the_explorer(lock: str, counts: tuple[int, int]) -> None:
    """Two buyers can be counted by hand."""
    found = Proof.measure(Question(Scenario(2, lock=lock), 1, 0.1, lambda: False))
    assert isinstance(found, Proof)
    assert (found.interleavings, found.oversold_interleavings, found.exhausted) == (*counts, True)


@pytest.mark.usefixtures("folder")
def test_all_that_fit_in_are_killed() -> None:
    """A semaphore is stuck only when every one of its permits was held by a killed buyer."""
    question = Question(Scenario(lock="semaphore", permits=2), 1, 0.1, lambda: False)
    assert KilledHolder.measure(question) == KilledHolder(None, 2.0)


@pytest.mark.parametrize("lock", LOCKS)
def test_nothing_is_lost_while_it_is_measured(lock: str, tmp_path: Path) -> None:
    """If the proof is sound, as many tickets are gone as were bought, however hard the buyers contend."""
    scenario = Scenario(3, 900_000, lock)
    seen = contend(scenario, tmp_path, 0.05, lambda: False)
    assert seen.seconds >= 0.05
    gone = 900_000 - JsonStore(tmp_path / "db.json").read()
    bought = sum(seen.served)
    assert bought > 0
    assert gone <= bought if lock in RACING else gone == bought


def test_a_stopped_measurement_leaves_no_process(tmp_path: Path) -> None:
    """Once `stop` returns true the buyers are ended, and there is no finding."""
    with pytest.raises(InconclusiveError, match="interrupted"):
        contend(Scenario(2, 900_000), tmp_path, 60.0, lambda: True)


@pytest.mark.parametrize("measure", [RealSales, TwoOffices])
def test_no_further_sale_is_held_after_an_interruption(measure: type[RealSales]) -> None:
    """An interruption between two sales ends the measurement, even if there are thousands to go."""
    asked: list[None] = []
    question = Question(Scenario(2), 10_000, 0.1, lambda: bool(asked.append(None)) or len(asked) > 2)
    found = measure.measure(question)
    assert isinstance(found, RealSales)
    assert found.to_json()["runs"] == 2


def test_a_lock_that_fails_is_named_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """If `acquire` raises, the lock, the error and its line stand once, below the tables."""
    monkeypatch.setitem(LOCKS, "broken", BrokenInChild)
    found = compare_locks(Scenario(2), locks=["broken"], runs=1, round_s=0.05)
    (note,) = notes(found)
    measures = "observed, two offices, killed holder, in place, cost"
    assert note.startswith(f"- broken ({measures}): a buyer fails: ZeroDivisionError: division by zero (broken_")


def test_a_lock_that_fails_before_the_gate_is_named_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A spawned buyer that cannot unpack its lock says so, in place of the message that it is ready."""
    monkeypatch.setitem(LOCKS, "broken", BrokenOnArrival)
    monkeypatch.setattr("booking.simulation.sale.context_named", lambda _: get_context("spawn"))
    with pytest.raises(InconclusiveError, match=r"^a buyer fails: ZeroDivisionError: .* \(broken_locks.py line \d+\)$"):
        contend(Scenario(1, 900_000, "broken"), tmp_path, 0.05, lambda: False)


def test_an_interrupted_comparison_keeps_what_was_whole() -> None:
    """What was under way when it was stopped is not in it."""
    told: list[int] = []
    found = compare_locks(
        Scenario(2),
        locks=("none", "mp"),
        runs=1,
        stop=lambda: len(told) > 3,  # so the first three are whole: both proofs, and the sales of one lock
        on_progress=lambda done, _next: told.append(done),
    )
    assert found.interrupted
    assert found.found[("none", Proof)] == Proof(20, 12, exhausted=True, verdict="oversold")
    assert [measure for _, measure in found.found] == [Proof, Proof, RealSales]


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
        compare_locks(**arguments)  # type: ignore[arg-type]


def test_a_lock_of_ones_own_has_infinitely_many_orders(tmp_path: Path) -> None:
    """A buyer that waits busily makes the orders infinitely many: that is no 0, and no proof that none goes wrong.

    Whom such a lock stops is not declared, so it is not said that a killed holder stops nobody.
    """
    file = tmp_path / "naive.py"
    file.write_text((Path(textbook.__file__).parent / "wrong.py").read_text(encoding="utf-8"), encoding="utf-8")
    question = Question(Scenario(2, lock=f"{file}:NaiveFlag"), 1, 0.02, lambda: False)
    proof = Proof.measure(question)
    assert proof == Proof(None, None, exhausted=True, verdict="oversold")
    assert proof.cells() == ("infinitely many", "some")
    assert (proof.to_json()["interleavings"], proof.to_json()["oversold_interleavings"]) == (None, None)
    killed = KilledHolder.measure(question)
    assert isinstance(killed, Missing)
    assert "does not say" in killed.reason
    assert InPlace(None, exhausted=True, attempts=9, torn_reads=0).cells() == ("torn reads, 0 seen",)
