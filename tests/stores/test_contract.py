"""What every store on a file promises, proved on all of them in the registry."""

import json
import multiprocessing
import os
import re
import stat
import threading
import warnings
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import pytest
from children import Family

from booking.errors import BookingError, DiskError, MalformedStoreError
from booking.registry import STORES
from booking.steps import Step
from booking.storage import files, paths
from booking.stores.file import FileStore, InPlaceStore, JsonStore

FORK = multiprocessing.get_context("fork")

FILES = [pytest.param(kind, id=name) for name, kind in STORES.items() if issubclass(kind, FileStore)]
every_store = pytest.mark.parametrize("kind", FILES)
plain_and_durable = pytest.mark.parametrize("durable", [False, True], ids=["plain", "durable"])


@every_store
@plain_and_durable
@pytest.mark.parametrize("count", [0, 1, 7, 10**9])
def test_a_read_returns_what_was_put(db: Path, kind: type[FileStore], count: int, *, durable: bool) -> None:
    """Another store object on the same path reads what this one wrote."""
    kind(db, durable=durable).put(count)
    assert kind(db).read() == count


@every_store
def test_a_put_makes_the_file(tmp_path: Path, kind: type[FileStore]) -> None:
    """A store that is absent is made with its first count, readable as the user's umask says."""
    before = os.umask(0o027)
    try:
        kind(tmp_path / "db.json").put(3)
    finally:
        os.umask(before)
    assert (tmp_path / "db.json").read_bytes() == b'{"count": 3}\n'
    assert stat.S_IMODE((tmp_path / "db.json").stat().st_mode) == 0o640


@every_store
def test_a_write_takes_the_declared_steps(db: Path, kind: type[FileStore]) -> None:
    """The explorer and the replay rely on the steps that the class declares."""
    store = kind(db)
    steps = []
    for step, action in store.write(5):
        action()
        steps.append(step)
    assert tuple(steps) == kind.write_steps
    assert store.read() == 5


@every_store
def test_a_write_does_nothing_until_its_action_is_called(db: Path, kind: type[FileStore]) -> None:
    """A replay asks for permission between being handed a step and doing it."""
    before = db.read_bytes()
    actions = [action for _, action in kind(db).write(5)]
    assert db.read_bytes() == before
    for action in actions:
        action()
    assert kind(db).read() == 5


def test_between_the_two_steps_of_inplace_a_reader_finds_half_a_store(db: Path) -> None:
    """The first step leaves an empty file, which a buyer's desk turns into a torn read."""
    found = []
    for step, action in InPlaceStore(db).write(5):
        action()
        try:
            found.append((step, JsonStore(db).read()))
        except MalformedStoreError:
            found.append((step, None))
    assert found == [(Step.TRUNCATE, None), (Step.WRITE, 5)]


@every_store
def test_a_shorter_content_leaves_no_rest_of_the_longer_one(db: Path, kind: type[FileStore]) -> None:
    """The file ends where its content ends."""
    kind(db).put(10**9)
    kind(db).put(1)
    assert db.read_bytes() == b'{"count": 1}\n'


@every_store
@pytest.mark.parametrize(
    "others",
    [
        pytest.param({"train": "G1", "class": None, "seats": [1, 2.5, True]}, id="plain"),
        pytest.param({"列车": "北京 → 上海"}, id="chinese"),
        pytest.param({"half of a pair": "\ud800"}, id="lone-surrogate"),
        pytest.param({"price": 1e300, "small": -0.0, "big": 2**70}, id="numbers"),
        pytest.param({"inner": {"count": "5"}}, id="inner-count"),
    ],
)
def test_other_keys_are_kept(db: Path, kind: type[FileStore], others: dict[str, object]) -> None:
    """Whatever else the file holds survives a purchase and a put, in its order."""
    db.write_text(json.dumps({"a": 1, "count": 5, **others}))
    store = kind(db)
    store.read()
    for _, action in store.write(4):
        action()
    kind(db).put(3)
    assert list(json.loads(db.read_bytes()).items()) == [("a", 1), ("count", 3), *others.items()]


@pytest.mark.parametrize("depth", [10, 500, 900, 970, 985, 1000, 1500, 5000])
def test_nesting_is_kept_or_refused(db: Path, depth: int) -> None:
    """Other keys that nest too deeply for the decoder or the encoder are refused, and the file stays whole."""
    before = b'{"count": 1, "x": ' + b"[" * depth + b"]" * depth + b"}"
    db.write_bytes(before)
    store = JsonStore(db)
    try:
        store.read()
        for _, action in store.write(0):
            action()
    except MalformedStoreError:
        assert db.read_bytes() == before
    else:
        assert db.read_bytes() == before.replace(b"1", b"0") + b"\n"


