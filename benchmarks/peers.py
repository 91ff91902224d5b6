"""Purchases under a lock by 1, 2, 4 and 8 processes at once: ours, other people's libraries, and by hand.

    python benchmarks/peers.py                  about ten minutes
    python benchmarks/peers.py --quick          about one, for a look
    python benchmarks/peers.py --only SQLite    ours and the ways with that word in their names

Needs what is in benchmarks/peers.txt; what is not installed is left out, and said. Every way has a turn with the same
number of buyers on the same disk in each round, forwards and backwards by turns, so that other work on the machine
meets all of them; figures are medians of the rounds, and a ratio is taken within a round before its median is. That no
ticket was lost is asserted in every contest.
"""

import argparse
import contextlib
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import fields
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

import aims
from aims import Aim
from contest import GRACE_S, Figures
from ways import DURABLE, FAIR, FLOCK, HAND, LEAN, LEAN_DURABLE, LIBRARY, OURS, ROLLBACK, TINYDB, TUTORIAL, WAYS

CONTEST = Path(__file__).with_name("contest.py")
MEMORY = Path("/dev/shm")  # noqa: S108 - the folder in memory that Linux has
BUYERS, SECONDS, ROUNDS = (1, 2, 4, 8), 0.5, 5
QUICK_BUYERS, QUICK_SECONDS, QUICK_ROUNDS = (1, 8), 0.25, 1
EVEN = 0.5

Measured = dict[tuple[str, int, str], list[Figures]]
"""The rounds of each disk, number of buyers, and way."""


class Race(NamedTuple):
    """One aim, in words and as a number: how many times as many as the second the first has to sell; 0 for no aim."""

    name: str
    first: str
    second: str
    aim: str
    times: float


RACES = [
    Race("ours / the tutorial's way", OURS, TUTORIAL, "5x", 5.0),
    Race("ours / TinyDB behind filelock", OURS, TINYDB, "ahead", 1.0),
    Race("ours / SQLite, rollback journal", OURS, ROLLBACK, "ahead", 1.0),
    Race("ours / the same library, temporary file, replace by hand", OURS, LIBRARY, "0.9x", 0.9),
    Race("lock flock / flock, temporary file, replace by hand", FLOCK, HAND, "0.8x", 0.8),
    Race("lock flock / the leanest by hand", FLOCK, LEAN, "-", 0.0),
    Race("lock fair / lock flock", FAIR, FLOCK, "-", 0.0),
    Race("lock flock, durable / the leanest by hand, durable", DURABLE, LEAN_DURABLE, "0.83x (1 / 1.2)", 1 / 1.2),
    Race("lock flock, durable / SQLite, rollback journal", DURABLE, ROLLBACK, "-", 0.0),
]


def disks(real: Path) -> Iterator[tuple[str, Path]]:
    """Yield the disks by name; a machine without a disk in memory has only the real one."""
    if MEMORY.is_dir():
        yield "memory disk", MEMORY
    yield "real disk", real


def held(way: str, buyers: int, disk: Path, seconds: float) -> Figures | None:
    """Hold one contest in an interpreter and a folder of its own; None where the way's library is not installed."""
    with tempfile.TemporaryDirectory(prefix=".peers-", dir=disk) as folder:
        os.sync()  # what the last one left to write is no burden of this one
        command = [sys.executable, str(CONTEST), way, str(buyers), folder, str(seconds)]
        limit_s = seconds + 2 * GRACE_S
        ran = subprocess.run(command, capture_output=True, text=True, timeout=limit_s, check=False)
    if "ModuleNotFoundError" in ran.stderr:
        return None
    if ran.returncode:
        raise SystemExit(f"{way}, {buyers} buyers: no result\n{ran.stderr}")
    return Figures(**json.loads(ran.stdout))


def measure(options: argparse.Namespace) -> Measured:
    """Hold every contest of every round, in turn."""
    ways = [way for way in WAYS if way == OURS or options.only.lower() in way.lower()]
    measured: Measured = {}
    for number in range(options.rounds):
        for disk, folder in disks(options.disk):
            for buyers in options.buyers:
                print(f"round {number + 1}, {disk}, {crowd_of(buyers)}", file=sys.stderr)
                for way in ways[:: -1 if number % 2 else 1]:
                    figures = held(way, buyers, folder, options.seconds)
                    if figures is None:
                        ways.remove(way)
                        print(f"{way}: not measured; install what is in benchmarks/peers.txt")
                    else:
                        measured.setdefault((disk, buyers, way), []).append(figures)
    return measured


def crowd_of(buyers: int) -> str:
    """Return so many buyers in words."""
    return f"{buyers} buyer{'s' * (buyers > 1)}"


def ratio(measured: Measured, disk: str, buyers: int, first: str, second: str) -> float:
    """Return how many times as many purchases the first way makes: the median of the rounds' ratios."""
    pairs = zip(measured[disk, buyers, first], measured[disk, buyers, second], strict=True)
    return statistics.median(ours.rate / theirs.rate for ours, theirs in pairs)


