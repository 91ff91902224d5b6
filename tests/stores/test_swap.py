"""Compare and swap by exclusive links: one of all succeeds, whoever is killed, and a plain store is left."""

import multiprocessing
import random
from dataclasses import dataclass
from pathlib import Path

import pytest
from children import Family

from booking.errors import BadInputError, DiskError
from booking.storage import files, versions
from booking.stores.file import InPlaceStore, JsonStore

FORK = multiprocessing.get_context("fork")


def beside(db: Path) -> list[str]:
    """Return the names of all that lies in the store's folder."""
    return sorted(entry.name for entry in db.parent.iterdir())


def test_a_swap_takes_what_it_expects_and_nothing_else(db: Path) -> None:
    """The wrong expectation changes nothing, and a reader follows the links at once."""
    store, reader = JsonStore(db), JsonStore(db)
    assert (store.swap(2, 1), reader.read()) == (False, 1)
    assert (store.swap(1, 5), reader.read()) == (True, 5)
    assert (reader.swap(1, 0), reader.swap(5, 4), store.read()) == (False, True, 4)
    assert beside(db) == ["db.json", "db.json.1.booking-link", "db.json.2.booking-link"]
    assert db.read_bytes() == b'{"count": 1}\n'


def test_tidying_leaves_a_plain_store(db: Path) -> None:
    """The latest count is in the file, with its other keys and permissions, and no link is left."""
    db.write_text('{"train": "G1", "count": 3}')
    db.chmod(0o640)
    store = JsonStore(db)
    assert store.swap(3, 2)
    assert store.swap(2, 1)
    store.tidy()
    assert (beside(db), store.read(), db.stat().st_mode & 0o777) == (["db.json"], 1, 0o640)
    assert db.read_text() == '{"train": "G1", "count": 1}\n'


def test_a_put_begins_anew(db: Path) -> None:
    """Another process that has seen version 2 finds the new count, and swaps from there."""
    store, other = JsonStore(db), JsonStore(db)
    for expected in (1, 2):
        store.swap(expected, expected + 1)
    assert other.read() == 3
    store.put(7)
    assert (beside(db), other.read()) == (["db.json"], 7)
    assert (other.swap(7, 6), store.read()) == (True, 6)


