"""The promises of reliability in their long form: kills, deaths, bad files, full disks and interruptions by thousands.

    python benchmarks/torture.py [--scale SHARE] [--quick] [ROW ...]

The short forms run with the tests, in the same trials (tests/trials). With --scale 0.1 there is a tenth of them, with
--quick a hundredth. Each row says how many trials there were, what was found that was not as promised, and what was
measured on the way. Exit status 0 when every aim was reached, else 3 (1 is a script's that fails).
"""

import argparse
import os
import signal
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, NamedTuple

import promises
from aims import MISSED, Aim, tell
from promises import INTERRUPTIONS, TIMEOUT, Found
from trials.holders import FREED, KEPT
from trials.nemesis import SAFE
from trials.order import EVENTS_EACH
from trials.parents import METHODS
from trials.writers import WRITERS

Share = tuple[Callable[..., Found], tuple[Any, ...]]
KILL = 9
SLOW_TO_COLLECT = ("file-soft",)
"""Locks that no kernel frees: the next one has to wait until the parent has collected the dead."""


class Row(NamedTuple):
    """One promise: its shares at a scale, how many run at once, and what is said of what they found."""

    promise: str
    shares: Callable[[float], list[Share]]
    told: Callable[[Found], list[str]]
    tried: Callable[[Found], str]
    aim: str = "0 wrong"
    at_once: int = os.cpu_count() or 1
    missed: Callable[[Found], bool] = lambda _: False


def scaled(number: int, scale: float) -> int:
    """Return so many times the scale, and one at least."""
    return max(1, round(number * scale))


