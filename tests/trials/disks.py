"""A disk that is full, or may not be written: what a command says then, and what has become of the store."""

import contextlib
import io
import json
import re
from pathlib import Path

from booking.cli.app import run_command

STORE = b'{"count": 2}\n'

_SALE = ["run", "--buyers", "2", "--pay", "0"]
COMMANDS = {
    "reset": ["reset", "--tickets", "3"],
    "run": [*_SALE, "--tickets", "3", "--lock", "file"],
    "run, what is left": [*_SALE, "--keep-stock"],
    "run, fsync": [*_SALE, "--keep-stock", "--lock", "flock", "--durable"],
    "run, swap": [*_SALE, "--keep-stock", "--lock", "cas"],
    "run, shares": [*_SALE, "--keep-stock", "--lock", "partition"],
    "run, soft lock": [*_SALE, "--keep-stock", "--lock", "file-soft"],
    "buy": ["buy", "--pay", "0", "--lock", "file"],
}
"""Everything that writes a store."""
COUNTS = {"reset": {2, 3}, "run": {3, 2, 1}, "buy": {2, 1}}
"""What the store may hold afterwards; else what is left, or up to two tickets less."""

KEEPS_THE_RESULT = re.compile(r"\.booking-link$|\.share-\d+$")


def tried(command: str, db: Path) -> tuple[int, list[str]]:
    """Run a command on a store of two tickets, and return its exit status and what was not as promised.

    Exit status 0, or 4 and one line on standard error; a store that is whole, untouched where nothing was sold, and
    nothing beside it but a lock file. Only where the parent of a sale could not even write the result into the store,
    the links or the shares that hold it stay, for the next sale.
    """
    before, names = db.read_bytes(), _beside(db)
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = run_command([*COMMANDS[command], "--db", str(db)])
    after, said, left = db.read_bytes(), err.getvalue(), _beside(db) - names
    found = {
        f"exit status {status}, said {said!r}": status not in {0, 4},
        f"said {said!r}": status == 4 and not (said.startswith("booking: ") and said.count("\n") == 1),
        f"said {said!r} without an error": status == 0 and said != "",
        f"the store holds {after!r}": _count(after) not in COUNTS.get(command, {2, 1, 0}),
        "the store was changed": status == 4 and command == "reset" and after != before,
        f"left {left}": any(status == 0 or not KEEPS_THE_RESULT.search(name) for name in left),
    }
    return status, [f"{command}: {what}" for what, is_so in found.items() if is_so]


def _count(content: bytes) -> int | None:
    try:
        count: int = json.loads(content)["count"]
    except ValueError:
        return None
    return count


def _beside(db: Path) -> set[str]:
    return {path.name for path in db.parent.iterdir()} - {f"{db.name}.lock"}