def test_a_reader_is_not_disturbed_by_the_tidying(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The parent merges the versions between a reader's search and its read: the count is found in the file."""
    JsonStore(db).swap(1, 5)
    real, calls = files.read_small, []

    def read_late(path: Path) -> bytes:
        if not calls:
            calls.append(path)
            versions.merge(db)
        return real(path)

    monkeypatch.setattr(files, "read_small", read_late)
    assert JsonStore(db).read() == 5
    assert calls == [Path(versions.version_path(db, 1))]


@pytest.mark.parametrize("last", [0, 1, 2, 3, 7, 8, 9, 100])
@pytest.mark.parametrize("known", [0, 1, 3, 100, 1000])
def test_the_latest_version_is_found_from_anywhere(db: Path, last: int, known: int) -> None:
    """From a version that is known, or one that is gone, the search ends at the last link."""
    for version in range(1, last + 1):
        Path(versions.version_path(db, version)).touch()
    assert versions.latest(db, known) == last


@pytest.mark.parametrize("stray", ["01", "0", "x", "", "-1", "1.5", "٣"])
def test_a_file_that_only_looks_like_a_link_is_let_be(db: Path, stray: str) -> None:
    """A version is a number as we write it: anything else is somebody's file, and no store stops over it."""
    foreign = db.with_name(f"{db.name}.{stray}.booking-link")
    foreign.touch()
    JsonStore(db).put(7)
    assert versions.merge(db) == 0
    assert (JsonStore(db).read(), foreign.exists()) == (7, True)


@pytest.mark.parametrize("kind", [JsonStore, InPlaceStore])
@pytest.mark.parametrize("removed", [0, 1, 2, 3])
def test_an_interrupted_tidying_is_completed(db: Path, kind: type[JsonStore | InPlaceStore], removed: int) -> None:
    """A parent that is killed while it merges leaves the latest count; the next sale cleans up the rest."""
    store = JsonStore(db)
    for expected in (1, 2, 3):
        store.swap(expected, expected + 1)
    if removed:  # the file is replaced first, then the links go from the lowest
        files.replace(db, b'{"count": 4}\n')
        for version in range(1, removed + 1):
            Path(versions.version_path(db, version)).unlink()
    assert JsonStore(db).read() == 4
    assert kind(db).prepare(FORK) == 4
    assert (beside(db), kind(db).read()) == (["db.json"], 4)


def test_links_beside_a_store_that_was_deleted_are_forgotten(db: Path) -> None:
    """Whoever deletes the store wants a new one, not what a killed sale left."""
    JsonStore(db).swap(1, 9)
    db.unlink()
    store = JsonStore(db)
    assert store.prepare(FORK) is None
    store.put(2)
    assert (beside(db), store.read()) == (["db.json"], 2)


@dataclass
class Seller:
    """A process that sells by swaps."""

    path: Path

    def sell(self, number: int) -> int:
        """Take so many tickets, one after the other, and return how often another process was faster."""
        store, failures = JsonStore(self.path), 0
        for _ in range(number):
            while not store.swap(count := store.read(), count - 1):
                failures += 1
        return failures


def test_no_sale_is_lost(db: Path, family: Family, record_property: object) -> None:
    """4 processes take 50 tickets each by swaps: 1,000 - 4 * 50 = 800 are left, without any lock."""
    JsonStore(db).put(1000)
    sellers = [family.child(FORK, Seller(db)) for _ in range(4)]
    for seller in sellers:
        seller.tell("sell", 50)
    failures = [seller.answer() for seller in sellers]
    record_property("failed swaps", failures)  # type: ignore[operator]
    assert all(isinstance(number, int) for number in failures)
    assert JsonStore(db).read() == 800
    JsonStore(db).tidy()
    assert (beside(db), JsonStore(db).read()) == (["db.json"], 800)


@dataclass
class Racer:
    """A process that takes one ticket after the other and notes each in a file before and after."""

    path: Path
    notes: Path

    def race(self) -> None:
        """Swap for ever; a note is one byte, which no kill can cut in two."""
        store = JsonStore(self.path)
        with self.notes.open("ab", buffering=0) as notes:
            while True:
                notes.write(b"?")
                if store.swap(count := store.read(), count - 1):
                    notes.write(b"+")


@pytest.mark.often(times=15)
def test_who_is_killed_at_any_moment_leaves_the_store_correct(
    times: int, db: Path, family: Family, tmp_path: Path
) -> None:
    """Two racers are killed: what is gone from the store is what they took, give or take the last attempt."""
    dice = random.Random(1)
    notes = [tmp_path / "notes" / str(number) for number in range(2)]
    notes[0].parent.mkdir()
    for _ in range(times):
        JsonStore(db).put(10**6)
        for note in notes:
            note.write_bytes(b"")
        racers = [family.child(FORK, Racer(db, note)) for note in notes]
        for racer in racers:
            racer.tell("race")
        while not all(note.stat().st_size for note in notes):
            pass
        racers[0].answer(within=dice.uniform(0, 0.01))  # it never answers: this is a moment to be killed in
        for racer in racers:
            racer.kill()
        taken = sum(note.read_bytes().count(b"+") for note in notes)
        unsure = sum(note.read_bytes().endswith(b"?") for note in notes)
        gone = 10**6 - JsonStore(db).read()
        assert taken <= gone <= taken + unsure
        JsonStore(db).tidy({racer.process.pid or 0 for racer in racers})
        assert beside(db) == ["db.json", "notes"]
        assert 10**6 - JsonStore(db).read() == gone


def test_a_disk_that_refuses_a_link_is_reported(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some file systems have no links: the count stays, and no temporary file is left."""

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", refuse)
    with pytest.raises(DiskError, match="Operation not permitted"):
        JsonStore(db).swap(1, 0)
    assert (beside(db), JsonStore(db).read()) == (["db.json"], 1)


def test_a_durable_swap_is_one(db: Path) -> None:
    """Waiting for the disk changes nothing in what is written."""
    store = JsonStore(db, durable=True)
    assert (store.swap(1, 0), store.read()) == (True, 0)


def test_a_store_that_cannot_swap_says_so(db: Path) -> None:
    """One line names the store that can."""
    with pytest.raises(BadInputError, match="cannot swap 1 for 0 in one step; use --store json"):
        InPlaceStore(db).swap(1, 0)
