"""What works on this machine and in this folder: tried with real processes and real locks, never guessed."""

import importlib.metadata
import multiprocessing
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

from booking.classroom.network import LOOPBACK, lan_address
from booking.errors import BadInputError, BookingError
from booking.locks import Lock, Reach
from booking.registry import LOCKS
from booking.scenario import Scenario
from booking.version import DISTRIBUTION

NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "fuse.sshfs", "glusterfs", "lustre", "virtiofs"}
"""File systems whose locks are the server's business, as the kernel names them."""
_PATIENCE = 10.0
"""Seconds that the second process may take to answer."""
_GLYPHS = "é → 一"


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that was tried. `works` is None for what is only worth knowing; `remedy` is empty where all is well."""

    name: str
    works: bool | None
    found: str
    remedy: str = ""

    def to_json(self) -> dict[str, object]:
        """Return the check as JSON values."""
        return asdict(self)


def checks(folder: Path) -> Iterator[Check]:
    """Try everything that a sale in this folder needs, and yield what came of each.

    Files are made in a temporary folder inside it, and removed. Raise BadInputError if it is no folder.
    """
    if not folder.is_dir():
        raise BadInputError(f"{folder} is no folder; name the folder of the ticket file")
    yield _python()
    yield _start_methods()
    yield _file_system(folder)
    try:
        work = Path(tempfile.mkdtemp(prefix=".booking-doctor-", dir=folder))
    except OSError as error:
        remedy = "name a folder that you may write"
        yield Check(name="writing", works=False, found=f"cannot write here: {error.strerror}", remedy=remedy)
    else:
        try:
            yield _replacement(work)
            yield from _locks(work)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    yield _console()
    yield _network()
    yield from _extras()


def _python() -> Check:
    found = f"Python {sys.version.split()[0]} on {sys.platform}, {os.cpu_count() or 1} processor cores"
    return Check(name="python", works=None, found=found)


def _start_methods() -> Check:
    methods = multiprocessing.get_all_start_methods()
    default = "fork" if sys.platform == "linux" else "spawn"
    remedy = "" if "fork" in methods else 'a script has to start a sale under `if __name__ == "__main__":`'
    return Check(name="start methods", works=None, found=f"{', '.join(methods)}; we use {default}", remedy=remedy)


def file_system(folder: Path) -> str | None:
    """Return the kind of file system that holds the folder, None if the system does not say: proc_pid_mountinfo(5)."""
    try:
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    kinds = {_unescaped(line.split()[4]): line.partition(" - ")[2].split()[0] for line in mounts}
    around = [str(folder.resolve()), *map(str, folder.resolve().parents)]
    return next((kinds[path] for path in around if path in kinds), None)


def _unescaped(path: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), path)


def _file_system(folder: Path) -> Check:
    kind = file_system(folder)
    named = partial(Check, name="file system")
    if kind is None:
        return named(works=None, found="the system does not say which kind it is")
    if kind in NETWORK:
        remedy = "the server decides what a lock is worth there; sell from a folder on this machine's own disk"
        return named(works=False, found=f"{kind}: a network file system", remedy=remedy)
    return named(works=True, found=f"{kind}, on this machine")


def _replacement(work: Path) -> Check:
    """Try what the default store does at each write."""
    old, new = work / "db.json", work / "db.json.new"
    old.write_text("1", encoding="utf-8")
    new.write_text("0", encoding="utf-8")
    named = partial(Check, name="writing")
    try:
        with old.open(encoding="utf-8") as reader:
            new.replace(old)
            whole = reader.read() == "1"
    except OSError as error:
        remedy = "close the programs that read the file, or use another folder"
        return named(works=False, found=f"a file that is read cannot be replaced: {error.strerror}", remedy=remedy)
    remedy = "" if whole else "use a folder on this machine's own disk"
    return named(works=whole, found="a file is replaced as a whole, and its readers keep the old one", remedy=remedy)


def _locks(work: Path) -> Iterator[Check]:
    """Hold each lock of this machine here, and let a second process try to take it; then the other way round."""
    kinds = {name: kind for name, kind in LOCKS.items() if issubclass(kind, Lock) and kind.facts.reach == Reach.MACHINE}
    context = multiprocessing.get_context("spawn")  # a stranger, who inherits nothing
    ours, theirs = context.Pipe()
    stranger = context.Process(target=_attempt_all, args=(theirs,), daemon=True)
    stranger.start()
    theirs.close()
    try:
        for name, kind in kinds.items():
            yield _lock(name, partial(kind, work / "db.json", context, Scenario(lock=name)), ours)
    finally:
        ours.close()
        stranger.join(_PATIENCE)
        if stranger.is_alive():
            stranger.kill()


def _attempt_all(connection: Connection) -> None:
    """Be the second process: answer for each lock whether it can be taken now."""
    while True:
        try:
            lock = connection.recv()
        except EOFError:
            return
        taken = lock.acquire(timeout=0)
        if taken:
            lock.release()
        connection.send(taken)


def _lock(name: str, make: partial[Lock], stranger: Connection) -> Check:
    named = partial(Check, name=f"--lock {name}")
    try:
        lock = make()
        lock.acquire(timeout=_PATIENCE)
        while_held = _attempt(lock, stranger)
        lock.release()
        when_free = _attempt(lock, stranger)
    except (BookingError, OSError, EOFError) as error:
        return named(works=False, found=str(error) or "the second process died", remedy="use another lock or folder")
    if while_held or not when_free:
        found = "two processes held it at once" if while_held else "a second process cannot take it when it is free"
        return named(works=False, found=found, remedy="use another lock, or a folder on this machine's own disk")
    return named(works=True, found="keeps a second process out, and lets it in afterwards")


def _attempt(lock: Lock, stranger: Connection) -> bool:
    stranger.send(lock)
    if not stranger.poll(_PATIENCE):
        raise BookingError(f"the second process gave no answer within {_PATIENCE:g} s")
    answer: bool = stranger.recv()
    return answer


def _console() -> Check:
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    named = partial(Check, name="console")
    try:
        _GLYPHS.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        remedy = "set PYTHONIOENCODING=utf-8 for other languages; booking shows ? for what is missing"
        return named(works=False, found=f"{encoding}: it lacks some of {_GLYPHS}", remedy=remedy)
    return named(works=True, found=f"{encoding}, {shutil.get_terminal_size().columns} columns wide")


def _network() -> Check:
    """Say whether phones could reach this machine, as far as it can know by itself."""
    address = lan_address()
    named = partial(Check, name="phones")
    if address == LOOPBACK:
        return named(works=False, found="this machine is in no network", remedy="join one, or open a phone's hotspot")
    remedy = "if phones cannot reach it, the network keeps devices apart: use a router of your own or a phone's hotspot"
    return named(works=None, found=f"for `booking class --host auto` this machine is {address}", remedy=remedy)


def _extras() -> Iterator[Check]:
    """Say for each extra of this distribution whether its packages are there."""
    try:
        required = importlib.metadata.requires(DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:  # the sources are there, but they are not installed
        return
    wanted: dict[str, list[str]] = {}
    for line in required:
        if match := re.match(r"([\w.-]+).*extra == ['\"]([\w-]+)['\"]", line):
            wanted.setdefault(match[2], []).append(match[1])
    for extra, names in sorted(wanted.items()):
        missing = [name for name in names if not _is_installed(name)]
        found = f"missing: {', '.join(missing)}" if missing else "installed"
        remedy = f"only if you need it: pip install {' '.join(missing)}" if missing else ""
        yield Check(name=f"extra {extra}", works=None, found=found, remedy=remedy)


def _is_installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True
