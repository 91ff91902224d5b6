"""Run every benchmark, one after the other, and write what they print into RESULTS.md.

    python benchmarks/results.py                    all of them, about twenty minutes
    python benchmarks/results.py peers startup      only these: the other blocks stay as they are
    python benchmarks/results.py --quick --to FILE  short forms, into another file, to see that everything runs

Everything that is measured stands between two markers, `<!-- NAME -->` and `<!-- /NAME -->`, and is written anew;
what stands outside of them is prose, and stays. Before each benchmark the processors are watched for a second: where
other work keeps them busy, the block says so.
"""

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import aims
from aims import MISSED, Aim

HERE = Path(__file__).parent
QUIET = 0.1
"""The share of the processors that other work may take."""


class Benchmark(NamedTuple):
    """One script of this folder: the title of its section, and what it is given in full and in short."""

    title: str
    full: tuple[str, ...] = ()
    short: tuple[str, ...] = ()


BENCHMARKS = {
    "startup": Benchmark("Start-up and many buyers", ("15",), ("1",)),
    "peers": Benchmark("Purchases under a lock, against other libraries and by hand", (), ("--quick",)),
    "polling": Benchmark("How often `--lock file` asks", (), ("--rounds", "1", "--buyers", "10")),
    "growth": Benchmark("Many tickets sold", (), ("10000",)),
    "pool": Benchmark("The pool, the clerks", ("100000", "300", "3"), ("10000", "50", "1")),
    "explore": Benchmark("Explorations, and other tools on the same model"),
    "replay": Benchmark("Replay"),
    "live": Benchmark("The live view"),
    "office": Benchmark("The office", (), ("20", "5", "10")),
    "torture": Benchmark("Torture", (), ("--quick",)),
}


class Block(NamedTuple):
    """What one benchmark gave: the text for its section, and its aims."""

    text: str
    aims: list[Aim]


def measured(name: str, arguments: list[str]) -> Block:
    """Run one benchmark and return what it gave; where it failed, the text says how."""
    busy = others_busy()
    command = [sys.executable, str(HERE / f"{name}.py"), *arguments]
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "aims"
        environment = os.environ | {aims.VARIABLE: str(told)}
        ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment, check=False)
        notes = f"{time.monotonic() - began:.0f} s; other work took {busy:.0%} of the processors before it began"
        if busy > QUIET:
            notes += ": **not a quiet machine, measure again**"
        if ran.returncode not in {0, MISSED}:
            notes += f"; **it ended with status {ran.returncode}**"
        shown = " ".join(["python", f"benchmarks/{name}.py", *map(without_folder, arguments)])
        printed = ran.stdout.strip("\n")
        return Block(f"`{shown}` ({notes})\n\n```text\n{printed}\n```", aims.told(told))


def without_folder(argument: str) -> str:
    """Return an argument as it is shown: a program without the folder in which one machine keeps it."""
    return Path(argument).name if os.sep in argument else argument


def others_busy() -> float:
    """Return the share of the processors that was in use during one second in which this program did nothing."""
    stat = Path("/proc/stat")
    if not stat.exists():
        return os.getloadavg()[0] / (os.cpu_count() or 1)
    before = ticks(stat)
    time.sleep(1)
    idle, total = (after - first for after, first in zip(ticks(stat), before, strict=True))
    return 1 - idle / max(total, 1)


def ticks(stat: Path) -> tuple[int, int]:
    """Return how long the processors were idle and how long they have been there, in ticks: proc(5)."""
    spent = [int(field) for field in stat.read_text("ascii").splitlines()[0].split()[1:9]]
    return spent[3] + spent[4], sum(spent)


def placed(document: str, name: str, text: str, title: str) -> str:
    """Return the document with the text between the markers of this name; a new section where there are none."""
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    if start not in document:
        document = f"{document.rstrip()}\n\n## {title}\n\n{start}\n{end}\n"
    block = f"{start}\n{text}\n{end}"
    return re.sub(f"{re.escape(start)}.*?{re.escape(end)}", lambda _: block, document, count=1, flags=re.DOTALL)


def kept(document: str, name: str) -> list[str]:
    """Return the rows that this benchmark has in the table of aims."""
    return [line for line in document.splitlines() if line.startswith(f"| {name} |")]


def aims_of(document: str, blocks: dict[str, Block]) -> str:
    """Return the table of all aims: new rows for what was measured now, the old ones for the rest."""
    rows = ["| measured by | aim | asked for | reached | met |", "|---|---|---|---|---|"]
    for name in BENCHMARKS:
        if found := blocks[name].aims if name in blocks else []:
            rows += [f"| {name} | {aim.name} | {aim.aim} | {aim.reached} | {aim.verdict} |" for aim in found]
        else:
            rows += kept(document, name)
    return f"{machine()}\n\n" + "\n".join(rows)


def machine() -> str:
    """Return what it was measured on, without any name."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    release = ".".join(platform.release().split(".")[:2])
    return f"{platform.system()} {release}, {os.cpu_count()} processors, {python}."


def asked() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(BENCHMARKS)}; all of them")
    parser.add_argument("--quick", action="store_true", help="give each its short form; nothing to keep")
    parser.add_argument("--to", type=Path, default=HERE / "RESULTS.md", help="the file to write (RESULTS.md)")
    parser.add_argument("--frontrun", default=shutil.which("frontrun"), help="the program `frontrun`, for explore")
    options = parser.parse_args()
    if unknown := set(options.names) - BENCHMARKS.keys():
        parser.error(f"there is no benchmark {min(unknown)!r}; use one of {', '.join(BENCHMARKS)}")
    return options


def main() -> None:
    """Run what is asked for, and write the file after each, so that nothing is lost."""
    options = asked()
    blocks: dict[str, Block] = {}
    for name in options.names or BENCHMARKS:
        if not (HERE / f"{name}.py").exists():
            print(f"{name}: there is no such script here", file=sys.stderr)
            continue
        print(f"{name} ...", file=sys.stderr)
        title, full, short = BENCHMARKS[name]
        arguments = [*(short if options.quick else full)]
        if name == "explore" and options.frontrun:
            arguments += ["--frontrun", options.frontrun]
        blocks[name] = measured(name, arguments)
        document = options.to.read_text("utf-8") if options.to.exists() else "# What was measured\n"
        document = placed(document, "aims", aims_of(document, blocks), "Aims")
        options.to.write_text(placed(document, name, blocks[name].text, title), "utf-8")


if __name__ == "__main__":
    main()