def split(number: int, parts: int = 2) -> list[int]:
    """Return the number in so many parts, all but the last equal; none of them is 0."""
    each = max(1, number // parts)
    return [each] * min(parts - 1, number - 1) + [number - each * min(parts - 1, number - 1)]


def ms(times: list[float]) -> str:
    """Return the median and the longest of these times."""
    return f"median {statistics.median(times) * 1e3:,.1f} ms, longest {max(times) * 1e3:,.1f} ms"


def percent(part: int, of: int) -> str:
    """Return a share in per cent."""
    return f"{part / max(of, 1):.1%}".replace("%", " %")


def writers_shares(scale: float) -> list[Share]:
    """10,000 kills of each kind of writer."""
    return [
        (promises.kills_of_writers, (name, number, seed))
        for name in WRITERS
        for seed, number in enumerate(split(scaled(10_000, scale)))
    ]


def writers_told(found: Found) -> list[str]:
    """Say how often a writer was hit in its write, and what a store that is written in place holds then."""
    lines = []
    for name in WRITERS:
        kills = found.counts[f"{name} kills"]
        states = [(state, found.counts[f"{name} {state}"]) for state in ("empty", "cut short", "mixed")]
        rest = "".join(f", {state} {percent(number, kills)}" for state, number in states if number)
        lines.append(
            f"{name}: {kills:,} kills, {percent(found.counts[f'{name} in its write'], kills)} in a write{rest}"
        )
    return lines


def buyers_shares(scale: float) -> list[Share]:
    """10,000 kills of buyers under each lock that is safe."""
    return [
        (promises.kills_of_buyers, (lock, number, seed))
        for lock in sorted(SAFE, key=SLOW_TO_COLLECT.count, reverse=True)
        for seed, number in enumerate(split(scaled(10_000, scale)))
    ]


def buyers_told(found: Found) -> list[str]:
    """Say for each lock what the account is."""
    names = ("kills", "inside", "sales", "acked", "sold", "unknown", "stuck")
    accounts = {lock: [found.counts[f"{lock} {name}"] for name in names] for lock in SAFE}
    rows = [["", *names], *([lock, *(f"{number:,}" for number in numbers)] for lock, numbers in accounts.items())]
    return [f"{row[0]:12}" + "".join(f"{cell:>9}" for cell in row[1:]) for row in rows]


def parents_shares(scale: float) -> list[Share]:
    """For each start method 500 interruptions and, to make up 1,000 deaths, 112 SIGKILLs."""
    return [
        (promises.deaths_of_parents, (method, scaled(number, scale), f"{method} {signals}", signals))
        for method in METHODS
        for number, signals in ((500, tuple(map(int, INTERRUPTIONS))), (112, (KILL,)))
    ]


def parents_told(found: Found) -> list[str]:
    """Say how long the parents and all others took, and how often somebody else's traceback was seen."""
    noise = found.counts["a traceback of the standard library"]
    return [
        f"after SIGTERM or Ctrl-C the program has ended: {ms(found.times['ended'])}",
        f"and nobody is left, zombies included: {ms(found.times['gone'])}",
        f"after {found.counts['SIGKILL']} SIGKILLs a process that was just starting printed a traceback: {noise} times",
    ]


def holders_shares(scale: float) -> list[Share]:
    """500 killed holders of each lock that excludes."""
    return [(promises.kills_of_holders, (lock, scaled(500, scale))) for lock in (*FREED, *KEPT)]


def holders_told(found: Found) -> list[str]:
    """Say for each lock how long the next one waited, or how late the sale ended."""
    lines = []
    for lock in FREED:
        late = sum(took > 0.1 for took in found.times[lock])
        lines.append(f"{lock}: the next one has it after {ms(found.times[lock])}, {late} above 100 ms")
    after = f"told after a time-out of {TIMEOUT * 1e3:.0f} ms"
    return lines + [f"{lock}: {after}: {ms(found.times[lock])}" for lock in KEPT]


def holders_missed(found: Found) -> bool:
    """Tell whether a lock on a file came later than 100 ms, or a message half a second after its time-out."""
    return any(max(found.times[lock]) > 0.1 for lock in FREED) or any(
        max(found.times[lock]) > TIMEOUT + 0.5 for lock in KEPT
    )


def malformed_shares(scale: float) -> list[Share]:
    """1,000,000 damaged stores, and the list of bad ones."""
    damaged = [
        (promises.damaged_stores, (number, seed)) for seed, number in enumerate(split(scaled(1_000_000, scale), 8))
    ]
    return [(promises.malformed_stores, ()), *damaged] if scale >= 0.1 else damaged


def order_shares(scale: float) -> list[Share]:
    """1,000,000 events, under three locks, in sales of about 50,000."""
    each = scaled(1_000_000, scale) // len(EVENTS_EACH) + 1
    return [(promises.ordered_events, (lock, part)) for lock in EVENTS_EACH for part in split(each, -(-each // 50_000))]


ROWS = {
    "writers": Row(
        "the file is always old or new",
        writers_shares,
        writers_told,
        lambda found: f"{sum(found.counts[f'{name} kills'] for name in WRITERS):,} SIGKILLs of writers",
    ),
    "buyers": Row(
        "no acknowledged sale lost, none oversold: acked <= sold <= acked + unknown",
        buyers_shares,
        buyers_told,
        lambda found: f"{sum(found.counts[f'{lock} kills'] for lock in SAFE):,} SIGKILLs of buyers",
    ),
    "parents": Row(
        "no orphan, no zombie, no temporary file; after Ctrl-C and SIGTERM 130 or 143, no traceback, within a second",
        parents_shares,
        parents_told,
        lambda found: ", ".join(f"{found.counts[name]} {name}" for name in ("SIGKILL", "SIGTERM", "SIGINT")),
        "0 wrong, longest under 1 s",
        1,
        lambda found: max(found.times["ended"]) > 1,
    ),
    "holders": Row(
        "a killed holder passes on a lock on a file in 100 ms; otherwise a message within the time-out",
        holders_shares,
        holders_told,
        lambda found: f"{found.counts.total():,} SIGKILLs of holders",
        "0 wrong, none above 100 ms",
        1,
        holders_missed,
    ),
    "malformed": Row(
        "bad db.json: exit 2, one line, bytes and mtime unchanged",
        malformed_shares,
        lambda found: [f"{name}: {number:,}" for name, number in sorted(found.counts.items())],
        lambda found: f"{found.counts['read'] + found.counts['refused'] + found.counts['neither']:,} fuzzed stores",
    ),
    "disks": Row(
        "full disk, no names left, read-only disk: exit 4 and one line, the store whole",
        lambda scale: [(promises.small_disks, (scaled(10, scale),))],
        lambda found: [f"{name}: {number:,}" for name, number in found.counts.items()],
        lambda found: f"{found.counts['tries']:,} commands on small disks",
        "0 wrong (a quota is injected as EDQUOT in the tests)",
    ),
    "order": Row(
        "the order of a history contradicts neither the clock nor the lock",
        order_shares,
        lambda found: [f"lock {lock}: {number:,} events" for lock, number in found.counts.items()],
        lambda found: f"{found.counts.total():,} events of 4 buyers",
    ),
}


def tortured(row: Row, scale: float) -> Found:
    """Make all trials of a row, several shares at once."""
    found = Found()
    with ProcessPoolExecutor(row.at_once, mp_context=get_context("spawn")) as pool:
        for share in [pool.submit(work, *arguments) for work, arguments in row.shares(scale)]:
            found.add(share.result())
    return found


def reported(row: Row, scale: float) -> Aim:
    """Torture one row and print what came of it."""
    began = time.monotonic()
    found = tortured(row, scale)
    took = time.monotonic() - began
    possible = "not possible here" not in found.counts
    met = not found.wrong and not row.missed(found) if possible else None
    reached = f"{row.tried(found)}: {len(found.wrong)} wrong" if possible else "not possible here"
    aim = Aim(row.promise, row.aim, reached, met)
    print(f"{row.promise}\n    {reached}; aim: {row.aim}; met: {aim.verdict}; {took:.0f} s")
    for line in [*(row.told(found) if possible else []), *(f"WRONG {what}" for what in found.wrong[:5])]:
        print(f"        {line}")
    print(flush=True)
    return aim


def asked() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"one of {', '.join(ROWS)}; all of them")
    parser.add_argument("--scale", type=float, default=1.0, metavar="SHARE", help="so much of every number (1.0)")
    parser.add_argument("--quick", action="store_true", help="the same as --scale 0.01")
    options = parser.parse_args()
    if unknown := set(options.rows) - ROWS.keys():
        parser.error(f"there is no row {min(unknown)!r}; use one of {', '.join(ROWS)}")
    options.scale = 0.01 if options.quick else options.scale
    return options


def main() -> int:
    """Torture what is asked for and return the exit status."""
    options = asked()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background, and by whoever starts there
    reached = [reported(ROWS[name], options.scale) for name in options.rows or ROWS]
    tell(*reached)
    return MISSED if any(aim.met is False for aim in reached) else 0


if __name__ == "__main__":
    sys.exit(main())
