"""How long an exploration takes and how much memory, against their aims, and beside other tools.

    python benchmarks/explore.py                           every case, each in a process of its own
    python benchmarks/explore.py --frontrun PROGRAM        the `frontrun` program of the environment that has it

The tools explore the same buyers: read, then write one less if a ticket is left; one ticket, no lock. SPIN is
used when `spin` and `gcc` can be found. What is missing is said, and nothing is quoted that was not measured here.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Timer
from typing import NamedTuple

from aims import MISSED, Aim, tell

from booking.explorer import Advisor, World, explore
from booking.scenario import Scenario

PEER_LIMIT_S = 60.0
SPIN_BUYERS = (4, 6, 8, 10)
FRONTRUN_BUYERS = (2, 3)


class Case(NamedTuple):
    """One exploration with its aims: seconds, and megabytes of memory where there is an aim for that."""

    name: str
    scenario: Scenario
    aim_s: float
    aim_mb: float | None = None
    first_witness: bool = False


CASES = [
    Case("first witness, 10 buyers", Scenario(10), 0.01, first_witness=True),
    Case("first witness, 1000 buyers", Scenario(1000), 0.01, first_witness=True),
    Case("first witness, 10000 buyers", Scenario(10_000), 0.01, first_witness=True),
    Case("lock, 20 buyers", Scenario(20, lock="mp"), 0.1),
    Case("no lock, 10 buyers", Scenario(10), 0.05),
    Case("no lock, 20 buyers", Scenario(20), 1.0),
    Case("no lock, 40 buyers", Scenario(40), 20.0, 500.0),
    Case("in place, 10 buyers", Scenario(10, store="inplace"), 0.5),
    Case("in place, 20 buyers", Scenario(20, store="inplace"), 10.0),
    Case("no lock, 10 buyers, 5 tickets", Scenario(10, 5), 5.0),
]

PROMELA = """
byte count = 1, sold = 0;
active [BUYERS] proctype buyer() {
  byte seen = 0;
  seen = count;
  d_step { if :: seen > 0 -> count = seen - 1; sold++ :: else fi; assert(sold <= BUYERS); seen = 0 }
  end: false
}
"""

FRONTRUN = """
import json, sys, frontrun

class Sale:
    def __init__(self):
        self.count = 1
        self.sold = []

def buyer(sale):
    seen = sale.count
    if seen > 0:
        sale.count = seen - 1
        sale.sold.append(1)

result = frontrun.explore(Sale, buyer, lambda sale: len(sale.sold) <= 1, count=int(sys.argv[1]),
                          preemption_bound=None, stop_on_first=False, reproduce_on_failure=0)
