"""Every way to sell tickets that benchmarks/peers.py compares, ours first. A new one is one line here."""

# ruff: noqa: PLC0415

from collections.abc import Callable
from functools import partial
from pathlib import Path

import by_hand
import libraries
from way import Way

OURS, DURABLE = "ours: lock file, store json", "ours, lock flock, durable"
TUTORIAL, TINYDB, ROLLBACK = "filelock, json in place", "TinyDB behind filelock", "SQLite, rollback journal, FULL"
FLOCK, FAIR = "ours, lock flock", "ours, lock fair"
LIBRARY = "by hand: filelock every 10 ms, replace"
HAND, LEAN, LEAN_DURABLE = "by hand: flock, replace", "by hand, leanest", "by hand, leanest, durable"


class Ours(Way):
    """The purchase of this project at the desk of a real sale; only the journal is left out, as no peer keeps one."""

    def __init__(self, lock: str, store: str, *, durable: bool = False) -> None:
        self.names = lock, store
        self.durable = durable

    def prepare(self, folder: Path, tickets: int) -> None:
        """Make the store and the lock as the parent of a sale does."""
        from booking.purchase import Outcome, buy
        from booking.scenario import Scenario
        from booking.simulation.desk import RealDesk
        from booking.simulation.sale import Sale

        self.desk_for, self.purchase, self.bought = RealDesk, buy, Outcome.BOUGHT
        lock, store = self.names
        scenario = Scenario(tickets=tickets, lock=lock, store=store, pay=(0.0, 0.0))
        sale = Sale.of(scenario, db=folder / "db.json", start_method="fork", durable=self.durable)
        with sale.opened() as (_, trains):
            self.train = trains[0]

    def enter(self) -> None:
        """Sit down at a desk."""
        self.desk = self.desk_for(self.train.store, self.train.lock, unrecorded, 0.0)

    def buy(self) -> bool:
        """Run the purchase that every world of this project runs."""
        return self.purchase(self.desk) is self.bought

    def left(self) -> int:
        """Read the store."""
        return self.train.store.read()


def unrecorded(word: str, phase: str, value: object = None) -> None:
    """Take note of nothing."""
    del word, phase, value


WAYS: dict[str, Callable[[], Way]] = {
    OURS: partial(Ours, "file", "json"),
    LIBRARY: by_hand.ByLibrary,
    FLOCK: partial(Ours, "flock", "json"),
    HAND: by_hand.ByHand,
    LEAN: by_hand.Leanest,
    DURABLE: partial(Ours, "flock", "json", durable=True),
    LEAN_DURABLE: partial(by_hand.Leanest, durable=True),
    FAIR: partial(Ours, "fair", "json"),
    "ours, lock mp": partial(Ours, "mp", "json"),
    "ours, store inplace": partial(Ours, "file", "inplace"),
    "ours, lock mp, store shared": partial(Ours, "mp", "shared"),
    TUTORIAL: partial(libraries.InPlace, libraries.file_lock),
    "filelock every 1 ms, json in place": partial(libraries.InPlace, libraries.file_lock_1_ms),
    "portalocker, json in place": partial(libraries.InPlace, libraries.port_lock),
    "fasteners, json in place": partial(libraries.InPlace, libraries.process_lock),
    TINYDB: libraries.TinyDatabase,
    "diskcache": libraries.DiskCache,
    "SQLite, WAL, NORMAL": partial(libraries.Sqlite, "WAL", "NORMAL"),
    "SQLite, WAL, FULL": partial(libraries.Sqlite, "WAL", "FULL"),
    ROLLBACK: partial(libraries.Sqlite, "DELETE", "FULL"),
    "limit: flock, pwrite": by_hand.Limit,
}
"""Those that are compared with each other stand beside each other, so that they are measured one after the other."""
