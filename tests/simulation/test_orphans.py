"""Whatever ends the parent, and whenever: nobody outlives the sale, and nothing is left in its folder."""

import json
import random
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from programs import PATIENCE, alive_in_session, eventually, is_unwinding, started

DEATHS = 30
AT_ONCE = 4
LONGEST_LIFE = 0.9
"""Seconds within which the parent is ended: under every start method that is before, while and after the gate opens."""

STATUS = {signal.SIGKILL: -9, signal.SIGTERM: 143, signal.SIGINT: 130}
WORD = {signal.SIGTERM: "SIGTERM", signal.SIGINT: "Ctrl-C"}


@dataclass(frozen=True)
class Death:
    """One parent's death: by which signal, after how many seconds of its own code, and under which lock."""

    number: int
    by: signal.Signals
    after: float
    lock: str


def deaths(seed: str) -> list[Death]:
    """Return DEATHS deaths, each signal equally often, at moments drawn with the seed."""
    dice = random.Random(seed)
    return [
        Death(number, list(STATUS)[number % 3], dice.uniform(0, LONGEST_LIFE), ["none", "mp", "file"][number // 3 % 3])
        for number in range(DEATHS)
    ]


def what_is_wrong(death: Death, method: str, folder: Path) -> list[str]:
    """Let one parent die and return what it left behind that it should not have."""
    folder.mkdir()
    (folder / "db.json").write_bytes(b'{"count": 1}\n')
    options = ["--buyers", "2", "--pay", "5", "--db", "db.json", "--start-method", method, "--lock", death.lock]
    program = started(["run", *options], folder)
    assert eventually(lambda: is_unwinding(program))
    with suppress(subprocess.TimeoutExpired):
        program.wait(death.after)
    program.send_signal(death.by)
    sent = time.monotonic()
    program.wait(PATIENCE)
    took = time.monotonic() - sent
    gone = eventually(lambda: not alive_in_session(program.pid), within=2)
    _, errors = program.communicate(timeout=PATIENCE)
    found = {
        f"exit status {program.returncode}": program.returncode != STATUS[death.by],
        f"took {took:.1f} s": took > 1,
        "somebody is alive": not gone,
        # After a SIGKILL nobody is left to speak for us: what the standard library's processes then say is theirs.
        f"said {errors!r}": death.by in WORD and errors != f"booking: stopped by {WORD[death.by]}; no buyer is left\n",
        f"left {sorted(map(str, folder.iterdir()))}": bool(leftovers(folder, program.pid)),
        "the store is broken": json.loads((folder / "db.json").read_bytes()) not in ({"count": 1}, {"count": 0}),
    }
    return [f"{death}: {what}" for what, is_so in found.items() if is_so]


def leftovers(folder: Path, parent: int) -> list[str]:
    """Return the temporary files of the buyers; the parent's own, after a SIGKILL, is swept by the next sale."""
    return [path.name for path in folder.glob("*.booking-tmp") if path.name != f"db.json.{parent}.booking-tmp"]


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_nobody_outlives_a_parent_that_dies_at_any_moment(method: str, tmp_path: Path) -> None:
    """After SIGKILL, SIGTERM and Ctrl-C at random moments: no process, no traceback, no file, the right status."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = pool.map(lambda d: what_is_wrong(d, method, tmp_path / str(d.number)), deaths(method))
        assert [what for wrongs in found for what in wrongs] == []
