"""The command line as a program of its own, in a session of its own, so that its descendants can be found."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

BOOKING = (sys.executable, "-m", "booking")
PATIENCE = 30.0
"""Seconds after which something counts as never: far more than any loaded machine needs."""

_TERM_BIT = 1 << (signal.SIGTERM - 1)


def started(arguments: Sequence[str | Path], folder: Path) -> subprocess.Popen[str]:
    """Start `booking` in `folder` as the leader of a new session."""
    return subprocess.Popen(
        [*BOOKING, *map(str, arguments)],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def ran(arguments: Sequence[str | Path], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `booking` to its end in `folder`."""
    return subprocess.run(
        [*BOOKING, *map(str, arguments)],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
        env=os.environ | environment,
    )


def eventually(fact: Callable[[], object], within: float = PATIENCE) -> bool:
    """Ask again and again, for so many seconds, whether something has become true."""
    deadline = time.monotonic() + within
    while not fact():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.002)  # a pause between two questions: nothing depends on its length
    return True


def is_unwinding(program: "subprocess.Popen[str]") -> bool:
    """Return whether the program's own code has begun: before that, SIGTERM is Python's business."""
    try:
        status = Path(f"/proc/{program.pid}/status").read_text()
    except FileNotFoundError:
        return True
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt"))
    return bool(int(caught.split()[1], 16) & _TERM_BIT) or "State:\tZ" in status


def alive_in_session(session: int) -> list[int]:
    """Return the processes of a session that have not ended; one that only waits to be collected has."""
    return [int(row[0]) for row in _rows() if row[3] == str(session) and row[1] not in "ZX"]


def in_session(session: int) -> list[tuple[int, str]]:
    """Return the processes of a session with their states, those that wait to be collected included."""
    return [(int(row[0]), row[1]) for row in _rows() if row[3] == str(session)]


def children_of(pid: int) -> list[int]:
    """Return the children of a process, those that wait to be collected included."""
    return [int(row[0]) for row in _rows() if row[2] == str(pid)]


def _rows() -> list[list[str]]:
    """Return pid, state, parent and session of every process: proc(5), /proc/pid/stat."""
    rows = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            state, parent, _, session = stat.rpartition(")")[2].split()[:4]
            rows.append([entry.name, state, parent, session])
    return rows
