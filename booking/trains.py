"""Two trains: what each has of its own, and how it is called."""

from pathlib import Path

COUNT = "count"
"""The cell that holds the number of tickets left on the one train, or on the first of two."""
LOCK = "lock"
"""The lock of this train."""
SECOND_COUNT = "count of train 2"
SECOND_LOCK = "lock of train 2"
NAMES = ((COUNT, LOCK), (SECOND_COUNT, SECOND_LOCK))
"""The cell and the lock of each train."""


def train_of(name: str) -> int:
    """Return the number, from 1, of the train that a cell or a lock belongs to; what belongs to none is the first's."""
    return 2 if name in NAMES[1] else 1


def second_path(path: Path) -> Path:
    """Return the file of the second train, beside that of the first: `db.json` and `db-2.json`."""
    return path.with_name(f"{path.stem}-2{path.suffix}")


def share_path(path: Path, buyer: int) -> Path:
    """Return the file in which a buyer has its share of the tickets, beside the store: `db.json.share-3`."""
    return path.with_name(f"{path.name}.share-{buyer}")


def on_trains(trains: int, order: str) -> str:
    """Return how to go on after "2 tickets" where they are for journeys; nothing with one train."""
    if trains == 1:
        return ""
    orders = "the same order" if order == "same" else "opposite orders"
    return f" on each of {trains} trains, taken in {orders} (t2 is the second train)"
