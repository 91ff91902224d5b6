"""Milliseconds per buyer: a pool with very many of them, and the ways to reach the tickets with a process for each.

    python benchmarks/pool.py [BUYERS] [VISITORS] [ROUNDS]

A pool of two processes plays BUYERS (100,000) buyers who pay nothing, from its start to the end of its last process;
beside it stands a loop that makes the same purchases in one process without a sale around it, which is the limit.
VISITORS (300) buyers with a process each buy directly, at one clerk and at two, through a queue and through pipes.
All ways take turns in each of ROUNDS (3) rounds, so that other work on the machine meets all of them; medians.
The aim: under 0.05 ms for a pooled buyer where one ticket is for sale.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from aims import Aim, tell

from booking import Scenario, judge, simulate
from booking.purchase import buy
from booking.setup import Setup
from booking.simulation.desk import RealDesk
from booking.simulation.sale import Sale
from booking.steps import Phase, Value

AIM_MS = 0.05
NOTHING = (0.0, 0.0)

Timed = Callable[[Path], float]


def pooled(scenario: Scenario, submit: str, db: Path) -> float:
    """Return the seconds of one sale on a pool of two; the sale has to be complete."""
    began = time.perf_counter()
    history = simulate(scenario, setup=Setup(pool=2, submit=submit), db=db)
    seconds = time.perf_counter() - began
    verdict = judge(history)
    assert verdict.sold + verdict.sold_out == scenario.buyers
    return seconds


def visited(scenario: Scenario, setup: Setup, db: Path) -> float:
    """Return the seconds from the gate to the last answer of one sale with a process for each buyer."""
    history = simulate(scenario, setup=setup, db=db)
    assert all(ending.exitcode == 0 for ending in history.endings)
    return history.elapsed_s


def alone(scenario: Scenario, db: Path) -> float:
    """Return the seconds that one process needs for the same purchases in a loop."""
    with Sale.of(scenario, db=db).opened() as (_, trains):
        store, lock = trains[0].store, trains[0].lock
    began = time.perf_counter()
    for _ in range(scenario.buyers):
        desk = RealDesk(store, lock, unrecorded, 0.0)
        desk.look()
        buy(desk)
    return time.perf_counter() - began


def unrecorded(word: str, phase: Phase, value: Value = None) -> None:
    """Take note of nothing."""
    del word, phase, value


def ways(buyers: int, visitors: int) -> dict[str, tuple[int, Timed]]:
    """Return what is measured: its name, how many buyers it has, and how to take its time."""
    found: dict[str, tuple[int, Timed]] = {}
    for name, dials in {
        "1 ticket, lock none": {"lock": "none"},
        "1 ticket, lock file": {"lock": "file"},
        "a ticket for every tenth, lock mp": {"lock": "mp", "tickets": buyers // 10},
        "a ticket for each, lock mp, store shared": {"lock": "mp", "tickets": buyers, "store": "shared"},
    }.items():
        scenario = Scenario(buyers, pay=NOTHING, **dials)
        found[f"pool of 2: {name}"] = buyers, partial(pooled, scenario, "async")
    one = Scenario(buyers, pay=NOTHING)
    found["pool of 2, one batch after the other: 1 ticket"] = buyers, partial(pooled, one, "sync")
    found["a loop in one process: 1 ticket, lock none"] = buyers, partial(alone, one)
    few = Scenario(visitors, pay=NOTHING)
    found["direct: a process each, lock none"] = visitors, partial(visited, few, Setup())
    for via in ("queue", "pipe"):
        for clerks in (1, 2):
            setup = Setup(channel=via, clerks=clerks)
            found[f"{via}, {clerks} clerk{'s' * (clerks > 1)}: a process each"] = (
                visitors,
                partial(visited, few, setup),
            )
    return found


def main() -> None:
    """Measure every way in turn and print the medians."""
    buyers, visitors, rounds = (int(given) for given in [*sys.argv[1:], *["100000", "300", "3"][len(sys.argv) - 1 :]])
    measured = ways(buyers, visitors)
    times: dict[str, list[float]] = {name: [] for name in measured}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds):
            for name, (number, timed) in measured.items():
                times[name].append(1000 * timed(Path(folder) / "db.json") / number)
    print(f"{'':52}{'buyers':>8}  ms per buyer")
    for name, (number, _) in measured.items():
        aimed = name.startswith("pool of 2: 1 ticket")
        aim = f"   aim {AIM_MS}" if aimed else ""
        each = statistics.median(times[name])
        print(f"{name:52}{number:8,}  {each:12.4f}{aim}")
        if aimed:
            tell(Aim(f"{number:,} purchases, {name}", f"under {AIM_MS} ms each", f"{each:.4f} ms", each < AIM_MS))


if __name__ == "__main__":
    main()
