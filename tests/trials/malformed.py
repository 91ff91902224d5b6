"""Files that are no store: a list of bad ones, and good ones that are damaged at random."""

import contextlib
import io
import os
import random
import socket
from pathlib import Path

from booking.cli.app import run_command
from booking.errors import MalformedStoreError
from booking.scenario import MOST_TICKETS
from booking.storage.document import parse, serialise
from booking.storage.files import MOST_BYTES
from booking.stores.file import JsonStore

COMMANDS = {
    "look": ["look"],
    "run": ["run", "--pay", "0"],
    "buy": ["buy", "--pay", "0"],
    "reset": ["reset", "--tickets", "3"],
}
"""The commands that open a store, each so that it would be over at once."""

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


SEED = b'{"count": 12, "train": ["G1", null, true, -1.5e3], "\xe5\x88\x97": {"count": "5"}}'
PIECES = [
    b"", b"{", b"}", b"[", b"]", b'"', b":", b",", b"count", b'"count":', b"-", b"1e999", b"NaN", b"null", b"9" * 30,
    b"\0", b"\xff", b"\xef\xbb\xbf", b"\\u", b"\\ud800", b"\x1b[2J", b"\n", b" ", b"0", b".", b"true",
]  # fmt: skip


def fuzzed(dice: random.Random) -> bytes:
    """Return a good store with one to six pieces cut out, put in or exchanged."""
    content = SEED
    for _ in range(dice.randint(1, 6)):
        start = dice.randrange(len(content) + 1)
        content = content[:start] + dice.choice(PIECES) + content[start + dice.choice((0, 0, 1, 2, 9)) :]
    return content


def state(path: Path) -> tuple[int, int, bytes]:
    """Return what may not change: when the file was written, whose inode it is, and what it holds."""
    status = path.stat()
    return status.st_mtime_ns, status.st_ino, path.read_bytes()


def is_good(content: bytes) -> bool | None:
    """Return whether these bytes are a store, None where the answer is neither a count nor one line.

    A store has a count in range, and is written back with another count and nothing else changed.
    """
    try:
        document = parse(content)
    except MalformedStoreError as error:
        return False if _is_one_line(str(error)) else None
    changed = parse(serialise(document, 3)) == document | {"count": 3}
    return True if changed and 0 <= document["count"] <= MOST_TICKETS else None


def is_good_file(path: Path, content: bytes) -> bool | None:
    """Write these bytes and return the same of the file, None also where reading it has changed it."""
    with path.open("r+b") as file:  # not emptied first: some disks write at once what replaces an emptied file
        file.write(content)
        file.truncate()
    before = state(path)
    try:
        good = 0 <= JsonStore(path).read() <= MOST_TICKETS
    except MalformedStoreError as error:
        good = False
        if not _is_one_line(str(error).removeprefix(f"cannot use {path}: ")):
            return None
    return good if state(path) == before else None


def _is_one_line(message: str) -> bool:
    return message.isprintable() and len(message) < 250


def wrongly_answered(command: str, path: Path) -> list[str]:
    """Run a command on a file that is no store, and return what was not as promised.

    Exit status 2, nothing on standard output, one line on standard error, and the file as it was.
    """
    before = state(path) if os.path.isfile(path) and os.access(path, os.R_OK) else None  # noqa: PTH113 - never raises
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = run_command([*COMMANDS[command], "--db", str(path)])
    said = err.getvalue()
    found = {
        f"exit status {status}": status != 2,
        f"printed {out.getvalue()!r}": out.getvalue() != "",
        f"said {said!r}": not (said.startswith("booking: ") and said.endswith("\n") and said[:-1].isprintable()),
        "the file was changed": before is not None and state(path) != before,
        "something lies beside it": any(path.parent.glob("*.booking-tmp")),
    }
    return [f"{command}: {what}" for what, is_so in found.items() if is_so]
