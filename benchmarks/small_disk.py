"""Every command that writes, on disks that are small and full, without names, read-only; and sales while one fills up.

    python benchmarks/small_disk.py ROUNDS

Run by torture.py in a name space of its own, where it may mount disks that nobody else sees and that are gone with it.
Prints one JSON document.
"""

import json
import random
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from trials import disks, nemesis

PAGE = 4096
PAGES = 8
LOCKS = ("mp", "file", "flock")


@contextmanager
def mounted(options: str) -> Iterator[Path]:
    """Yield the folder of a store on a new disk in memory; the folder belongs to the disk."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", folder], check=True)  # noqa: S607
        try:
            store = Path(folder) / "store"
            store.mkdir()
            (store / "db.json").write_bytes(disks.STORE)
            yield store
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)  # noqa: S607


def filled(folder: Path, leave: int) -> None:
    """Fill the disk up to so many pages."""
    filler = folder.parent / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * PAGE)
    with filler.open("r+b") as file:
        file.truncate(max(0, filler.stat().st_size - leave * PAGE))


def full(command: str, pages: int) -> tuple[int, list[str]]:
    """Try the command on a disk with so many pages left."""
    with mounted(f"size={4 * PAGES * PAGE},mode=755") as folder:
        filled(folder, pages)
        status, wrong = disks.tried(command, folder / "db.json")
        wrong += [f"{command}: status {status} on a full disk"] if not pages and status != 4 else []
        return status, wrong


def without_names(command: str, names: int) -> tuple[int, list[str]]:
    """Try the command on a disk that has room for so many more files."""
    with mounted(f"size=1m,nr_inodes={3 + names},mode=755") as folder:  # the disk, the folder and the store are three
        return disks.tried(command, folder / "db.json")


def read_only(command: str) -> tuple[int, list[str]]:
    """Try the command on a disk that may not be written."""
    with mounted("size=1m,mode=755") as folder:
        before = (folder / "db.json").stat().st_mtime_ns
        subprocess.run(["mount", "-o", "remount,ro", folder.parent], check=True)  # noqa: S607
        status, wrong = disks.tried(command, folder / "db.json")
        wrong += [f"{command}: status {status} on a read-only disk"] if status != 4 else []
        changed = (folder / "db.json").stat().st_mtime_ns != before
        return status, wrong + ([f"{command}: a read-only store was changed"] if changed else [])


def filling_up(lock: str, dice: random.Random) -> nemesis.Account:
    """Hold a sale with a nemesis while the disk is full, and is not, in turn."""
    with mounted(f"size={4 * PAGES * PAGE},mode=755") as folder:
        over = threading.Event()

        def fill() -> None:
            while not over.wait(dice.uniform(0, 0.003)):
                filled(folder, 0)
                over.wait(dice.uniform(0, 0.003))
                filled(folder, 3 * PAGES)

        thread = threading.Thread(target=fill)
        (folder / "db.json").write_bytes(b'{"count": %d}\n' % nemesis.TICKETS)
        thread.start()
        try:
            return nemesis.sale_with_a_nemesis(lock, folder, dice, restock=False)
        finally:
            over.set()
            thread.join()


def main() -> None:
    """Try everything so often, and print what came of it."""
    rounds, dice = int(sys.argv[1]), random.Random(6)
    statuses: Counter[int] = Counter()
    wrong: list[str] = []
    sales = nemesis.Account()
    for _ in range(rounds):
        for command in disks.COMMANDS:
            tries = [full(command, pages) for pages in range(PAGES)]
            tries += [without_names(command, names) for names in range(3)] + [read_only(command)]
            statuses.update(status for status, _ in tries)
            wrong += [what for _, found in tries for what in found]
        for lock in LOCKS:
            sales.add(filling_up(lock, dice))
    counts = {"tries": statuses.total(), "refused": statuses[4], "sales": sales.sales}
    print(json.dumps({**counts, "wrong": wrong + sales.wrong}))


if __name__ == "__main__":
    main()
