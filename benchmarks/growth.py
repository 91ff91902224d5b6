"""Whether a purchase takes longer the more tickets have been sold.

    python benchmarks/growth.py [TICKETS]

One process sells TICKETS (100,000) one after the other at our desk with the file lock; the first tenth is compared
with the last. A pool of two sells a tenth of them, and all of them. Beside them stands what grows: a list of all sales
in a JSON file, and in TinyDB, which write every sale again for each new one.
"""

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from aims import Aim, tell
from pool import pooled
from ways import OURS, WAYS

from booking import Scenario

AIM = 1.1
FEW, MANY, TIMES = 1_000, 10_000, 5
MEMORY = Path("/dev/shm")  # noqa: S108 - the folder in memory that Linux has


def times_us(work: Callable[[], object], number: int) -> list[float]:
    """Return how long each of so many calls took, in microseconds."""
    taken, before = [], time.perf_counter_ns()
    for _ in range(number):
        work()
        after = time.perf_counter_ns()
        taken.append((after - before) / 1e3)
        before = after
    return taken


def at_our_desk(tickets: int, folder: Path) -> tuple[float, float]:
    """Sell all tickets and return the medians of the first and of the last tenth."""
    way = WAYS[OURS]()
    way.prepare(folder, tickets)
    way.enter()
    taken = times_us(way.buy, tickets)
    assert way.left() == 0
    return statistics.median(taken[: tickets // 10]), statistics.median(taken[-tickets // 10 :])


def in_a_pool(tickets: int, folder: Path) -> float:
    """Return how long one purchase took where a pool of two sold all tickets."""
    scenario = Scenario(tickets, tickets, "mp", pay=(0.0, 0.0))
    return pooled(scenario, "async", folder / "pool.json") / tickets * 1e6


def in_a_list(sold: int, folder: Path) -> float:
    """Return how long it takes to add a sale to a JSON file of so many."""
    file = folder / "list.json"
    file.write_text(json.dumps([{"buyer": buyer, "ticket": buyer} for buyer in range(sold)]), "utf-8")

    def sell() -> None:
        sales = json.loads(file.read_bytes())
        file.write_text(json.dumps([*sales, {"buyer": len(sales), "ticket": len(sales)}]), "utf-8")

    return statistics.median(times_us(sell, TIMES))


def in_tiny_database(sold: int, folder: Path) -> float:
    """Return how long it takes to count and insert in TinyDB where so many were sold."""
    from tinydb import TinyDB  # noqa: PLC0415 - what is not installed is left out

    with TinyDB(folder / f"{sold}.json") as database:
        database.insert_multiple({"buyer": buyer, "ticket": buyer} for buyer in range(sold))
        return statistics.median(times_us(lambda: database.insert({"buyer": len(database)}), TIMES))


def show(name: str, few: int, early: float, many: int, late: float) -> None:
    """Print one line."""
    print(f"{name:44}{few:>9,}{early:>12.1f}{many:>10,}{late:>12.1f}{late / early:>9.2f}")


def main() -> None:
    """Print the table."""
    tickets = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    print(f"{'':44}{'sold':>9}{'us each':>12}{'sold':>10}{'us each':>12}{'ratio':>9}")
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as name:
        folder = Path(name)
        first, last = at_our_desk(tickets, folder)
        show("ours, the first tenth and the last", tickets // 10, first, tickets, last)
        show("ours, a pool of 2", tickets // 10, in_a_pool(tickets // 10, folder), tickets, in_a_pool(tickets, folder))
        show("a list of sales in a JSON file", FEW, in_a_list(FEW, folder), MANY, in_a_list(MANY, folder))
        try:
            show("a table of sales in TinyDB", FEW, in_tiny_database(FEW, folder), MANY, in_tiny_database(MANY, folder))
        except ModuleNotFoundError:
            print("TinyDB: not measured; install what is in benchmarks/peers.txt")
    ratio = last / first
    tell(Aim(f"a purchase after {tickets:,} sales", f"at most {AIM}x the first", f"{ratio:.2f}x", ratio <= AIM))


if __name__ == "__main__":
    main()
