"""`booking buy`: two terminals race by hand, and only a lock that both can see keeps them apart."""

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import filelock
import pytest
from programs import BOOKING, PATIENCE, ran

from booking.cli.app import run_command
from booking.simulation.single_buyer import holder_of


def started_buyer(db: Path, *options: str) -> subprocess.Popen[str]:
    """Start one buyer in a terminal of its own."""
    return subprocess.Popen(
        [*BOOKING, "buy", "--db", str(db), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )


def stories(db: Path, *options: str) -> list[str]:
    """Let two terminals buy at the same time and return what each printed, the winner's first."""
    buyers = [started_buyer(db, "--pay", "1", "--name", name, *options) for name in ("Ann", "Bo")]
    told = [buyer.communicate(timeout=PATIENCE) for buyer in buyers]
    assert [buyer.returncode for buyer in buyers] == [0, 0]
    assert [errors for _, errors in told] == ["", ""]
    return sorted((story for story, _ in told), key=lambda story: "I have a ticket." not in story)


@pytest.mark.parametrize("lock", ["none", "mp"])
def test_two_terminals_both_buy_the_one_ticket(lock: str, db: Path) -> None:
    """Without a lock that both can see, each reads 1 while the other pays, and both go home with a ticket."""
    for story in stories(db, "--lock", lock):
        assert "I read the count: 1." in story
        assert story.endswith(": I have a ticket.\n")
        assert ("neither\nsees the other's" in story) == (lock == "mp")
        assert ("Across terminals use --lock file." in story) == (lock == "mp")
    assert json.loads(db.read_bytes()) == {"count": 0}


def test_a_file_lock_keeps_two_terminals_apart(db: Path) -> None:
    """With the file lock one buys, and the other waits, reads 0 and goes home without."""
    winner, loser = stories(db, "--lock", "file")
    assert winner.endswith(": I have a ticket.\n")
    assert "I wait for the lock." in loser
    assert "I read the count: 0." in loser
    assert loser.endswith(": It is sold out; I have no ticket.\n")
    assert json.loads(db.read_bytes()) == {"count": 0}


def test_a_lock_that_is_held_too_long_names_its_holder(db: Path) -> None:
    """The waiting ends on time, with status 3, one line, and the process that has the lock."""
    holder = started_buyer(db, "--lock", "file", "--pay", "60")
    assert holder.stdout is not None
    assert any("I pay." in line for line in holder.stdout)
    late = ran(["buy", "--db", db, "--lock", "file", "--timeout", "0.2"], db.parent)
    holder.terminate()
    _, errors = holder.communicate(timeout=PATIENCE)
    assert (holder.returncode, errors) == (143, "Stopped.\n")
    assert late.returncode == 3
    assert late.stderr == (
        f"booking: the lock was still held after 0.2 s by process {holder.pid}; wait for it, or end that process\n"
    )
    assert ran(["buy", "--db", db, "--lock", "file", "--pay", "0"], db.parent).stdout.endswith("I have a ticket.\n")


@pytest.mark.parametrize(("shift", "found"), [(0, 4711), (1, None)], ids=["this disk", "another disk"])
def test_the_holder_is_looked_up_by_disk_and_inode(db: Path, shift: int, found: int | None) -> None:
    """Files on two disks may have one inode number: a process that locks the other one is not blamed."""
    status, table = db.stat(), db.with_name("locks")
    disk = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev) + shift:02x}"
    table.write_text(f"1: FLOCK  ADVISORY  WRITE 4711 {disk}:{status.st_ino} 0 EOF\n")
    assert holder_of(db, table) == found


def test_any_program_with_filelock_keeps_a_buyer_out(db: Path) -> None:
    """The lock is the one that `filelock.FileLock` takes on the same path."""
    with filelock.FileLock(f"{db}.lock"), ThreadPoolExecutor(1) as pool:
        late = pool.submit(ran, ["buy", "--db", db, "--lock", "file", "--timeout", "0.1"], db.parent).result()
    assert late.returncode == 3


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Ann", "Ann"),
        ("\x1b[31mRed\x1b[0m", "[31mRed[0m"),
        ("a\rb\nc", "abc"),
        ("[red]Ann[/red]", "[red]Ann[/red]"),
        ("n" * 99, "n" * 40),
    ],
    ids=["plain", "escape", "line-ends", "markup", "long"],
)
def test_a_name_is_cleaned(name: str, shown: str, db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A name cannot move the cursor, change colours, or fill the screen; markup is shown as it is."""
    assert run_command(["buy", "--db", str(db), "--pay", "0", "--name", name]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"{shown}: I have a ticket."


def test_json_tells_one_story(db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--json prints one document, and nothing beside it."""
    assert run_command(["buy", "--db", str(db), "--pay", "0", "--lock", "mp", "--json", "--name", "Ann"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert json.loads(captured.out) == {"schema": 1, "name": "Ann", "outcome": "bought", "read": 1, "lock": "mp"}


def test_the_counter_can_be_looked_at_and_filled(db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`look` tells the count, `reset` sets it and keeps the other keys; a file that holds no count needs --force."""
    db.write_bytes(b'{"train": "K 817", "count": 2}')
    assert run_command(["look", "--db", str(db), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"schema": 1, "db": str(db), "count": 2}
    assert run_command(["reset", "--db", str(db), "--tickets", "5"]) == 0
    assert json.loads(db.read_bytes()) == {"train": "K 817", "count": 5}
    db.write_bytes(b"nothing of value")
    assert run_command(["reset", "--db", str(db)]) == 2
    assert db.read_bytes() == b"nothing of value"
    assert run_command(["reset", "--db", str(db), "--force"]) == 0
    assert json.loads(db.read_bytes()) == {"count": 1}


def test_a_folder_that_others_may_write_is_warned_of_once(db: Path) -> None:
    """Two students and one file is a lesson: one line on standard error, however many buyers there are."""
    db.parent.chmod(0o777)
    found = ran(["run", "--db", db, "--lock", "file", "--pay", "0", "--repeat", "3"], db.parent)
    assert (found.returncode, found.stderr.count("\n")) == (0, 1)
    assert found.stderr.startswith(f"booking: warning: {db.parent}: every user may swap files in this folder")
