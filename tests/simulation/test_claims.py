"""Two parents on one store: a sale that has to be alone is alone, and all others sell side by side."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from booking.cli.app import run_command
from booking.errors import BadInputError
from booking.scenario import Scenario
from booking.simulation.claim import claim, claim_path
from booking.simulation.sale import simulate

HOLDER = """
import sys
from booking import Scenario, simulate

told = []

def watch(message):
    if not told:
        told.append(message)
        print("open", flush=True)
        sys.stdin.readline()

history = simulate(Scenario(4, 100, sys.argv[1], pay=(0, 0)), db="db.json", watch=watch)
print(sum(ending.outcome == "bought" for ending in history.endings))
"""


@contextmanager
def parent(lock: str) -> Iterator["subprocess.Popen[str]"]:
    """Start another parent, whose sale on db.json is under way until a line is written to it."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, lock], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:
        try:
            assert program.stdout
            assert program.stdout.readline() == "open\n"
            yield program
        finally:
            program.kill()


def finish(program: "subprocess.Popen[str]") -> int:
    """Let the other sale go on to its end, and return how many tickets it has sold."""
    answer, _ = program.communicate("go on\n")
    return int(answer)


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def sale(lock: str, db: str = "db.json") -> list[str]:
    """Return the arguments of a sale."""
    return ["run", "--lock", lock, "--buyers", "3", "--tickets", "100", "--keep-stock", "--pay", "0", "--db", db]


def contents() -> dict[str, bytes]:
    """Return all that lies beside the store, but for what the buyers of the other sale write meanwhile."""
    return {path.name: path.read_bytes() for path in Path().iterdir() if path.name in {"db.json", "link.json"}}


@pytest.mark.parametrize("lock", ["cas", "partition"])
def test_whoever_comes_beside_a_sale_that_is_alone_is_refused(lock: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One line, exit 2, the file untouched; also by another name of the file. Looking is harmless.

    The first sale loses nothing: what it sold and what is left are 100.
    """
    Path("link.json").symlink_to("db.json")
    commands = [
        *(sale(name) for name in ("cas", "partition", "none", "file", "mp")),
        sale("cas", "link.json"),
        ["buy", "--pay", "0", "--db", "db.json"],
        ["reset", "--tickets", "5", "--db", "db.json"],
        ["reset", "--force", "--db", "link.json"],
        ["replay", "1,1,1", "--db", "db.json"],
    ]
    with parent(lock) as first:
        before = contents()
        for command in commands:
            assert run_command(command) == 2, command
            captured = capsys.readouterr()
            assert (captured.out, captured.err.count("\n")) == ("", 1), command
            assert "db.json" in captured.err
            assert contents() == before, command
        assert run_command(["look", "--db", "db.json"]) == 0
        sold = finish(first)
    assert json.loads(Path("db.json").read_bytes())["count"] == 100 - sold
    assert sorted(path.name for path in Path().iterdir()) == ["db.json", "link.json"]


@pytest.mark.parametrize("lock", ["cas", "partition"])
def test_a_sale_that_has_to_be_alone_does_not_begin_beside_another(
    lock: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A plain sale is under way; cas and partition are refused until it has ended."""
    with parent("file") as first:
        assert run_command(sale(lock)) == 2
        assert "have to be alone" in capsys.readouterr().err
        assert finish(first) == 4
    assert run_command(sale(lock)) == 0
    assert json.loads(Path("db.json").read_bytes())["count"] == 93


def test_plain_sales_go_on_side_by_side() -> None:
    """A second parent with a lock on the file sells while the first one does: 100 - 4 - 2 * 3 = 90 are left."""
    with parent("file") as first:
        assert [run_command(sale(lock)) for lock in ("file", "flock")] == [0, 0]
        assert finish(first) == 4
    assert json.loads(Path("db.json").read_bytes())["count"] == 90


@pytest.mark.parametrize("lock", ["mp", "none"])
def test_a_race_between_terminals_is_allowed(lock: str) -> None:
    """What these locks do not keep apart is the lesson, so nothing refuses it."""
    with parent("none") as first:
        assert run_command(sale(lock)) == 0
        finish(first)


@pytest.mark.parametrize("lock", ["cas", "partition"])
def test_a_killed_parent_frees_the_store(lock: str) -> None:
    """Its buyers end with it, and with them the claim: the next sale begins, though the file of the claim stayed."""
    with parent(lock) as first:
        first.kill()
        assert first.stdout
        first.stdout.read()  # ends when the last of its buyers has ended
        first.wait()
        assert claim_path(Path("db.json")).exists()
        assert run_command(sale(lock)) == 0
    assert sorted(path.name for path in Path().iterdir()) == ["db.json"]


def test_a_claim_leaves_nothing_behind(tmp_path: Path) -> None:
    """Whoever leaves removes its file, and a claim can be taken again at once."""
    store = tmp_path / "db[1]*.json"
    (tmp_path / f"{store.name}.4711.booking-tmp").touch()  # nobody's lock is on it
    with claim(store, alone=False), claim(store, alone=False):
        with pytest.raises(BadInputError, match="have to be alone"), claim(store, alone=True):
            pass
        with claim(tmp_path / "db1*.json", alone=True):
            pass
    (tmp_path / f"{store.name}.4711.booking-tmp").unlink()
    with claim(store, alone=True), pytest.raises(BadInputError, match="has to be alone"), claim(store, alone=False):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_store_in_memory_claims_nothing() -> None:
    """A sale in memory touches no file, so it may be beside one that is alone with it."""
    with claim(Path("db.json").resolve(), alone=True):
        assert simulate(Scenario(2, store="shared", pay=(0, 0)), db="db.json").stock_left is not None
