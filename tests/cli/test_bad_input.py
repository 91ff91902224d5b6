"""Bad input: one line on standard error that names the value and the remedy, the right status, the file untouched."""

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from trials import disks
from trials.malformed import COMMANDS, MALFORMED, NO_FILES, wrongly_answered

from booking.cli.app import run_command

STORE = b'{"count": 1, "train": "K 817"}'
NOTHING_THERE = {"absent", "dangling-symlink", "below-a-file"}


@pytest.fixture(autouse=True)
def _a_store_that_stays_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Work beside a store, and check afterwards that nobody has touched it or left anything beside it."""
    monkeypatch.chdir(tmp_path)
    store = tmp_path / "db.json"
    store.write_bytes(STORE)
    before = store.stat().st_mtime_ns
    yield
    assert (store.read_bytes(), store.stat().st_mtime_ns) == (STORE, before)
    assert list(tmp_path.glob("*.booking-tmp")) == []


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Run a command and return its status and the one line that it said; standard output stays empty."""
    status = run_command(arguments)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("booking: ")
    assert captured.err.count("\n") == 1
    return status, captured.err


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--buyers", "0"], "buyers is 0; use a whole number from 1"),
        (["--buyers", "-3"], "buyers is -3; use"),
        (["--buyers", "10001"], "is 10001; use a whole number from 1 to 10000"),
        (["--buyers", "ten"], "'ten' is not a whole number"),
        (["--buyers", "1.5"], "'1.5' is not a whole number"),
        (["--buyers", ""], "'' is not a whole number"),
        (["--buyers", "9" * 5000], "is not a whole number"),
        (["--buyers"], "requires an argument"),
        (["--tickets", "-1"], "tickets is -1; use a whole number from 0"),
        (["--tickets", "1000000001"], "tickets is 1000000001; use"),
        (["--permits", "0"], "permits is 0; use"),
        (["--lock", "padlock"], "there is no lock 'padlock'; use one of none, mp, file"),
        (["--lock", ""], "there is no lock ''; use one of"),
        (["--lock", "fiel"], "there is no lock 'fiel' (did you mean 'file'?); use one of none"),
        (["--store", "inplac"], "there is no store 'inplac' (did you mean 'inplace'?); use one of json"),
        (["--gate", "barier"], "gate is 'barier' (did you mean 'barrier'?); use one of event"),
        (["--kill", "2@wriet"], "--kill 2@wriet: no step 'wriet' (did you mean 'write'?); use one of acquire"),
        (["--freeze", "2@pay:TERM"], "--freeze is '2@pay:TERM'; use BUYER@STEP, for example 2@pay"),
        (["--store", "drawer"], "there is no store 'drawer'; use one of json, inplace"),
        (["--start-method", "vfork"], "there is no start method 'vfork' here (did you mean 'fork'?); use one of fork"),
        (["--pay", "-1"], "pay is -1; use SECONDS or MIN:MAX"),
        (["--pay", "nan"], "pay is nan; use"),
        (["--pay", "inf"], "pay is inf; use"),
        (["--pay", "1e9"], "pay is 1e+09; use"),
        (["--pay", "3:1"], "pay is 3:1; use"),
        (["--pay", "1:2:3"], "--pay is '1:2:3'; use SECONDS or MIN:MAX"),
        (["--pay", "soon"], "--pay is 'soon'; use"),
        (["--timeout", "0"], "timeout is 0.0; use a number of seconds above 0"),
        (["--timeout", "-5"], "timeout is -5.0; use"),
        (["--timeout", "nan"], "timeout is nan; use"),
        (["--timeout", "long"], "'long' is not a number"),
        (["--repeat", "0"], "--repeat is 0; use a whole number from 1"),
        (["--repeat", "1000000000"], "--repeat is 1000000000; use"),
        (["--repeat", "2", "--keep-stock"], "--repeat cannot be combined with --keep-stock"),
        (["--seed", "x"], "'x' is not a whole number"),
        (["--expect", "luck"], "--expect is 'luck'; use one of sound, oversold"),
        (["--expect", "oversell"], "--expect is 'oversell' (did you mean 'oversold'?); use one of sound"),
        (["--history", "."], "cannot write .: it is a folder; choose another file with --history"),
        (["--history", "no/such/sale.jsonl"], "there is no folder no/such; choose another file"),
        (["--fast"], "No such option: --fast; see `booking run --help`"),
        (["--lokc"], "No such option: --lokc (did you mean '--lock'?); see `booking run --help`"),
        (["now"], "unexpected extra argument(s) (now); see `booking run --help`"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)