@every_store
@pytest.mark.parametrize("mode", [0o600, 0o664, 0o640, 0o646], ids=oct)
def test_permissions_are_kept(db: Path, kind: type[FileStore], mode: int) -> None:
    """A class that shares a file does not lose the right to write it, and a private file stays private."""
    db.chmod(mode)
    kind(db).put(0)
    assert stat.S_IMODE(db.stat().st_mode) == mode


@every_store
def test_the_owner_is_kept(db: Path, kind: type[FileStore]) -> None:
    """Root, who may write everything, does not take a file from its owner."""
    owner = (1234, 2345) if os.geteuid() == 0 else (os.geteuid(), os.getegid())
    os.chown(db, *owner)
    kind(db).put(0)
    assert (db.stat().st_uid, db.stat().st_gid) == owner


@every_store
def test_a_symbolic_link_stays_one(db: Path, tmp_path: Path, kind: type[FileStore]) -> None:
    """The caller resolves the path, so the target changes and the link goes on pointing at it."""
    link = tmp_path / "link.json"
    link.symlink_to(db.name)
    kind(link.resolve()).put(9)
    assert link.is_symlink()
    assert (kind(link).read(), kind(db).read()) == (9, 9)


@every_store
@pytest.mark.parametrize("mode", [0o444, 0o400], ids=oct)
def test_a_read_only_file_is_refused(db: Path, kind: type[FileStore], mode: int) -> None:
    """An owner who said "do not write" is obeyed, by root too and although a replacement would succeed."""
    db.chmod(mode)
    before = (db.read_bytes(), db.stat().st_mtime_ns, db.stat().st_ino)
    with pytest.raises(DiskError, match=r"cannot write .*: the file is read-only; check its permissions"):
        kind(db).put(0)
    assert (db.read_bytes(), db.stat().st_mtime_ns, db.stat().st_ino) == before


@every_store
def test_a_sale_that_is_closed_meanwhile_is_refused(db: Path, kind: type[FileStore]) -> None:
    """Who takes away the right to write while a buyer pays is obeyed: the write asks anew, after the read."""
    store = kind(db)
    before = store.read()
    db.chmod(0o444)
    first = next(action for _, action in store.write(before - 1))
    with pytest.raises(DiskError, match="the file is read-only"):
        first()
    assert (kind(db).read(), stat.S_IMODE(db.stat().st_mode)) == (before, 0o444)


def null_device(path: Path) -> None:
    path.symlink_to("/dev/null")


@every_store
@pytest.mark.timeout(10)
@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, null_device], ids=["fifo", "folder", "dev-null"])
def test_what_is_no_file_is_never_replaced(tmp_path: Path, kind: type[FileStore], make: object) -> None:
    """Not even root turns a device, a pipe or a folder into a store."""
    path = tmp_path / "db.json"
    make(path)  # type: ignore[operator]
    before = path.stat()
    with pytest.raises(DiskError, match="it is not a regular file"):
        kind(path.resolve()).put(0)
    assert (path.stat().st_ino, path.stat().st_mode) == (before.st_ino, before.st_mode)


@every_store
def test_a_missing_folder_is_reported(tmp_path: Path, kind: type[FileStore]) -> None:
    """A store makes files, not folders."""
    with pytest.raises(DiskError, match="check the name"):
        kind(tmp_path / "nowhere" / "db.json").put(0)


@pytest.mark.parametrize("mode", [0o777, 0o757, 0o703, 0o1777, 0o775], ids=oct)
def test_a_folder_where_others_may_write_is_used(db: Path, mode: int) -> None:
    """Two students and one file is a lesson: the store works, and changes no permissions."""
    db.parent.chmod(mode)
    JsonStore(db).put(5)
    assert (JsonStore(db).read(), stat.S_IMODE(db.parent.stat().st_mode)) == (5, mode)


@pytest.mark.parametrize(
    ("mode", "warns"), [(0o777, True), (0o757, True), (0o703, True), (0o1777, False), (0o775, False), (0o700, False)]
)
def test_a_folder_where_everybody_may_swap_files_is_warned_of(db: Path, mode: int, *, warns: bool) -> None:
    """The sticky bit keeps users from each other's files; a group is a choice of its owner."""
    db.parent.chmod(mode)
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        paths.warn_of_shared_folder(db)
    assert ["every user may swap files in this folder" in str(warning.message) for warning in found] == [True] * warns


