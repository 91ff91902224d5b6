"""Names of locks and stores: ours, those of other packages, and everything else."""

from collections.abc import Callable
from pathlib import Path

import pytest

from booking.errors import BadInputError
from booking.explorer import explore
from booking.locks import LockFacts, Reach
from booking.registry import LOCKS, lock_named, protection_of, store_named
from booking.scenario import Scenario
from booking.simulation.sale import simulate

PLUGIN = """
from booking.locks import NoLock
from booking.protection import Protection
from booking.purchase import Outcome
from booking.stores.file import JsonStore

class Turnstile(NoLock):
    "Let everybody in, one after the other."

class Generous(Protection):
    "Give the last ticket to everybody."

    @staticmethod
    def purchase(desk):
        desk.look()
        return Outcome.BOUGHT

class Ledger(JsonStore):
    "Write every sale down."
"""


@pytest.fixture
def other_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install another package with a good lock, a good store, and three things that are none."""
    (tmp_path / "turnstiles.py").write_text(PLUGIN)
    (tmp_path / "falls_over.py").write_text("raise ValueError('two\\nlines')\n")
    information = tmp_path / "turnstiles-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: turnstiles\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(
        "[booking.locks]\nturnstile = turnstiles:Turnstile\ngenerous = turnstiles:Generous\n"
        "store = turnstiles:Ledger\nnumber = os:O_RDONLY\n"
        "absent = nowhere:Lock\nbroken = falls_over:Lock\nfile = turnstiles:Turnstile\n"
        "[booking.stores]\nledger = turnstiles:Ledger\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


@pytest.mark.parametrize("named", [lock_named, store_named], ids=["lock", "store"])
@pytest.mark.parametrize(
    "name", ["", "FILE", "json ", "\x1b[2J\n", "x" * 9999], ids=["empty", "case", "space", "escapes", "long"]
)
def test_an_unknown_name_is_refused(named: Callable[[str], type], name: str) -> None:
    """One printable line lists the names that there are."""
    with pytest.raises(BadInputError, match=r"use one of (none, mp, file, semaphore|json, inplace)") as refusal:
        named(name)
    assert str(refusal.value).isprintable()
    assert len(str(refusal.value)) < 200


@pytest.mark.usefixtures("other_package")
def test_another_package_can_bring_a_lock_and_a_store() -> None:
    """An entry point is all it takes, and its facts are used like ours."""
    assert lock_named("turnstile").summary() == "Let everybody in, one after the other."
    assert store_named("ledger").summary() == "Write every sale down."
    assert protection_of(Scenario(lock="turnstile")).facts.permits is None


@pytest.mark.usefixtures("other_package")
def test_another_package_can_bring_another_way_to_buy(tmp_path: Path) -> None:
    """A protection without a lock is an entry point, too: real buyers and the explorer run its purchase."""
    scenario = Scenario(2, lock="generous", pay=(0, 0))
    history = simulate(scenario, db=tmp_path / "db.json", start_method="fork")
    assert [(event.buyer, event.step) for event in history.events if event.phase == "call"] in (
        [(1, "look"), (2, "look")],
        [(2, "look"), (1, "look")],
    )
    assert explore(scenario).max_sold == 2


@pytest.mark.usefixtures("other_package")
def test_ours_come_first() -> None:
    """No other package can take the place of a lock of ours."""
    assert lock_named("file") is LOCKS["file"]


@pytest.mark.usefixtures("other_package")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("store", "is no class derived from Lock"),
        ("number", "is no class derived from Lock"),
        ("absent", "does not load: ModuleNotFoundError"),
        ("broken", r"does not load: ValueError\('two"),
        (
            "turnstiles",
            "use one of none, .*cas-naive, partition, absent, broken, file, generous, number, store, turnstile",
        ),
    ],
)
def test_another_package_that_is_broken_costs_one_line(name: str, message: str) -> None:
    """What it raises, or what it is instead of a lock, is named."""
    with pytest.raises(BadInputError, match=message) as refusal:
        lock_named(name)
    assert str(refusal.value).isprintable()


def test_facts_are_those_of_the_scenario() -> None:
    """Only the semaphore has a dial: with 3 permits it lets 3 in; the other locks do not read it."""
    assert protection_of(Scenario(lock="semaphore", permits=3)).facts == LockFacts(
        3, freed_when_holder_dies=False, reach=Reach.PROCESS_TREE
    )
    assert protection_of(Scenario(lock="file")).facts == LockFacts(
        1, freed_when_holder_dies=True, reach=Reach.MACHINE, reentrant=True
    )
    assert protection_of(Scenario(lock="none")).facts == LockFacts(
        None, freed_when_holder_dies=True, reach=Reach.NOWHERE
    )