def test_a_bad_option_is_named(options: list[str], named: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 2, and a line that names the value and what to use instead."""
    status, line = refusal(capsys, "run", "--db", "db.json", *options)
    assert status == 2
    assert named in line


def test_an_option_that_is_nothing_like_another_has_no_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    """`play` prints no document; --store is no answer to --json."""
    status, line = refusal(capsys, "play", "--json")
    assert (status, line) == (2, "booking: No such option: --json; see `booking play --help`\n")


def test_a_file_that_is_no_history_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """The line says which file, whatever is wrong with it."""
    status, line = refusal(capsys, "report", "db.json")
    assert status == 2
    assert line.startswith("booking: cannot use db.json: line 1 is not the header of a history")


def test_a_command_that_does_not_exist_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """A slip of the fingers is answered with what was meant."""
    status, line = refusal(capsys, "rn")
    assert (status, line) == (2, "booking: No such command 'rn'. Did you mean 'run'?\n")
    status, line = refusal(capsys, "xyzzy")
    assert (status, line) == (2, "booking: No such command 'xyzzy'; see `booking --help`\n")


@pytest.mark.timeout(60)
@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_no_store_is_refused(command: str, tmp_path: Path) -> None:
    """Whatever stands where the store should be: status 2, at once, one line, and it is left as it is.

    More than 50 malformed files, and pipes, folders, devices and the like; where there is nothing, `run` and `reset`
    make a store, or fail to.
    """
    makers = {name: partial(Path.write_bytes, data=content) for name, content in MALFORMED.items()}
    makers |= {name: make for name, make in NO_FILES.items() if command in {"look", "buy"} or name not in NOTHING_THERE}
    wrong = []
    for name, make in makers.items():
        path = tmp_path / name / "db.json"
        path.parent.mkdir()
        make(path)
        wrong += [f"{name}: {what}" for what in wrongly_answered(command, path)]
    wrong += wrongly_answered(command, tmp_path / ("n" * 300))
    assert wrong == []


@pytest.mark.parametrize("command", ["look", "buy"])
def test_who_needs_a_store_is_told_that_there_is_none(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A look and a purchase by hand create nothing."""
    status, line = refusal(capsys, command, "--db", "absent.json")
    assert status == 2
    assert "absent.json" in line
    assert not Path("absent.json").exists()


def test_a_read_only_store_is_not_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Replacing would succeed on a read-only file; its owner said no, so it is refused with status 4."""
    store = tmp_path / "db.json"
    store.chmod(0o444)
    status, line = refusal(capsys, "run", "--db", "db.json", "--tickets", "5")
    assert status == 4
    assert "db.json" in line
    assert "read-only" in line


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Let this process and its children write no file beyond so many bytes, as a full disk would."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("command", disks.COMMANDS)
def test_a_full_disk_ends_with_4(command: str, tmp_path: Path) -> None:
    """However many of its bytes fit: status 0, or 4 and one line; the store is whole and nothing lies beside it.

    A store has 13 bytes, so the limits 0 to 12 may refuse a write, and 0 refuses every one; each of them is tried in
    tests/stores/test_faults.py. The file of `file-soft` names its holder and needs more, but less than 1,000.
    """
    db = tmp_path / "full" / "db.json"
    db.parent.mkdir()
    statuses, wrong = [], []
    for size in (0, 1, 6, 12, 13, 1000):
        db.write_bytes(disks.STORE)
        with files_of_at_most(size):
            status, found = disks.tried(command, db)
        statuses.append(status)
        wrong += [f"{size} bytes: {what}" for what in found]
    assert wrong == []
    assert (statuses[0], statuses[-1]) == (4, 0)


def test_a_disk_that_fills_up_during_the_sale_ends_with_4(capsys: pytest.CaptureFixture[str]) -> None:
    """Buyers that cannot write say so, the story is told, and the status is that of the disk."""
    with files_of_at_most(5):
        status = run_command(["run", "--db", "db.json", "--keep-stock", "--buyers", "2", "--pay", "0"])
    captured = capsys.readouterr()
    assert status == 4
    assert captured.err.startswith("booking: buyer 1 failed: cannot write ")
    assert captured.err.count("\n") == 1
    assert "UNKNOWN: 1 ticket existed, none was sold" in captured.out


def test_a_full_disk_for_the_history_ends_with_4(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The sale was held; its history could not be kept, and the status says so."""
    other = tmp_path / "other.json"
    other.write_bytes(b'{"count": 1}')
    status, line = refusal(capsys, "run", "--db", "other.json", "--buyers", "2", "--pay", "0", "--history", "/dev/full")
    assert status == 4
    assert line == "booking: cannot write /dev/full: No space left on device; choose another file with --history\n"


LOOPING = [
    *([*arguments, "--db", "loop.json"] for arguments in COMMANDS.values()),
    ["run", "--lock", "cas", "--db", "loop.json"],
    ["run", "--trains", "2", "--lock", "file", "--db", "loop.json"],
    ["replay", "1,1,1", "--db", "loop.json"],
    ["play", "--predict", "--db", "loop.json"],
    ["office", "--db", "loop.json"],
    ["report", "loop.json"],
    ["run", "--db", "db.json", "--history", "loop.json"],
    ["run", "--db", "db.json", "--html", "loop.json"],
    ["explore", "--buyers", "2", "--html", "loop.json"],
    ["explore", "--buyers", "2", "--save", "loop.json"],
    ["replay", "loop.json", "--db", "db.json"],
    ["compare", "--locks", "none", "--html", "loop.json"],
]


@pytest.mark.parametrize("arguments", LOOPING, ids=" ".join)
def test_a_symbolic_link_to_itself_is_a_line_on_every_command(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever a file is named for, a link that leads to itself is refused before anything is done."""
    Path("loop.json").symlink_to("loop.json")
    status, line = refusal(capsys, *arguments)
    assert status in {2, 4}
    assert "loop.json" in line
