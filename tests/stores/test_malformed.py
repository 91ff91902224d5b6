"""Files that are no store: each is refused in one line that names the value and the remedy, and left as it is."""

import os
import socket
import threading
from pathlib import Path

import pytest

from booking.document import REMEDY
from booking.errors import MalformedStoreError
from booking.files import MOST_BYTES
from booking.registries import STORES
from booking.stores import FileStore
from booking.stores.json import JsonStore

MALFORMED = {
    # the whole is no JSON document
    "empty": b"",
    "spaces": b" \n\t\n",
    "half": b'{"count": 1',
    "half-key": b'{"cou',
    "only-bracket": b"{",
    "two-documents": b'{"count": 1}{"count": 1}',
    "two-lines": b'{"count": 1}\n{"count": 2}\n',
    "trailing-comma": b'{"count": 1,}',
    "single-quotes": b"{'count': 1}",
    "bare-key": b"{count: 1}",
    "comment": b'{"count": 1} // one ticket',
    "prose": b"one ticket left",
    "yaml": b"count: 1\n",
    "html": b"<html><body>404</body></html>",
    "merge-conflict": b'<<<<<<< HEAD\n{"count": 1}\n=======\n{"count": 2}\n>>>>>>> b\n',
    "newline-in-string": b'{"count": 1, "train": "G1\n02"}',
    # bytes
    "nul": b"\0" * 12,
    "nul-after": b'{"count": 1}\0',
    "utf-16": '{"count": 1}'.encode("utf-16"),
    "utf-16-le": '{"count": 1}'.encode("utf-16-le"),
    "utf-32": '{"count": 1}'.encode("utf-32"),
    "latin-1": '{"count": 1, "train": "Zürich"}'.encode("latin-1"),
    "gbk": '{"count": 1, "train": "北京"}'.encode("gbk"),
    "utf-8-with-mark": b'\xef\xbb\xbf{"count": 1}',
    "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03",
    "escape-sequences": b"\x1b[2J\x1b]0;title\x07",
    # JSON, but no object with a count
    "list": b"[1]",
    "null": b"null",
    "true": b"true",
    "number": b"1",
    "string": b'"count"',
    "empty-object": b"{}",
    "empty-list": b"[]",
    "other-key": b'{"Count": 1}',
    "other-key-space": b'{"count ": 1}',
    "inner-count": b'{"train": {"count": 1}}',
    # the count is no number of tickets
    "count-string": b'{"count": "5"}',
    "count-float": b'{"count": 5.0}',
    "count-half": b'{"count": 0.5}',
    "count-exponent": b'{"count": 1e0}',
    "count-minus-one": b'{"count": -1}',
    "count-minus-zero-float": b'{"count": -0.0}',
    "count-true": b'{"count": true}',
    "count-false": b'{"count": false}',
    "count-null": b'{"count": null}',
    "count-list": b'{"count": [1]}',
    "count-object": b'{"count": {"count": 1}}',
    "count-nan": b'{"count": NaN}',
    "count-infinity": b'{"count": Infinity}',
    "count-minus-infinity": b'{"count": -Infinity}',
    "count-1e999": b'{"count": 1e999}',
    "count-2**63": b'{"count": 9223372036854775808}',
    "count-above-most": b'{"count": 1000000001}',
    "count-4000-digits": b'{"count": ' + b"9" * 4000 + b"}",
    "count-5000-digits": b'{"count": ' + b"9" * 5000 + b"}",
    "count-leading-zero": b'{"count": 01}',
    "count-plus": b'{"count": +1}',
    "count-hex": b'{"count": 0x1}',
    "count-underscore": b'{"count": 1_000}',
    "count-arabic-digits": b'{"count": \xd9\xa1}',
    "count-surrogate": b'{"count": "\\ud800"}',
    "count-escape-sequence": b'{"count": "\\u001b[2J\\n"}',
    # what other keys may not do
    "count-twice": b'{"count": 1, "count": 2}',
    "count-twice-equal": b'{"count": 1, "count": 1}',
    "count-twice-escaped": b'{"count": 1, "c\\u006funt": 2}',
    "other-key-twice": b'{"count": 1, "train": 1, "train": 2}',
    "inner-key-twice": b'{"count": 1, "train": {"a": 1, "a": 2}}',
    "other-key-nan": b'{"count": 1, "price": NaN}',
    "other-key-1e999": b'{"count": 1, "price": -1e999}',
    "brackets": b"[" * 100_000,
    "braces": b'{"count":' * 100_000,
    "nested-deeply": b'{"count": 1, "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "too-large": b'{"count": 1}' + b" " * MOST_BYTES,
}


def state(path: Path) -> tuple[int, int, bytes]:
    """Return what may not change: when the file was written, whose inode it is, and what it holds."""
    status = path.stat()
    return status.st_mtime_ns, status.st_ino, path.read_bytes()


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


def make_folder(path: Path) -> None:
    path.mkdir()


def make_loop(path: Path) -> None:
    path.symlink_to(path.name)


def make_dangling_link(path: Path) -> None:
    path.symlink_to("nowhere.json")


def make_zeroes(path: Path) -> None:
    path.symlink_to("/dev/zero")


def make_null(path: Path) -> None:
    path.symlink_to("/dev/null")


def make_secret(path: Path) -> None:
    path.write_bytes(b'{"count": 1}')
    path.chmod(0o000)


def make_write_only(path: Path) -> None:
    path.write_bytes(b'{"count": 1}')
    path.chmod(0o200)


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(path))  # a socket's name may have only 107 bytes


def make_below_a_file(path: Path) -> None:
    path.parent.rmdir()
    path.parent.write_bytes(b"")


def make_nothing(path: Path) -> None:
    assert not path.exists()


NO_FILES = {
    "fifo": os.mkfifo,
    "folder": make_folder,
    "symlink-loop": make_loop,
    "dangling-symlink": make_dangling_link,
    "dev-zero": make_zeroes,
    "dev-null": make_null,
    "socket": make_socket,
    "mode-0000": make_secret,
    "mode-0200": make_write_only,
    "below-a-file": make_below_a_file,
    "absent": make_nothing,
}


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
