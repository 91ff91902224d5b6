"""One contest: buyers of one way buy as often as they can for so many seconds, and all that is measured of it.

    python benchmarks/contest.py WAY BUYERS FOLDER SECONDS

prints one line of JSON. Each contest has an interpreter of its own, so that what one way imports weighs on no other.
The buyers are forked from it, buy one ticket each to warm up, and wait for each other at a gate.
"""

import json
import os
import resource
import signal
import sys
import time
import traceback
from array import array
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from way import Way
from ways import WAYS

TICKETS = 100_000_000
MOST_PER_SECOND = 600_000
GRACE_S = 30
"""Who has not ended so long after the end is ended by its alarm, and the contest has no result."""


@dataclass(frozen=True)
class Figures:
    """What one contest showed.

    `rate` is purchases per second that ended in time. `p50_ms`, `p99_ms` and `longest_ms` are of whole purchases, the
    wait included. `share` is what the least served buyer bought against the most served. `cpu_us` is processor time
    per purchase, the system's included, and `grown_mb` by how much a buyer's resident memory was at most larger than
    that of a buyer that does nothing.
    """

    rate: float
    p50_ms: float
    p99_ms: float
    longest_ms: float
    share: float
    cpu_us: float
    grown_mb: float


@dataclass(frozen=True)
class Part:
    """What one buyer did: how many purchases ended in time, what it used, and how long each purchase took, in ns."""

    in_time: int
    cpu_s: float
    peak_kb: int
    took_ns: "array[int]"


def contest(way: Way, buyers: int, folder: Path, seconds: float) -> Figures:
    """Hold one contest in an empty folder; fails where a sale was lost or a buyer did not end."""
    empty = Crowd(1, lambda: took_of(lambda: False, seconds)).parts()[0]
    way.prepare(folder, TICKETS)

    def run_buyer() -> Part:
        return took_of(way.buy, seconds)

    parts = Crowd(buyers, run_buyer, lambda: (way.enter(), way.buy())).parts()
    bought = buyers + sum(len(part.took_ns) for part in parts)
    assert way.left() == TICKETS - bought, f"{bought} acknowledged, {TICKETS - way.left()} sold"
    took = sorted(took for part in parts for took in part.took_ns)
    served = [part.in_time for part in parts]
    return Figures(
        rate=sum(served) / seconds,
        p50_ms=took[len(took) // 2] / 1e6,
        p99_ms=took[len(took) * 99 // 100] / 1e6,
        longest_ms=took[-1] / 1e6,
        share=min(served) / (max(served) or 1),
        cpu_us=sum(part.cpu_s for part in parts) / len(took) * 1e6,
        grown_mb=(max(part.peak_kb for part in parts) - empty.peak_kb) / 1024,
    )


def took_of(buy: Callable[[], bool], seconds: float) -> Part:
    """Buy until the time is over or nothing is left."""
    room = int(seconds * MOST_PER_SECOND)
    took, number, clock = array("Q", [0]) * room, 0, time.perf_counter_ns
    used = cpu_s()
    before = clock()
    end = before + int(seconds * 1e9)
    while before < end and number < room and buy():
        after = clock()
        took[number] = after - before
        number, before = number + 1, after
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Part(number - (before > end), cpu_s() - used, peak_kb, took[:number])


def cpu_s() -> float:
    """Return the processor time of this process, the system's for it included."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class Crowd:
    """So many processes that get ready, wait for each other, work, and report."""

    def __init__(self, number: int, work: Callable[[], Part], ready: Callable[[], object] = lambda: None) -> None:
        self.work, self.ready = work, ready
        self.said, self.saying = os.pipe()
        self.waiting, self.gate = os.pipe()
        self.reports = [self.started() for _ in range(number)]
        os.close(self.saying)
        for _ in range(number):
            assert os.read(self.said, 1), "a buyer failed before the start"

    def started(self) -> int:
        """Start one process and return where its report will be read."""
        reading, writing = os.pipe()
        if os.fork() == 0:
            try:
                os.close(self.gate)
                self.run_buyer(writing)
            except BaseException:  # noqa: BLE001 - a forked process must never return to its parent's code
                traceback.print_exc()
            finally:
                os._exit(0)
        os.close(writing)
        return reading

    def run_buyer(self, writing: int) -> None:
        """Be one of the processes."""
        signal.alarm(GRACE_S)
        self.ready()
        os.write(self.saying, b".")
        os.read(self.waiting, 1)  # ends when the parent closes the gate
        part = self.work()
        facts = {name: value for name, value in vars(part).items() if name != "took_ns"}
        with os.fdopen(writing, "wb") as report:
            report.write(json.dumps(facts).encode() + b"\n" + part.took_ns.tobytes())

    def parts(self) -> list[Part]:
        """Open the gate and return what each process did."""
        os.close(self.gate)
        parts = [read(report) for report in self.reports]
        for _ in parts:
            os.wait()
        return parts


def read(report: int) -> Part:
    """Return the report of one process; fails where it ended without one."""
    took = array("Q")
    with os.fdopen(report, "rb") as lines:
        facts = lines.readline()
        assert facts, "a buyer ended without a report"
        took.frombytes(lines.read())
    return Part(took_ns=took, **json.loads(facts))


def main() -> None:
    """Hold the contest that the command line asks for."""
    name, buyers, folder, seconds = sys.argv[1:]
    print(json.dumps(asdict(contest(WAYS[name](), int(buyers), Path(folder), float(seconds)))))


if __name__ == "__main__":
    main()
