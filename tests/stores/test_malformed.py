"""Files that are no store: each is refused in one line that names the value and the remedy, and left as it is."""

import os
import random
import threading
from collections import Counter
from pathlib import Path

import pytest
from trials.malformed import MALFORMED, NO_FILES, fuzzed, is_good_file, state

from booking.errors import MalformedStoreError
from booking.registry import STORES
from booking.storage.document import REMEDY
from booking.stores.file import FileStore, JsonStore

FUZZED = 10_000


def message_of(store: FileStore) -> str:
    """Return the words with which a store is refused, which are one printable line that names the file."""
    with pytest.raises(MalformedStoreError) as refusal:
        store.read()
    message = str(refusal.value)
    assert message.isprintable()
    assert message.startswith(f"cannot use {store.path}: ")
    assert len(message) < len(str(store.path)) + 250
    return message


@pytest.mark.parametrize("content", [pytest.param(content, id=name) for name, content in MALFORMED.items()])
def test_a_malformed_store_is_refused_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    """One line with the value and the remedy; bytes, inode and time of change stay."""
    path = tmp_path / "db.json"
    path.write_bytes(content)
    before = state(path)
    message = message_of(JsonStore(path))
    assert "; " in message, "a remedy follows what is wrong"
    assert state(path) == before
    assert os.listdir(tmp_path) == ["db.json"]  # noqa: PTH208 - names, as a class would see them


def test_the_corpus_is_large_enough() -> None:
    """At least fifty malformed files, no two of them alike."""
    assert len(set(MALFORMED.values())) == len(MALFORMED) >= 50


def test_a_damaged_store_is_read_or_refused_and_left_as_it_is(db: Path) -> None:
    """10,000 fuzzed files: each has a count, or is refused in one line; bytes, inode and time of change stay."""
    dice = random.Random(11)
    found = Counter(is_good_file(db, fuzzed(dice)) for _ in range(FUZZED))
    assert found[True] + found[False] == FUZZED
    assert min(found.values()) > FUZZED // 100, "both kinds occur, or the fuzzing proves nothing"


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b'{"count": "5"}', '"5"'),
        (b'{"count": 5.0}', "5.0"),
        (b'{"count": -1}', "-1"),
        (b'{"count": true}', "true"),
        (b'{"count": null}', "null"),
        (b'{"count": NaN}', "NaN"),
        (b'{"count": 1e999}', "1e999"),
        (b'{"count": 9223372036854775808}', "9223372036854775808"),
        (b'{"count": [1]}', "a list or an object"),
        (b'{"count": 1, "count": 2}', "'count' twice"),
        (b"[1]", "[1]"),
        (b"", "nothing"),
        (b"one ticket left", "one ticket left"),
        (b'{"train": 7, "count": "\\u001b"}', '"\\u001b"'),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_message_names_the_value_and_the_remedy(db: Path, content: bytes, named: str) -> None:
    """What is wrong is shown as it stands in the file, and the way out is named."""
    db.write_bytes(content)
    message = message_of(JsonStore(db))
    assert named in message.removeprefix(f"cannot use {db}: ")
    assert message.endswith(REMEDY)


@pytest.mark.parametrize(
    ("content", "count"),
    [
        pytest.param(b'{"count": -0}', 0, id="minus-zero-is-zero"),
        pytest.param(b'{"count": 0}', 0, id="zero"),
        pytest.param(b'{"count": 1000000000}', 10**9, id="most"),
        pytest.param(b' \r\n{ "count" : 1 }\r\n', 1, id="spaces-and-windows-lines"),
        pytest.param(b'{"c\\u006funt": 1}', 1, id="escaped-key"),
        pytest.param('{"count": 1, "列车": "北京"}'.encode(), 1, id="other-keys"),
        pytest.param(b'{"count": 1, "price": 1e300, "x": [true, null, {"count": "5"}]}', 1, id="any-other-json"),
    ],
)
def test_unusual_but_good_stores_are_read(db: Path, content: bytes, count: int) -> None:
    """-0 is JSON for 0; spaces, escapes and other keys are no reason to refuse."""
    db.write_bytes(content)
    assert JsonStore(db).read() == count


def test_a_name_with_control_characters_stays_on_one_line(tmp_path: Path) -> None:
    """A file name cannot break the line or command the terminal."""
    path = tmp_path / "a\nb\x1b[2J.json"
    path.write_bytes(b"")
    with pytest.raises(MalformedStoreError) as refusal:
        JsonStore(path).read()
    assert str(refusal.value).isprintable()


@pytest.mark.timeout(10)
@pytest.mark.parametrize("kind", NO_FILES)
def test_what_is_no_readable_file_is_refused(tmp_path: Path, kind: str) -> None:
    """A pipe does not block, a device is not read to its end, and an owner's "no" binds root too."""
    path = tmp_path / "inner" / "db.json"
    path.parent.mkdir()
    NO_FILES[kind](path)
    assert "; " in message_of(JsonStore(path))


def test_a_name_that_is_too_long_is_refused(tmp_path: Path) -> None:
    """No system has names of 300 characters; the refusal is ours all the same."""
    with pytest.raises(MalformedStoreError, match="name a JSON file"):
        JsonStore(tmp_path / ("x" * 300)).read()


@pytest.mark.timeout(10)
def test_a_pipe_with_a_writer_is_refused_and_keeps_its_content(tmp_path: Path) -> None:
    """Reading from a pipe would take what was meant for somebody else."""
    path = tmp_path / "db.json"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(b'{"count": 1}',))
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    writer.start()
    writer.join()
    message_of(JsonStore(path))
    assert os.read(reader, 100) == b'{"count": 1}'
    os.close(reader)


FILES = [pytest.param(kind, id=name) for name, kind in STORES.items() if issubclass(kind, FileStore)]


@pytest.mark.parametrize("store", FILES)
def test_every_store_refuses_half_a_document(db: Path, store: type[FileStore]) -> None:
    """The strictness belongs to the file, whichever way it is written."""
    db.write_bytes(b'{"count": 1')
    message_of(store(db))


def test_putting_repairs_a_malformed_store(db: Path) -> None:
    """`put` is the remedy that the messages name: it makes a store of whatever regular file there is."""
    db.write_bytes(b'{"cou')
    store = JsonStore(db)
    store.put(7)
    assert (store.read(), db.read_bytes()) == (7, b'{"count": 7}\n')
