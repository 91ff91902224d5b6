"""The trials of tests/trials, made many times: each function here is one share of a row of torture.py.

A share runs in a process of its own, so what it takes and what it returns are plain values.
"""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from trials import holders, malformed, nemesis, order, parents, writers

from booking.processes.system import adopting

MEMORY = Path("/dev/shm")  # noqa: S108 - the folder in memory that Linux has
AT_ONCE = 6
"""Parents that are started at once on two processors: they wait as often as they work."""
WAITING = 10
"""Sales that wait for their time-out at once."""
TIMEOUT = 0.3
INTERRUPTIONS = (signal.SIGTERM, signal.SIGINT)


@dataclass
class Found:
    """What came of many trials: how often, how long in seconds, and a sentence for all that was not as promised."""

    counts: Counter[str] = field(default_factory=Counter)
    times: dict[str, list[float]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def add(self, other: "Found") -> None:
        """Add another share of the same row."""
        self.counts.update(other.counts)
        self.wrong += other.wrong
        for name, times in other.times.items():
            self.times.setdefault(name, []).extend(times)


@contextmanager
def new_folder(*, in_memory: bool = False) -> Iterator[Path]:
    """Yield a folder that is gone afterwards."""
    where = MEMORY if in_memory and MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=where) as folder:
        yield Path(folder)


def kills_of_writers(name: str, number: int, seed: int) -> Found:
    """Kill so many writers to this store."""
    dice, found = random.Random(seed), Found()
    with new_folder() as folder:
        for _ in range(number):
            killed = writers.killed_writer(name, folder / "db.json", dice)
            found.counts.update([f"{name} kills", f"{name} {killed.state}"])
            found.counts[f"{name} in its write"] += killed.left_over > 0 or killed.state != "old or new"
            found.wrong += killed.wrong
    return found


def kills_of_buyers(lock: str, number: int, seed: int) -> Found:
    """Hold sales under this lock until so many buyers were killed in them."""
    dice, account = random.Random(seed), nemesis.Account()
    with new_folder() as folder:
        while account.kills < number:
            account.add(nemesis.sale_with_a_nemesis(lock, folder, dice))
    names = ("sales", "kills", "inside", "acked", "sold", "unknown", "stuck")
    return Found(Counter({f"{lock} {name}": getattr(account, name) for name in names}), wrong=account.wrong)


def deaths_of_parents(method: str, number: int, seed: str, signals: tuple[int, ...]) -> Found:
    """End so many parents with these signals, in turn."""
    found = Found()
    deaths = parents.deaths(number, seed, tuple(map(signal.Signals, signals)))
    with new_folder() as folder, adopting(), ThreadPoolExecutor(AT_ONCE) as pool:
        for after in pool.map(lambda death: parents.died(death, method, folder / str(death.number)), deaths):
            found.counts.update([after.death.by.name, method])
            found.counts["a traceback of the standard library"] += after.traceback
            found.times.setdefault("ended" if after.death.by in parents.WORD else "killed", []).append(after.took_s)
            found.times.setdefault("gone", []).append(after.gone_s)
            found.wrong += after.wrong
    return found


def kills_of_holders(lock: str, number: int) -> Found:
    """Kill the holder of this lock so often, one after the other where the time is what matters."""
    with new_folder() as folder:
        if lock in holders.FREED:
            deaths = [holders.passed_on(lock, folder / "db.json") for _ in range(number)]
        else:
            with ThreadPoolExecutor(WAITING) as pool:
                files = [folder / str(each) / "db.json" for each in range(number)]
                deaths = list(pool.map(lambda db: holders.told(lock, db, TIMEOUT), files))
    wrong = [what for death in deaths for what in death.wrong]
    return Found(Counter({lock: number}), {lock: [death.took_s for death in deaths]}, wrong)


def damaged_stores(number: int, seed: int) -> Found:
    """Read so many damaged stores, and give one in a hundred to a command."""
    dice, found = random.Random(seed), Found()
    with new_folder(in_memory=True) as folder:
        db = folder / "db.json"
        db.touch()
        for each in range(number):
            content = malformed.fuzzed(dice)
            good = malformed.is_good_file(db, content)
            found.counts[{True: "read", False: "refused", None: "neither"}[good]] += 1
            found.wrong += [f"neither read nor refused: {content!r}"] if good is None else []
            if not each % 100 and good is False:
                found.counts["commands"] += 1
                found.wrong += malformed.wrongly_answered("look", db)
    return found


def malformed_stores() -> Found:
    """Give every file of the list that is no store to every command that opens one, as a program of its own."""
    found = Found()
    with new_folder() as folder:
        for name, content in malformed.MALFORMED.items():
            for command, arguments in malformed.COMMANDS.items():
                db = folder / "db.json"
                db.write_bytes(content)
                before = malformed.state(db)
                program = [sys.executable, "-m", "booking", *arguments, "--db", db.name]
                ran = subprocess.run(program, cwd=folder, capture_output=True, text=True, check=False)
                found.counts["programs"] += 1
                answer = (ran.returncode, ran.stdout, ran.stderr.count("\n"), malformed.state(db))
                found.wrong += [f"{command}, {name}: {ran}"] if answer != (2, "", 1, before) else []
    return found


def name_space() -> list[str]:
    """Return how a program is started that may mount disks of its own; nothing where the system does not let us."""
    command = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    try:
        tried = subprocess.run([*command, "true"], capture_output=True, check=False)
    except FileNotFoundError:
        return []
    return command if tried.returncode == 0 else []


def small_disks(rounds: int) -> Found:
    """Try every command on small disks, so many rounds."""
    if not (command := name_space()):
        return Found(Counter({"not possible here": 1}))
    script = Path(__file__).with_name("small_disk.py")
    printed = subprocess.run([*command, sys.executable, script, str(rounds)], stdout=subprocess.PIPE, check=True)
    document = json.loads(printed.stdout)
    wrong = document.pop("wrong")
    return Found(Counter(document), wrong=wrong)


def ordered_events(lock: str, events: int) -> Found:
    """Let four buyers make so many events, as quickly as they can, and check their order."""
    purchases = -(-events // (order.BUYERS * order.EVENTS_EACH[lock]))
    with new_folder() as folder:
        history = order.long_history(lock, folder / "db.json", purchases)
    return Found(Counter({lock: len(history.events)}), wrong=order.what_is_wrong(history))
