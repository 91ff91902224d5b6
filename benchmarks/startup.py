"""How quickly a sale starts and ends, against bare scripts that do the least that is possible.

    python benchmarks/startup.py [ROUNDS]

All rows take turns, ours and its limit one after the other, so that other work on the machine meets all; medians of all
rounds (7), and the median of the ratios of each round. The limits: an empty program with the same typer, a script
that forks so many processes that do nothing, the same from an interpreter with our modules in it whose processes buy
by hand, and a script in which ten processes take the kernel's own flock.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from aims import Aim, tell

BUYERS, MANY, HOLD_S = 10, 1000, 0.01

EMPTY_TYPER = """
import typer
app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
@app.command()
def main() -> None: pass
app(standalone_mode=False)
"""

BARE_FORKS = """
import os, sys
waiting, gate = os.pipe()
for _ in range(int(sys.argv[1])):
    if os.fork() == 0:
        os.close(gate)
        os.read(waiting, 1)
        os._exit(0)
os.close(gate)
while True:
    try: os.wait()
    except ChildProcessError: break
"""

FORKS_THAT_BUY = """
import json, os, sys, time
import booking.simulation.sale, booking.reports.timeline, booking.scenario, booking.history.verdict
def buy():
    descriptor = os.open("bare.json", os.O_RDONLY)
    document = json.loads(os.read(descriptor, 4096))
    os.close(descriptor)
    if document["count"] > 0:
        document["count"] -= 1
        temporary = f"bare.json.{os.getpid()}"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        os.write(descriptor, json.dumps(document).encode())
        os.close(descriptor)
        os.replace(temporary, "bare.json")
started = time.monotonic()
with open("bare.json", "w") as file: file.write('{"count": 1}')
waiting, gate = os.pipe()
for _ in range(int(sys.argv[1])):
    if os.fork() == 0:
        os.close(gate)
        os.read(waiting, 1)
        buy()
        os._exit(0)
os.close(gate)
while True:
    try: os.wait()
    except ChildProcessError: break
print(time.monotonic() - started)
"""

BARE_FLOCK = """
import fcntl, os, sys, time
waiting, gate = os.pipe()
for _ in range(10):
    if os.fork() == 0:
        os.close(gate)
        lock = os.open("bare.lock", os.O_RDWR | os.O_CREAT)
        os.read(waiting, 1)
        fcntl.flock(lock, fcntl.LOCK_EX)
        time.sleep(float(sys.argv[1]))
        fcntl.flock(lock, fcntl.LOCK_UN)
        os._exit(0)
