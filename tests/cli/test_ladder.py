"""The rungs of the ladder on the command line: the first line tells the truth, the tables fit, refusals take a line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from booking.cli.app import run_command
from booking.registry import LOCKS, STORES

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def booking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Return what runs a command in this process, in an empty folder: status, standard output, standard error."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: (run_command(arguments), *capsys.readouterr())


@pytest.mark.parametrize(
    ("store", "second"),
    [
        ("memory", "Each buyer's own memory holds 1 ticket; data/db.json is not touched."),
        ("shared", "Shared memory holds 1 ticket; data/db.json is not touched."),
        ("json", "Created data/db.json with 1 ticket."),
    ],
)
def test_the_second_line_says_where_the_count_is(booking: Command, tmp_path: Path, store: str, second: str) -> None:
    """A store in memory neither makes nor reads the file."""
    status, out, _ = booking("run", "--buyers", "2", "--store", store, "--lock", "mp", "--pay", "0")
    assert (status, out.splitlines()[1]) == (0, second)
    assert (tmp_path / "data" / "db.json").exists() is (store == "json")


def test_a_bad_file_does_not_disturb_a_sale_in_memory(booking: Command, tmp_path: Path) -> None:
    """What is not used is not judged."""
    (tmp_path / "bad.json").write_text("{")
    status, _, err = booking("run", "--buyers", "2", "--store", "shared", "--db", "bad.json", "--pay", "0")
    assert (status, err) == (0, "")
    assert (tmp_path / "bad.json").read_text() == "{"


def test_memory_of_ones_own_is_explained(booking: Command) -> None:
    """The verdict says why all could buy."""
    status, out, _ = booking("run", "--store", "memory", "--buyers", "3", "--pay", "0", "--expect", "oversold")
    assert status == 0
    assert "Each buyer changed a copy of its own" in " ".join(out.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "--store", "memory", "--keep-stock"], "--store memory exists only during one sale"),
        (["run", "--store", "shared", "--keep-stock"], "--store shared exists only during one sale"),
        (["buy", "--store", "shared"], "--store shared exists only during one sale"),
        (["buy", "--lock", "cas"], "use `booking run`"),
        (["run", "--lock", "cas", "--store", "inplace"], "the store inplace cannot; use --store json"),
        (["explore", "--lock", "cas", "--store", "shared"], "the store shared cannot; use --store json"),
        (["replay", "1,1,1", "--lock", "cas", "--store", "memory"], "the store memory cannot; use --store json"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_line(
    booking: Command, tmp_path: Path, arguments: list[str], message: str
) -> None:
    """Exit status 2, and no file is made."""
    status, out, err = booking(*arguments)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert message in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("command", "names"), [("locks", LOCKS), ("stores", STORES)])
def test_the_tables_fit(booking: Command, command: str, names: dict[str, type]) -> None:
    """A row for each in 80 columns, and a line that says what it is."""
    lines = booking(command)[1].splitlines()
    assert [line.split()[0] for line in lines[1 : 1 + len(names)]] == list(names)
    assert [line.split()[0] for line in lines[2 + len(names) :] if not line.startswith(" ")] == list(names)
    assert max(map(len, lines)) <= 80


def test_what_holds_nothing_frees_nothing(booking: Command) -> None:
    """Where every buyer may be inside at once there is no holder who could die, and nothing to keep apart."""
    table = booking("locks")[1].partition("\n\n")[0].splitlines()
    rows = {line.split()[0]: line.split(maxsplit=1)[1] for line in table}
    assert {" ".join(rows[name].split()) for name in ("none", "cas", "cas-naive", "partition")} == {"no limit - -"}
    assert rows["mp"].split() == ["1", "no", "process", "tree"]
