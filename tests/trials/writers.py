"""A writer is killed at a random moment: what the store holds then, and what lies beside it."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from booking.processes.fork import ForkedProcess
from booking.stores.file import FileStore, InPlaceStore, JsonStore

LONGEST_LIFE = 0.002
"""Seconds after its first write within which a writer is killed; one write takes a tenth of that."""
PADDING = 50_000


@dataclass(frozen=True)
class Killed:
    """What one killed writer left: its store `old or new`, `empty` or `cut short`, and so many temporary files."""

    state: str
    left_over: int
    wrong: tuple[str, ...] = ()


def whole(count: int) -> bytes:
    """Return a store that takes a while to write, and that differs from the next one in every byte of it."""
    return json.dumps({"count": count, "padding": str(count) * PADDING}).encode()


WHOLE = {count: whole(count) for count in (1, 2)}


def _writes(store: FileStore, count: int) -> None:
    for _, action in store.write(count):
        action()


def _swaps(store: FileStore, count: int) -> None:
    store.swap(3 - count, count)


class Writer(NamedTuple):
    """How a store is written, and which states a kill may leave it in."""

    store: Callable[[Path], FileStore]
    write: Callable[[FileStore, int], None]
    allowed: frozenset[str]


_OLD_OR_NEW = frozenset({"old or new"})
WRITERS = {
    "json": Writer(JsonStore, _writes, _OLD_OR_NEW),
    "json-durable": Writer(lambda path: JsonStore(path, durable=True), _writes, _OLD_OR_NEW),
    "json-swap": Writer(JsonStore, _swaps, _OLD_OR_NEW),
    # Written in place a store can be lost, which is the lesson; but what is there is the beginning of a store.
    "inplace": Writer(InPlaceStore, _writes, _OLD_OR_NEW | {"empty", "cut short"}),
}


def killed_writer(name: str, db: Path, dice: random.Random) -> Killed:
    """Let a process write to the store again and again, kill it, tidy up, and return what it had left."""
    writer = WRITERS[name]
    store = writer.store(db)
    db.write_bytes(WHOLE[2])
    pid = _killed(writer, store, dice)
    newest = store.source() if isinstance(store, JsonStore) else db
    state = state_of(newest.read_bytes())
    left_over = len(list(db.parent.glob("*.booking-tmp")))
    store.tidy({pid})
    beside = sorted(entry.name for entry in db.parent.iterdir())
    found = {
        f"{name}: the store is {state}": state not in writer.allowed,
        f"{name}: {beside} after tidying up": beside != [db.name],
        f"{name}: tidying up made it {state_of(db.read_bytes())}": state_of(db.read_bytes()) != state,
    }
    return Killed(state, left_over, tuple(what for what, is_so in found.items() if is_so))


def _killed(writer: Writer, store: FileStore, dice: random.Random) -> int:
    """Start a writer, kill it at a random moment after its first write, and return the number that it had."""
    ours, theirs = get_context("fork").Pipe(duplex=False)
    process = ForkedProcess(_write_for_ever, (writer, store, theirs), "writer")
    with ours, theirs:
        process.start()
        try:
            ours.recv_bytes()
            ours.poll(dice.uniform(0, LONGEST_LIFE))  # nothing comes: this is the random moment
        finally:
            process.kill()
            process.join()
    return process.pid or 0


def _write_for_ever(writer: Writer, store: FileStore, started: Connection) -> None:
    """Write 1 and 2 in turn, each with its own padding, until somebody ends this process."""
    store.content = WHOLE.__getitem__  # type: ignore[method-assign] - nearly all the time belongs to the write
    writer.write(store, 1)
    started.send_bytes(b"!")
    for count in cycle([2, 1]):
        writer.write(store, count)


def state_of(content: bytes) -> str:
    """Return what a reader finds: the old or the new store, nothing, the beginning of one, or a mixture."""
    if content in WHOLE.values():
        return "old or new"
    if not content:
        return "empty"
    return "cut short" if any(each.startswith(content) for each in WHOLE.values()) else "mixed"
