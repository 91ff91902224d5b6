"""How long one replayed schedule of two buyers takes, and whether every schedule agrees with the model.

    python benchmarks/replay.py           a table of medians, with kept-alive buyers
    python benchmarks/replay.py --all     plays every schedule of 2 and 3 buyers for every lock and store, too

The aim is less than 20 ms at the median. `--all` takes a quarter of an hour; it ends with status 1 at the
first step in which real processes do something else than the model said.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from multiprocessing import get_all_start_methods
from pathlib import Path

from aims import Aim, tell

from booking.history.schedule import Schedule, parse
from booking.model.world import World
from booking.registry import LOCKS, STORES
from booking.replayer.stage import Stage
from booking.scenario import Scenario

AIM_MS = 20.0
ROUNDS = 300
RACE = "1,2,1,2,1,2"
WAITING = "1,2,1,2,1,1,1,2,2,2"
DYING = "1,2,1,-1"


def every_schedule(world: World, turns: Schedule = ()) -> Iterator[Schedule]:
    """Yield every order in which all buyers can take all their steps."""
    movable = world.movable()
    if not movable:
        yield turns
    for buyer in movable:
        yield from every_schedule(world.move(buyer)[0], (*turns, buyer))


def scenarios() -> Iterator[Scenario]:
    """Yield 2 and 3 buyers for every lock and store; the semaphore with one and with two permits."""
    for buyers in (2, 3):
        for lock in LOCKS:
            for store in STORES:
                for permits in (1, 2) if lock == "semaphore" else (1,):
                    yield Scenario(buyers, 1, lock, store, permits=permits)


def times_ms(scenario: Scenario, schedule: str, method: str, db: Path, rounds: int) -> list[float]:
    """Return how long each of so many replays took, in milliseconds; the first starts the buyers."""
    taken = []
    with Stage(scenario, db=db, start_method=method) as stage:
        for _ in range(rounds):
            before = time.perf_counter()
            stage.play(parse(schedule))
            taken.append((time.perf_counter() - before) * 1000)
    return taken


def measure(db: Path) -> None:
    """Print the table of medians, and tell the slowest of those who need no new buyers."""
    print(f"One schedule of 2 buyers on real processes, {ROUNDS} times; aim: under {AIM_MS:g} ms at the median")
    print(f"{'start':<12}{'lock':<8}{'schedule':<22}{'first':>9}{'median':>10}{'99 in 100':>12}")
    slowest = 0.0
    for method in get_all_start_methods():
        for lock, schedule, rounds in (("none", RACE, ROUNDS), ("mp", WAITING, ROUNDS), ("file", WAITING, ROUNDS)):
            taken = times_ms(Scenario(2, lock=lock), schedule, method, db, rounds)
            slowest = max(slowest, statistics.median(taken))
            show(method, lock, schedule, taken)
        rounds = ROUNDS // 10 if method == "fork" else 5
        show(method, "mp", DYING, times_ms(Scenario(2, lock="mp"), DYING, method, db, rounds))
    print(f"({DYING}: buyer 1 dies with the lock, so every replay needs new buyers and a new lock.)")
    tell(Aim("one replay where all buyers live on", f"under {AIM_MS:g} ms", f"{slowest:.2f} ms", slowest < AIM_MS))


def show(method: str, lock: str, schedule: str, taken: list[float]) -> None:
    """Print one row."""
    median, slow = statistics.median(taken), sorted(taken)[len(taken) * 99 // 100]
    print(f"{method:<12}{lock:<8}{schedule:<22}{taken[0]:>6.1f} ms{median:>7.2f} ms{slow:>9.2f} ms", flush=True)


def play_all(db: Path) -> None:
    """Play every schedule of every scenario; `Stage.play` raises at the first step that differs."""
    total = 0
    for scenario in scenarios():
        before = time.perf_counter()
        with Stage(scenario, db=db) as stage:
            count = sum(1 for schedule in every_schedule(World.before(scenario)) if stage.play(schedule))
        total += count
        name = f"{scenario.buyers} buyers, {scenario.lock}:{scenario.permits}, {scenario.store}"
        print(f"{name:<32}{count:>9,} schedules agree {time.perf_counter() - before:>8.1f} s", flush=True)
    print(f"All {total:,} schedules agree with the model.")


def main() -> None:
    """Measure, and with --all play everything."""
    with tempfile.TemporaryDirectory() as folder:
        db = Path(folder) / "db.json"
        measure(db)
        if "--all" in sys.argv[1:]:
            play_all(db)


if __name__ == "__main__":
    main()