def test_another_users_folder_is_warned_of(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The owner of a folder may swap what is in it; the store is used all the same."""
    if os.geteuid() == 0:
        os.chown(db.parent, 1234, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 1234)
    with pytest.warns(paths.SharedFolderWarning, match="the folder belongs to user [0-9]+, who may swap files"):
        paths.warn_of_shared_folder(db)
    JsonStore(db).put(5)
    assert JsonStore(db).read() == 5


@every_store
def test_a_store_is_summed_up_in_a_line(kind: type[FileStore]) -> None:
    """The table of `booking stores` has a sentence for each."""
    assert kind.summary().endswith((".", "it."))
    assert kind.shared


PADDING = "x" * 50_000


def write_for_ever(path: Path) -> None:
    """Write one count after the other, as quickly as the disk takes them."""
    store = JsonStore(path)
    store.read()
    for count in cycle([1, 2]):
        for _, action in store.write(count):
            action()


def reads(path: Path) -> Iterator[int]:
    """Yield what a reader without a lock finds, again and again."""
    while True:
        yield JsonStore(path).read()


def test_a_reader_of_json_never_sees_half_a_file(db: Path, family: Family) -> None:
    """2,000 reads beside a process that never stops writing: each finds a whole store, and both counts occur."""
    db.write_text(json.dumps({"count": 1, "padding": PADDING}))
    family.run(FORK, write_for_ever, db)
    seen: list[int] = []
    for count in reads(db):
        seen.append(count)
        if len(seen) >= 2000 and len(set(seen)) == 2:
            break
    assert set(seen) == {1, 2}


def test_sweeping_keeps_what_a_live_process_is_writing(db: Path, family: Family) -> None:
    """A temporary file belongs to the process in its name, and goes only when that has ended."""
    child = family.child(FORK, files)
    temporary = Path(child.ask("temporary_beside", db))
    temporary.write_bytes(b'{"cou')
    assert (files.sweep(db), temporary.exists()) == (0, True)
    child.kill()
    assert (files.sweep(db), temporary.exists()) == (1, False)


def leftover(db: Path, pid: int) -> Path:
    """Return a name for a temporary file of this process number on this system."""
    return Path(re.sub(r"(?<=[.])[0-9]+(?=[.][0-9a-f]{8}[.][0-9a-f]{8}[.]booking-tmp$)", str(pid), temporary(db)))


def temporary(db: Path) -> str:
    """Return a name for a temporary file of this process."""
    return files.temporary_beside(db)


def test_sweeping_takes_only_leftovers_of_this_store(db: Path) -> None:
    """Other stores' files, other names and folders stay; a link goes without its target; no number is too large."""
    precious, other = db.with_name("precious"), db.with_name("other.json")
    precious.write_bytes(b"mine")
    leftover(db, 999999999).symlink_to(precious)
    leftover(db, 99999999999999999999).write_bytes(b"")
    stay = [leftover(db, 999999998), leftover(other, 999999999), leftover(db.with_name("adb.json"), 1)]
    stay += [db.with_name(name) for name in ("db.json.999999999.booking-tmp", "db.json.x.booking-tmp", "db.json.lock")]
    stay[0].mkdir()
    for path in stay[1:]:
        path.write_bytes(b"")
    assert files.sweep(db) == 2
    assert set(db.parent.iterdir()) == {db, precious, *stay}
    assert precious.read_bytes() == b"mine"


def test_sweeping_keeps_what_another_system_writes(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two containers share a folder, and each has a process 7: the dead one here says nothing of the one there."""
    monkeypatch.setattr(files, "_system", lambda: "0badcafe")
    foreign = Path(temporary(db))
    foreign.write_bytes(b"")
    monkeypatch.undo()
    assert (files.sweep(db, {os.getpid()}), foreign.exists()) == (0, True)


def test_threads_write_side_by_side(db: Path) -> None:
    """Two threads have one process number, and still a temporary file each: 500 writes, none fails."""
    failures: list[BookingError] = []

    def write() -> None:
        store = JsonStore(db)
        for count in range(250):
            try:
                store.put(count)
            except BookingError as error:
                failures.append(error)

    threads = [threading.Thread(target=write) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert {entry.name for entry in db.parent.iterdir()} == {"db.json"}


def test_sweeping_for_known_dead_asks_nobody(db: Path) -> None:
    """A parent that has collected its children says which numbers are dead, whoever has them now."""
    leftover = Path(files.temporary_beside(db))
    leftover.write_bytes(b"")
    assert files.sweep(db) == 0
    assert files.sweep(db, {os.getpid()}) == 1


def test_sweeping_a_missing_folder_is_reported(tmp_path: Path) -> None:
    """The failure is ours, with the remedy."""
    with pytest.raises(DiskError, match="check the name"):
        files.sweep(tmp_path / "nowhere" / "db.json")
