"""Tickets that are split beforehand, with real processes: a file for each buyer, and nothing lost or sold twice."""

import json
from pathlib import Path

import pytest
from interleavings import complete_schedules
from start_methods import METHODS

from booking.errors import BadInputError
from booking.history.verdict import judge
from booking.lock_free.partition import PartitionedStore
from booking.registry import store_named
from booking.replayer.stage import Stage
from booking.reports.timeline import render
from booking.scenario import Scenario
from booking.setup import Fault, Setup
from booking.simulation.sale import simulate


def left_in(folder: Path) -> dict[str, int]:
    """Return every file in the folder with its count."""
    return {path.name: json.loads(path.read_bytes())["count"] for path in folder.iterdir()}


@pytest.mark.parametrize("method", METHODS)
def test_a_sale_of_shares_needs_no_lock(db: Path, method: str) -> None:
    """Seven tickets among five buyers are 2 2 1 1 1: all buy at once, two are left, and the shares are gone."""
    history = simulate(Scenario(5, 7, "partition", pay=(0, 0)), db=db, start_method=method)
    assert (judge(history).name, judge(history).sold, history.stock_left) == ("sound", 5, 2)
    assert {event.step for event in history.events} == {"look", "read", "pay", "write"}
    assert left_in(db.parent) == {"db.json": 2}


def test_what_is_left_is_dealt_out(db: Path) -> None:
    """A sale of what the store holds splits that: three tickets among two buyers, and one is left."""
    db.write_bytes(b'{"count": 3}')
    history = simulate(Scenario(2, 1, "partition", pay=(0, 0)), db=db, restock=False)
    assert (judge(history).name, judge(history).sold, history.stock_left) == ("sound", 2, 1)
    assert left_in(db.parent) == {"db.json": 1}


def test_empty_shares_are_called_by_their_name(db: Path) -> None:
    """Two tickets among four: nobody is told that the train is sold out, because nobody knows."""
    history = simulate(Scenario(4, 2, "partition", pay=(0, 0)), db=db)
    told = render(history, judge(history))
    assert told.count("finds its share empty: it read 0") == 2
    assert "2 buyers found an empty share." in told
    assert "sold out." not in told
    (note,) = history.notes
    assert note.startswith("The 2 tickets had been split among the 4 buyers. 0 tickets are left in the shares. ")
    assert note.endswith("Buyers 3 and 4 found their share empty.")


def test_a_killed_buyer_loses_nothing(db: Path) -> None:
    """Its ticket is for sale again afterwards, though others went without meanwhile."""
    setup = Setup(faults=(Fault.parsed("1@pay"),))
    history = simulate(Scenario(3, 2, "partition"), setup=setup, db=db)
    assert (judge(history).sold, history.stock_left, left_in(db.parent)) == (1, 1, {"db.json": 1})
    assert history.notes[0].endswith("Buyer 3 found its share empty. So tickets are left while buyers go without.")


def test_offices_have_nothing_to_keep_apart(db: Path) -> None:
    """Two process trees sell four shares of one, and no lock of either is missed."""
    history = simulate(Scenario(4, 4, "partition", pay=(0, 0)), setup=Setup(trees=2), db=db)
    assert (judge(history).name, judge(history).sold, left_in(db.parent)) == ("sound", 4, {"db.json": 0})


@pytest.mark.parametrize(("tickets", "schedules"), [(1, 10), (2, 20), (3, 20)])
def test_every_schedule_of_two_buyers_happens_as_predicted(db: Path, tickets: int, schedules: int) -> None:
    """C(5,2) with one ticket, C(6,3) with more: all sound, on real files, and one file in the end."""
    scenario = Scenario(2, tickets, "partition")
    with Stage(scenario, db=db) as stage:
        names = [stage.play(schedule).verdict.name for schedule in complete_schedules(scenario)]
    assert names == ["sound"] * schedules
    assert left_in(db.parent) == {"db.json": max(0, tickets - 2)}


def test_a_death_in_a_replay_leaves_the_share_for_sale(db: Path) -> None:
    """Buyer 1 dies before it writes: its ticket is still in its share, and the next schedule deals anew."""
    with Stage(Scenario(2, 2, "partition"), db=db) as stage:
        dead, whole = stage.play((1, 1, -1, 2, 2, 2)), stage.play((1, 1, 1, 2, 2, 2))
    assert (dead.history.stock_left, whole.history.stock_left) == (1, 0)


def test_what_a_killed_parent_left_is_swept_away(db: Path) -> None:
    """Shares of an earlier sale are not added to this one; other keys of the store are kept."""
    db.write_text('{"count": 9, "train": "G1"}')
    for name in ("db.json.share-2", "db.json.share-30", "db.json.share-30.4711.booking-tmp"):
        db.with_name(name).write_text('{"count": 5}')
    history = simulate(Scenario(2, 9, "partition", pay=(0, 0)), db=db)
    assert history.stock_left == 7
    assert json.loads(db.read_bytes()) == {"count": 7, "train": "G1"}
    assert [path.name for path in db.parent.iterdir()] == ["db.json"]


def test_dealing_and_adding_up(db: Path) -> None:
    """The parent's store reads the sum of the shares, a buyer's only its own; tidying up makes one of many."""
    store = PartitionedStore(store_named("json")(db), 3)
    store.put(5)
    assert [store.share(buyer).read() for buyer in (1, 2, 3)] == [2, 2, 1]
    store.share(2).put(0)
    assert store.read() == 3
    store.tidy()
    assert (store.read(), left_in(db.parent)) == (3, {"db.json": 3})


@pytest.mark.parametrize("setup", [Setup(channel="queue"), Setup(pool=2)], ids=["clerks", "pool"])
def test_nobody_sells_another_ones_share(tmp_path: Path, setup: Setup) -> None:
    """A clerk and a pool sell from one count; the line says what to leave out, and nothing is touched."""
    with pytest.raises(BadInputError, match="cannot be combined with --pool or --channel"):
        simulate(Scenario(2, lock="partition"), setup=setup, db=tmp_path / "db.json")
    assert list(tmp_path.iterdir()) == []
