"""Other people's libraries, set up as their documentation does; each is imported only where it is measured."""

# ruff: noqa: PLC0415, PTH123

import json
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from way import Way

PATIENT_S = 60.0
"""How long a library may wait for its lock: far longer than a measurement, so that nobody gives up."""


class InPlace(Way):
    """A library's lock around `json.load` and `json.dump` into the same file: what the tutorial does."""

    def __init__(self, lock: Callable[[str], AbstractContextManager[object]]) -> None:
        self.lock_at = lock

    def prepare(self, folder: Path, tickets: int) -> None:
        """Put up the tickets, and import the library before the fork, as a program does."""
        super().prepare(folder, tickets)
        self.lock_at(self.path + ".lock")

    def enter(self) -> None:
        """Make this process's lock."""
        self.lock = self.lock_at(self.path + ".lock")

    def buy(self) -> bool:
        """Load, dump."""
        with self.lock:
            with open(self.path, encoding="utf-8") as file:
                document = json.load(file)
            if document["count"] < 1:
                return False
            document["count"] -= 1
            with open(self.path, "w", encoding="utf-8") as file:
                json.dump(document, file)
        return True


def file_lock(path: str) -> AbstractContextManager[object]:
    """Return filelock's lock as the tutorial makes it: it asks again every 50 ms."""
    from filelock import FileLock

    return FileLock(path)


def file_lock_1_ms(path: str) -> AbstractContextManager[object]:
    """Return the same lock, asking every millisecond."""
    from filelock import FileLock

    return FileLock(path, poll_interval=0.001)


def port_lock(path: str) -> AbstractContextManager[object]:
    """Return portalocker's lock, which asks every 250 ms."""
    from portalocker import Lock

    return Lock(path, timeout=PATIENT_S)


def process_lock(path: str) -> AbstractContextManager[object]:
    """Return the lock of fasteners, which asks after 10 to 100 ms."""
    from fasteners import InterProcessLock

    return InterProcessLock(path)


class TinyDatabase(Way):
    """One row in TinyDB, which has no lock of its own, behind filelock's; TinyDB flushes what it writes."""

    def prepare(self, folder: Path, tickets: int) -> None:
        """Insert the row."""
        from tinydb import TinyDB

        self.path = str(folder / "tiny.json")
        with TinyDB(self.path) as database:
            database.insert({"count": tickets})
        file_lock(self.path + ".lock")  # imported before the fork

    def enter(self) -> None:
        """Open the file and make the lock."""
        from tinydb import TinyDB

        self.database, self.lock = TinyDB(self.path), file_lock(self.path + ".lock")

    def buy(self) -> bool:
        """Get the row, update the row."""
        with self.lock:
            count = self.database.get(doc_id=1)["count"]
            if count < 1:
                return False
            self.database.update({"count": count - 1}, doc_ids=[1])
        return True

    def left(self) -> int:
        """Ask TinyDB."""
        self.enter()
        return int(self.database.get(doc_id=1)["count"])


class DiskCache(Way):
    """One key of a diskcache, in a transaction."""

    def prepare(self, folder: Path, tickets: int) -> None:
        """Set the key."""
        from diskcache import Cache

        self.path = str(folder)
        with Cache(self.path) as cache:
            cache["count"] = tickets

    def enter(self) -> None:
        """Open the cache."""
        from diskcache import Cache

        self.cache = Cache(self.path)

    def buy(self) -> bool:
        """Get and set in one transaction."""
        with self.cache.transact():
            count = self.cache["count"]
            if count < 1:
                return False
            self.cache["count"] = count - 1
        return True

    def left(self) -> int:
        """Ask the cache."""
        self.enter()
        return int(self.cache["count"])


class Sqlite(Way):
    """One row in SQLite, in a transaction that writes from its beginning."""

    def __init__(self, journal: str, synchronous: str) -> None:
        self.journal, self.synchronous = journal, synchronous

    def prepare(self, folder: Path, tickets: int) -> None:
        """Insert the row."""
        self.path = str(folder / "tickets.sqlite")
        self.enter()
        self.database.execute("CREATE TABLE train (count INTEGER NOT NULL)")
        self.database.execute("INSERT INTO train VALUES (?)", (tickets,))
        self.database.close()  # a connection must not cross a fork

    def enter(self) -> None:
        """Connect, and wait long for the others."""
        self.database = sqlite3.connect(self.path, timeout=PATIENT_S, isolation_level=None)
        self.database.execute(f"PRAGMA journal_mode = {self.journal}")
        self.database.execute(f"PRAGMA synchronous = {self.synchronous}")

    def buy(self) -> bool:
        """Select, update."""
        execute = self.database.execute
        execute("BEGIN IMMEDIATE")
        (count,) = execute("SELECT count FROM train").fetchone()
        if count > 0:
            execute("UPDATE train SET count = ?", (count - 1,))
        execute("COMMIT")
        return bool(count > 0)

    def left(self) -> int:
        """Ask the database."""
        self.enter()
        return int(self.database.execute("SELECT count FROM train").fetchone()[0])
