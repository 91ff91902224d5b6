"""How often `--lock file` shall ask for the lock: whole sales with several poll intervals of the library.

    python benchmarks/polling.py

prints, for each interval and number of buyers, how long the sale takes from the first wait for the lock to the last
event, and the processor time of all buyers together, their start included. Each buyer buys once.
"""

import argparse
import resource
import statistics
import tempfile
from pathlib import Path

from booking.locks import filelock
from booking.scenario import Scenario
from booking.simulation.sale import simulate

INTERVALS = [0.001, 0.005, 0.01, 0.05]
SALES = [(10, 0.0), (10, 0.01), (100, 0.0), (100, 0.01), (1000, 0.0)]
"""Numbers of buyers, and how long each pays, in seconds."""
TIMEOUT_S = 600.0


def sale(lock: str, buyers: int, pay_s: float) -> tuple[float, float]:
    """Hold one sale in memory; return its seconds under the lock, and the buyers' processor time in seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        scenario = Scenario(buyers=buyers, tickets=buyers, lock=lock, pay=(pay_s, pay_s))
        history = simulate(scenario, db=Path(folder) / "db.json", timeout=TIMEOUT_S)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert history.stock_left == 0, "the sale did not end"
    began = min(event.t_ns for event in history.events if event.step == "acquire")
    took_s = (max(event.t_ns for event in history.events) - began) / 1e9
    return took_s, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def row(name: str, lock: str, sales: list[tuple[int, float]], rounds: int) -> str:
    """Return one line of the table: medians of so many rounds, and of fewer for 1,000 buyers."""
    cells = []
    for buyers, pay_s in sales:
        measured = [sale(lock, buyers, pay_s) for _ in range(rounds if buyers < 1000 else max(1, rounds // 5))]
        took_s, cpu_s = (statistics.median(part) for part in zip(*measured, strict=True))
        cells.append(f"{took_s:>9.3f} s {cpu_s:>6.2f} s")
    return f"{name:14}" + "".join(f"{cell:>22}" for cell in cells)


def main() -> None:
    """Print the table: the poll intervals of `file`, then the locks that wait in the kernel."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="how often each sale is held (5)")
    parser.add_argument("--buyers", type=int, default=1000, help="leave out sales with more buyers (1000)")
    asked = parser.parse_args()
    sales, rounds = [(buyers, pay_s) for buyers, pay_s in SALES if buyers <= asked.buyers], asked.rounds
    print("Time under the lock and processor time; buyers, and how long each pays:")
    print(f"{'':14}" + "".join(f"{f'{buyers:,}, {pay_s * 1000:g} ms':>22}" for buyers, pay_s in sales))
    for interval in INTERVALS:
        filelock.POLL = interval
        print(row(f"file, {interval * 1000:g} ms", "file", sales, rounds), flush=True)
    for lock in ("flock", "fair"):
        print(row(lock, lock, sales, rounds), flush=True)


if __name__ == "__main__":
    main()