print(json.dumps(result.num_explored))
"""


class Ran(NamedTuple):
    """How a program ran: wall-clock seconds, megabytes at the peak, and what it printed, None if it was ended."""

    seconds: float
    megabytes: float
    output: str | None


def run(command: Sequence[str], folder: Path, limit_s: float) -> Ran:
    """Run a program and measure it alone; after `limit_s` seconds it is ended."""
    before = time.perf_counter()
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        timer = Timer(limit_s, process.kill)
        timer.start()
        output = process.stdout.read() if process.stdout else b""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        timer.cancel()
    seconds = time.perf_counter() - before
    return Ran(seconds, usage.ru_maxrss / 1024, None if process.returncode < 0 else output.decode())


def seconds_of(work: Callable[[], object]) -> float:
    """Return how long the work took."""
    before = time.perf_counter()
    work()
    return time.perf_counter() - before


def explore_case(number: int) -> None:
    """Explore one case in this process and print the seconds, without those of starting Python."""
    case = CASES[number]
    if case.first_witness:
        print(seconds_of(lambda: Advisor(case.scenario).hint(World.before(case.scenario))))
    else:
        print(seconds_of(lambda: explore(case.scenario)))


def print_cases(folder: Path) -> bool:
    """Print each case beside its aim, tell how many were met, and return whether all were."""
    print(f"{'exploration':<31}{'seconds':>9}{'aim':>8}{'MB':>7}{'aim':>7}")
    bad = []
    for number, case in enumerate(CASES):
        ran = run([sys.executable, __file__, "--case", str(number)], folder, 10 * case.aim_s + 60)
        seconds = float(ran.output) if ran.output else ran.seconds
        good = seconds < case.aim_s and (case.aim_mb is None or ran.megabytes < case.aim_mb)
        aim_mb = f"{case.aim_mb:.0f}" if case.aim_mb else "-"
        missed = "" if good else "  missed"
        bad += [] if good else [case.name]
        print(f"{case.name:<31}{seconds:>9.4f}{case.aim_s:>8}{ran.megabytes:>7.0f}{aim_mb:>7}{missed}")
    reached = f"{len(CASES) - len(bad)}" + (f", not {'; '.join(bad)}" if bad else "")
    tell(Aim("explorations within their time and memory", f"all {len(CASES)}", reached, not bad))
    return not bad


def print_peer_row(tool: str, buyers: int, what: str, ran: Ran) -> None:
    """Print one row of the comparison."""
    ended = what if ran.output is not None else f"unfinished after {PEER_LIMIT_S:.0f} s"
    print(f"{tool:<12}{buyers:>7}{ran.seconds:>10.3f}{ran.megabytes:>7.0f}  {ended}")


def print_ours(folder: Path) -> None:
    """Print how this explorer does on the peers' buyers, Python's start included."""
    program = "import sys; from booking.explorer import explore; from booking.purchase import buy; "
    program += "from booking.scenario import Scenario; e = explore(Scenario(int(sys.argv[1])), program=buy); "
    program += "print(e.states, 'states,', e.exhausted and 'exhausted')"
    for buyers in (*FRONTRUN_BUYERS, *SPIN_BUYERS, 20, 40):
        ran = run([sys.executable, "-c", program, str(buyers)], folder, PEER_LIMIT_S)
        print_peer_row("booking", buyers, (ran.output or "").strip(), ran)


def print_spin(folder: Path) -> None:
    """Print how SPIN does, without the time that it takes to translate and compile the model."""
    spin, compiler = shutil.which("spin"), shutil.which("gcc")
    if not spin or not compiler:
        print("spin        not measured: install spin and gcc, for example from Debian")
        return
    for buyers in SPIN_BUYERS:
        (folder / "sale.pml").write_text(PROMELA.replace("BUYERS", str(buyers)), "utf-8")
        subprocess.run([spin, "-a", "sale.pml"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        subprocess.run([compiler, "-O2", "-DSAFETY", "-o", "pan", "pan.c"], cwd=folder, check=True)
        ran = run([str(folder / "pan"), "-m10000", "-w24"], folder, PEER_LIMIT_S)
        stored = next((line.split()[0] for line in (ran.output or "").splitlines() if "states, stored" in line), "?")
        print_peer_row("spin", buyers, f"{stored} states, exhausted", ran)


def print_frontrun(folder: Path, program: str | None) -> None:
    """Print how frontrun does: threads in memory, every interleaving that differs."""
    if not program:
        print("frontrun    not measured: install frontrun, and name its program with --frontrun")
        return
    (folder / "sale.py").write_text(FRONTRUN, "utf-8")
    for buyers in FRONTRUN_BUYERS:
        ran = run([program, "python", "sale.py", str(buyers)], folder, PEER_LIMIT_S)
        explored = json.loads(ran.output.splitlines()[-1]) if ran.output else 0
        print_peer_row("frontrun", buyers, f"{explored} interleavings, {explored / ran.seconds:.0f} a second", ran)


def main() -> int:
    """Print both tables and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", type=int, help="explore one case in this process and print the seconds")
    parser.add_argument("--frontrun", default=shutil.which("frontrun"), help="the program `frontrun`")
    options = parser.parse_args()
    if options.case is not None:
        explore_case(options.case)
        return 0
    with tempfile.TemporaryDirectory() as name:
        met = print_cases(Path(name))
        print(f"\n{'tool':<12}{'buyers':>7}{'seconds':>10}{'MB':>7}  read, then write; one ticket, no lock")
        print_ours(Path(name))
        print_spin(Path(name))
        print_frontrun(Path(name), options.frontrun)
    return 0 if met else MISSED


if __name__ == "__main__":
    sys.exit(main())
