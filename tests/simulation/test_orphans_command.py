"""`booking orphans`: orphans without our guard, none with it, and nothing left whatever becomes of us."""

import json
import signal
from pathlib import Path

import pytest
from programs import alive_in_session, eventually, ran, started

from booking.cli import orphans as screen
from booking.cli.app import run_command
from booking.processes.system import state_of
from booking.simulation.orphans import OrphanReport, Seen

BUYERS = 3


@pytest.mark.parametrize("method", ["fork", pytest.param("spawn", marks=pytest.mark.slow)])
def test_daemons_outlive_a_killed_parent_and_guarded_buyers_do_not(method: str, tmp_path: Path) -> None:
    """Without the guard all buyers live on until we end them; with it all have ended by themselves within 2 s."""
    shown = ran(["orphans", "--start-method", method, "--json"], tmp_path)
    assert (shown.returncode, shown.stderr) == (0, "")
    without, guarded = json.loads(shown.stdout)["kill_parent"]
    assert (without["guarded"], guarded["guarded"]) == (False, True)
    assert list(without["seen"].values()) == [["alive"] * 3] * BUYERS
    assert without["ended_by_us"] == without["pids"]
    assert {looks[-1] for looks in guarded["seen"].values()} <= {"zombie", "gone"}
    assert guarded["ended_by_us"] == []
    assert {state_of(pid) for pid in [*without["pids"], *guarded["pids"]]} == {"X"}
    assert list(tmp_path.iterdir()) == []


def test_the_words_are_explained(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Orphan, zombie and daemon in a sentence each, and every process by its number."""

    def told(_: int, __: str | None, *, guarded: bool) -> OrphanReport:
        looks = [Seen.ALIVE, Seen.ZOMBIE if guarded else Seen.ALIVE, Seen.GONE if guarded else Seen.ALIVE]
        return OrphanReport(guarded, "fork", 10, (11, 12), {11: looks, 12: looks}, () if guarded else (11, 12))

    monkeypatch.setattr(screen, "kill_parent", told)
    assert run_command(["orphans"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    for part in ["An orphan is", "A zombie is", "A daemon is", "We had to end: 11, 12.", "We had to end: none."]:
        assert part in text
    assert "11 alive alive alive 12 alive alive alive" in text
    assert "11 alive zombie gone 12 alive zombie gone" in text


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nobody_outlives_the_demonstration(by: signal.Signals, tmp_path: Path) -> None:
    """Even the buyers without a guard are gone when we are ended in the middle of it."""
    program = started(["orphans"], tmp_path)
    # 5: we, the parent that will be killed, and its 3 buyers; it lives on for 2 s after their parent.
    reached = eventually(lambda: len(alive_in_session(program.pid)) >= 1 + BUYERS)
    program.send_signal(by)
    program.communicate(timeout=30)
    assert reached
    assert program.returncode == {signal.SIGKILL: -9, signal.SIGTERM: 143, signal.SIGINT: 130}[by]
    assert eventually(lambda: not alive_in_session(program.pid), within=3)


def test_the_fork_server_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """Its children are not those of the parent that is killed."""
    assert run_command(["orphans", "--start-method", "forkserver"]) == 2
    assert "use --start-method fork or spawn" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--html", "x.html"], ["--lock", "file"], ["--buyers", "0"], ["--buyers", "51"]])
def test_what_it_does_not_understand_is_refused(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An option of a sale has no effect here, so it is an error and nothing is killed."""
    monkeypatch.chdir(tmp_path)
    assert run_command(["orphans", *arguments]) == 2
    shown = capsys.readouterr()
    assert (shown.out, shown.err.count("\n")) == ("", 1)
    assert list(tmp_path.iterdir()) == []


def test_the_old_option_names_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    """`run --kill-parent` is refused with the name of the command."""
    assert run_command(["run", "--kill-parent"]) == 2
    assert capsys.readouterr().err == "booking: --kill-parent has a new name: use the command `booking orphans`\n"