time.sleep(0.2)
started = time.monotonic()
os.close(gate)
for _ in range(10): os.wait()
print(time.monotonic() - started)
"""

OUR_LOCK = """
import sys
from booking import Scenario, simulate
print(simulate(Scenario(10, 10, "flock", pay=(float(sys.argv[1]),) * 2), db="db.json").elapsed_s)
"""

OUR_BUYERS = """
import resource, sys, time
from booking.simulation.sale import simulate
from booking.reports.timeline import render
from booking.scenario import Scenario
from booking.history.verdict import judge
started = time.monotonic()
history = simulate(Scenario(int(sys.argv[1]), pay=(0, 0)), db="db.json")
print(render(history, judge(history)), file=sys.stderr)
print(time.monotonic() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


class Row(NamedTuple):
    """One comparison: what we measured, in which unit, beside which limit, and the aim for the ratio."""

    name: str
    unit: str
    ours: Callable[[], float]
    limit: Callable[[], float]
    aim: float


def ran(script: str, *arguments: object) -> str:
    """Run a script in a fresh interpreter and return what it printed."""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def wall_ms(*commands: Sequence[str]) -> float:
    """Return how long these commands take one after the other, from start to end, in milliseconds."""
    started = time.perf_counter()
    for command in commands:
        subprocess.run(command, capture_output=True, check=True)
    return (time.perf_counter() - started) * 1e3


def booking(*arguments: str) -> list[str]:
    """Return the command line of the console script beside this interpreter."""
    return [str(Path(sys.executable).with_name("booking")), *arguments]


def python(script: str, *arguments: object) -> list[str]:
    """Return the command line of a script in a fresh interpreter."""
    return [sys.executable, "-c", script, *map(str, arguments)]


SALE = ("run", "--db", "db.json", "--pay", "0", "--buyers")
ROWS = [
    Row("booking --version / an empty typer program", "ms", lambda: wall_ms(booking("--version")),
        lambda: wall_ms(python(EMPTY_TYPER)), 1.2),
    Row("booking run, one buyer / an empty typer program", "ms", lambda: wall_ms(booking(*SALE, "1")),
        lambda: wall_ms(python(EMPTY_TYPER)), 1.5),
    Row("booking run, 10 buyers / 10 bare forks and an empty typer program", "ms",
        lambda: wall_ms(booking(*SALE, str(BUYERS))),
        lambda: wall_ms(python(BARE_FORKS, BUYERS), python(EMPTY_TYPER)), 2.0),
    Row("10 buyers hold flock 10 ms each / flock by hand", "ms",
        lambda: float(ran(OUR_LOCK, HOLD_S)) * 1e3, lambda: float(ran(BARE_FLOCK, HOLD_S)) * 1e3, 1.1),
    Row("1,000 buyers, per buyer / 1,000 bare forks", "ms",
        lambda: float(ran(OUR_BUYERS, MANY).split()[0]) * 1e3 / MANY,
        lambda: wall_ms(python(BARE_FORKS, MANY)) / MANY, 1.6),
    Row("1,000 buyers, per buyer / 1,000 forks of the same that buy by hand", "ms",
        lambda: float(ran(OUR_BUYERS, MANY).split()[0]) * 1e3 / MANY,
        lambda: float(ran(FORKS_THAT_BUY, MANY)) * 1e3 / MANY, 2.0),
]  # fmt: skip


def measured(rounds: int) -> list[list[tuple[float, float]]]:
    """Return for each row what ours and its limit took in each round; all rows take turns."""
    for row in ROWS:
        row.ours(), row.limit()  # once in vain: the first run of a new version compiles it
    every = [[(row.ours(), row.limit()) for row in ROWS] for _ in range(rounds)]
    return [list(pairs) for pairs in zip(*every, strict=True)]


def line(row: Row, pairs: list[tuple[float, float]]) -> str:
    """Tell whether the aim of one comparison was reached, and return its line of the table."""
    ours, limit = (statistics.median(values) for values in zip(*pairs, strict=True))
    ratio = statistics.median(ours / limit for ours, limit in pairs)
    best = min(ours for ours, _ in pairs) / min(limit for _, limit in pairs)
    reached = "yes" if ratio <= row.aim else "no"
    tell(Aim(row.name, f"at most {row.aim}x", f"{ratio:.2f}x ({ours:.2f} / {limit:.2f} {row.unit})", ratio <= row.aim))
    return f"{row.name:<66}{ours:>9.2f}{limit:>9.2f} {row.unit}{ratio:>7.2f}{best:>7.2f}{row.aim:>6.1f}  {reached}"


def many_buyers() -> list[str]:
    """Return what a thousand buyers cost in all, and how much memory their parent takes."""
    seconds, megabytes = map(float, ran(OUR_BUYERS, MANY).split())
    each = seconds * 1e3 / MANY
    tell(Aim("1,000 buyers: their parent's memory", "at most 60 MB", f"{megabytes:.0f} MB", megabytes <= 60))
    return [
        f"1,000 buyers, fork: {each:.2f} ms each (aim 2.5: {'yes' if each <= 2.5 else 'no'})",
        f"their parent: {megabytes:.0f} MB at most (aim 60: {'yes' if megabytes <= 60 else 'no'})",
    ]


def spawned_buyers() -> str:
    """Return how many of two spawned buyers import the command line: each imported name is printed once a process."""
    command = [sys.executable, "-X", "importtime", *booking(*SALE, "2", "--start-method", "spawn")]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    names = [line.rpartition("|")[2].strip() for line in printed.splitlines()]
    assert names.count("booking.simulation.buyer") > 1, "the buyers were not spawned"
    times = {name: names.count(name) for name in ("typer", "rich")}
    reached = f"typer {times['typer'] - 1}, rich {times['rich']}"  # the parent is the one that needs typer
    tell(Aim("spawned buyers that import typer or rich", "none", reached, times == {"typer": 1, "rich": 0}))
    return f"spawned buyers, of 2, that import typer or rich: {reached} (aim 0)"


def main() -> None:
    """Print the table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # nobody who starts a program twice has it compiled twice
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors, {rounds} rounds, medians\n")
    print(f"{'ours / limit':<66}{'ours':>9}{'limit':>9}   {'ratio':>7}{'best':>7}{'aim':>6}  reached")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for row, pairs in zip(ROWS, measured(rounds), strict=True):
            print(line(row, pairs))
        print("\n" + "\n".join([*many_buyers(), spawned_buyers()]))
        os.chdir("/")


if __name__ == "__main__":
    main()
