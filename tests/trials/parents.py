"""The parent of a sale is ended at a random moment: its exit status and words, and who and what it leaves behind."""

import json
import os
import random
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from programs import PATIENCE, eventually, in_session, is_unwinding, started

from booking.storage import files

METHODS = ("fork", "spawn", "forkserver")
LOCKS = ("none", "mp", "file")
LONGEST_LIFE = 0.9
"""Seconds within which the parent is ended: under every start method that is before, while and after the gate opens."""
GONE_WITHIN = 2.0
"""Seconds within which nobody is left."""

STATUS = {signal.SIGKILL: -9, signal.SIGTERM: 143, signal.SIGINT: 130}
WORD = {signal.SIGTERM: "SIGTERM", signal.SIGINT: "Ctrl-C"}
_OF_THE_LIBRARY = {"fork": 0, "spawn": 1, "forkserver": 2}
"""Processes that the standard library keeps beside a parent, and that end when they notice its death."""


@dataclass(frozen=True)
class Death:
    """One parent's death: by which signal, after how many seconds of its own code, and under which lock."""

    number: int
    by: signal.Signals
    after: float
    lock: str


@dataclass(frozen=True)
class Aftermath:
    """What came of one death: the parent took so long to end, and all others so long after it."""

    death: Death
    took_s: float
    gone_s: float
    traceback: bool
    """Whether somebody printed one; after a SIGKILL nobody is left to speak for us."""
    wrong: tuple[str, ...] = ()


def deaths(number: int, seed: str, signals: tuple[signal.Signals, ...] = tuple(STATUS)) -> list[Death]:
    """Return so many deaths, each signal and each lock equally often, at moments drawn with the seed."""
    dice = random.Random(seed)
    return [
        Death(each, signals[each % len(signals)], dice.uniform(0, LONGEST_LIFE), LOCKS[each // len(signals) % 3])
        for each in range(number)
    ]


def died(death: Death, method: str, folder: Path) -> Aftermath:
    """Let one parent die and look around; this process has to adopt orphans, so that none escapes it."""
    folder.mkdir(parents=True)
    db = folder / "db.json"
    db.write_bytes(b'{"count": 1}\n')
    options = ["--buyers", "2", "--pay", "5", "--db", "db.json", "--start-method", method, "--lock", death.lock]
    program = started(["run", *options], folder)
    eventually(lambda: is_unwinding(program))
    with suppress(subprocess.TimeoutExpired):
        program.wait(death.after)
    took_s = _ended(program, death.by)
    orphans = in_session(program.pid)
    began = time.monotonic()
    gone = eventually(lambda: not _collected(program.pid), within=GONE_WITHIN)
    gone_s = time.monotonic() - began
    said, errors = program.communicate(timeout=PATIENCE)
    found = {
        f"exit status {program.returncode}": program.returncode != STATUS[death.by],
        f"orphans or zombies: {orphans}": death.by in WORD and len(orphans) > _OF_THE_LIBRARY[method],
        f"somebody is left: {in_session(program.pid)}": not gone,
        f"said {said!r} and {errors!r}": death.by in WORD
        and (said, errors) != ("", "Stopped. All buyer processes have ended.\n"),
        f"left {_beside(db)}": not all(_allowed(name, program.pid, death.by) for name in _beside(db)),
        "the next sale would find them, too": files.sweep(db) >= 0 and bool(_beside(db)),
        "the store is broken": json.loads(db.read_bytes()) not in ({"count": 1}, {"count": 0}),
    }
    wrong = tuple(f"{method} {death}: {what}" for what, is_so in found.items() if is_so)
    return Aftermath(death, took_s, gone_s, "Traceback" in errors, wrong)


def _ended(program: subprocess.Popen[str], by: signal.Signals) -> float:
    """End the program, as a terminal does it where that is Ctrl-C: the whole group; return how long it took."""
    sent = time.monotonic()
    if by is signal.SIGINT:
        os.killpg(program.pid, by)
    else:
        program.send_signal(by)
    program.wait(PATIENCE)
    return time.monotonic() - sent


def _collected(session: int) -> list[tuple[int, str]]:
    """Collect whoever of the session is ours by now and has ended, and return who is left, zombies included."""
    for pid, _ in in_session(session):
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
    return in_session(session)


def _beside(db: Path) -> set[str]:
    """Return the files beside the store; its lock file stays."""
    return {path.name for path in db.parent.iterdir()} - {db.name, f"{db.name}.lock"}


def _allowed(name: str, parent: int, by: signal.Signals) -> bool:
    """Return whether this may lie there: after a SIGKILL the parent's temporary file, which the next sale removes."""
    return by is signal.SIGKILL and name.startswith(f"db.json.{parent}.") and name.endswith(".booking-tmp")