def median(rounds: list[Figures]) -> Figures:
    """Return the median of each figure."""
    return Figures(*(statistics.median(getattr(one, field.name) for one in rounds) for field in fields(Figures)))


def table(measured: Measured, disk: str, buyers: int) -> Iterator[str]:
    """Yield the lines of one disk and number of buyers."""
    yield f"{disk}, {crowd_of(buyers)}"
    head = f"{'':36}{'per second':>10}{'ours is':>9}{'p50':>9}{'p99':>9}{'longest':>9}"
    yield f"{head}{'least/most':>12}{'CPU':>8}{'memory':>8}"
    for (where, crowd, way), rounds in measured.items():
        if (where, crowd) == (disk, buyers):
            shown, times = median(rounds), ratio(measured, disk, buyers, OURS, way)
            waits = f"{shown.p50_ms:>9.3f}{shown.p99_ms:>9.3f}{shown.longest_ms:>9.1f}"
            rest = f"{shown.share:>12.2f}{shown.cpu_us:>8.1f}{shown.grown_mb:>8.1f}"
            yield f"{way:36}{shown.rate:>10,.0f}{times:>8.2f}x{waits}{rest}"
    yield ""


def raced(measured: Measured, race: Race, disk: str, crowds: list[int]) -> Aim:
    """Return whether one way is as many times as fast as another as it has to be, with every number of buyers."""
    ratios = {buyers: ratio(measured, disk, buyers, race.first, race.second) for buyers in crowds}
    reached = ", ".join(f"{times:.2f}x" for times in ratios.values()) + f" ({buyers_in(crowds)})"
    # On a disk in memory a flush takes no time, so there is nothing to ask of those who flush.
    if not race.times or (race.first == DURABLE and disk == "memory disk"):
        return Aim(f"{race.name}, {disk}", "-", reached, None)
    return Aim(f"{race.name}, {disk}", race.aim, reached, min(ratios.values()) >= race.times)


def buyers_in(crowds: list[int]) -> str:
    """Return the numbers of buyers as they are read aloud."""
    return f"{', '.join(map(str, crowds))} buyers"


def fair(measured: Measured, disk: str, buyers: int) -> Aim:
    """Return whether the least served buyer gets its share, and how long anybody waited."""
    shown = median(measured[disk, buyers, FAIR])
    reached = f"{shown.share:.2f}; longest wait {shown.longest_ms:.1f} ms"
    return Aim(f"lock fair: least against most served of {buyers}, {disk}", f"{EVEN}", reached, shown.share >= EVEN)


def reached(measured: Measured) -> Iterator[Aim]:
    """Yield what was asked for and what was reached, as far as it was measured."""
    places = dict.fromkeys(disk for disk, _, _ in measured)
    crowds = sorted({buyers for _, buyers, _ in measured})
    for race in RACES:
        for disk in places:
            if all((disk, crowds[0], way) in measured for way in (race.first, race.second)):
                yield raced(measured, race, disk, crowds)
    for disk in places:
        if (disk, crowds[-1], FAIR) in measured:
            yield fair(measured, disk, crowds[-1])


def versions() -> str:
    """Return which libraries were measured, as far as they are installed."""
    found = [f"SQLite {sqlite3.sqlite_version}"]
    for name in ("filelock", "tinydb", "diskcache", "portalocker", "fasteners"):
        with contextlib.suppress(PackageNotFoundError):
            found.append(f"{name} {version(name)}")
    return ", ".join(found)


def asked() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few buyers, short contests, one round")
    parser.add_argument("--rounds", type=int, help=f"how often everything is measured ({ROUNDS})")
    parser.add_argument("--seconds", type=float, help=f"how long one contest lasts ({SECONDS})")
    parser.add_argument("--buyers", type=int, nargs="+", help=f"numbers of buyers ({BUYERS})")
    parser.add_argument("--disk", type=Path, default=Path(), help="a folder on a real disk (the current one)")
    parser.add_argument("--only", default="", help="only ours and the ways with this in their names")
    options = parser.parse_args()
    options.rounds = options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS)
    options.seconds = options.seconds or (QUICK_SECONDS if options.quick else SECONDS)
    options.buyers = options.buyers or (QUICK_BUYERS if options.quick else BUYERS)
    return options


def main() -> None:
    """Measure everything and print the tables."""
    options = asked()
    measured = measure(options)
    print(f"Rounds of {options.seconds:g} s: {options.rounds}. Waits: ms, of whole purchases. CPU: us for a purchase.")
    print("Memory: MB that a buyer's process grows. Least/most: purchases of the least and the most served.")
    print(f"{versions()}.\n")
    for disk, buyers in dict.fromkeys((disk, buyers) for disk, buyers, _ in measured):
        print("\n".join(table(measured, disk, buyers)))
    found = list(reached(measured))
    print(aims.table(found))
    aims.tell(*found)


if __name__ == "__main__":
    main()
