"""The live view: what the board says of a sale under way, and that it appears only where somebody looks."""

import io
import re
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from booking.cli.app import run_command
from booking.live.terminal import INTERVAL, bar, progress, show_light
from booking.live.view import Board, clock_text, has_ended, live
from booking.processes.journal import END, IDLE, READY, Message
from booking.purchase import Outcome
from booking.scenario import Scenario
from booking.setup import Fault, Setup
from booking.simulation.sale import simulate
from booking.steps import PAY, Step, Value


class Terminal(io.StringIO):
    """A standard error that somebody looks at."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def told(board: Board, *rows: tuple[int, str, str, Value]) -> list[str]:
    """Return the lines of the board after these messages."""
    for buyer, word, phase, value in rows:
        board.take(Message(buyer, 100 + buyer, 0, word, phase, value))
    return list(board.lines())


def test_every_buyer_has_a_line_with_what_it_does() -> None:
    """Five buyers, one in each state of a purchase under a lock, while one ticket of two is sold."""
    lines = told(
        Board(Scenario(5, tickets=2, lock="mp")),
        (1, Step.ACQUIRE, "return", None),
        (1, Step.WRITE, "return", 1),
        (1, Step.RELEASE, "call", None),
        (1, END, "return", Outcome.BOUGHT),
        (2, READY, "call", None),
        (3, Step.LOOK, "call", None),
        (4, Step.ACQUIRE, "call", None),
        (5, Step.ACQUIRE, "return", None),
        (5, PAY, "call", None),
    )
    assert lines == [
        "Tickets left in the file: 1   Sold: 1 of 2",
        "buyer 1   bought",
        "buyer 2   waiting for the start",
        "buyer 3   looking at the count",
        "buyer 4   waiting for the lock",
        "buyer 5   paying, holding the lock",
    ]


def test_a_sale_of_too_many_is_said_at_once() -> None:
    """Two buyers say that they bought the one ticket, though the file says 0."""
    ends = [(buyer, END, "return", Outcome.BOUGHT) for buyer in (1, 2)]
    lines = told(Board(Scenario(2)), (1, Step.WRITE, "return", 0), (2, Step.WRITE, "return", 0), *ends)
    assert lines[0] == "Tickets left in the file: 0   Sold: 2. Only 1 existed: 1 too many"


def test_fifty_buyers_are_summed_up_in_the_order_of_a_purchase() -> None:
    """A line per thing that they do, with how many and who; all of it fits 24 lines of 80 columns."""
    looking = [(buyer, Step.LOOK, "call", None) for buyer in range(1, 50)]
    lines = told(Board(Scenario(50)), *looking, (7, END, "return", Outcome.SOLD_OUT))
    assert lines[1:] == [
        "starting                  1   50",
        "looking at the count     48   1-6 and 8-49",
        "sold out                  1   7",
    ]


def test_a_killed_buyer_is_marked_and_keeps_the_lock() -> None:
    """It said that it held the lock and never gave it back."""
    board = Board(Scenario(2, lock="mp"))
    told(board, (1, Step.ACQUIRE, "return", None), (2, Step.ACQUIRE, "call", None))
    board.mark_dead([1])
    assert list(board.lines())[1:] == ["buyer 1   killed, holding the lock", "buyer 2   waiting for the lock"]
    assert board.pids == {2: 102}


def test_nothing_is_shown_where_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard error is a file: there is no watch, so a sale is not even watched."""
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with live(Scenario(2)) as watch:
        assert watch is None
    with progress(10, "sales") as advance:
        advance(10)
    assert sys.stderr.getvalue() == ""


def test_a_real_sale_is_shown_and_wiped_away(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The first picture comes with the first message; no thread is started, and the cursor comes back."""
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    scenario = Scenario(3, pay=(0.2, 0.2))
    threads = []
    with live(scenario, after=0) as watch:
        assert watch

        def watched(message: Message) -> None:
            watch(message)
            threads.append(threading.active_count())

        simulate(scenario, db=tmp_path / "db.json", watch=watched)
    shown = sys.stderr.getvalue()
    assert "Tickets left in the file: 1" in shown
    assert re.search(r"buyer 1 +paying", shown)
    assert max(threads) == threading.active_count()
    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h") == 1


def test_a_short_sale_is_not_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is over before anybody has read anything."""
    monkeypatch.setattr(sys, "stderr", Terminal())
    scenario = Scenario(2, pay=(0, 0))
    with live(scenario, after=60) as watch:
        simulate(scenario, db=tmp_path / "db.json", watch=watch)
    assert sys.stderr.getvalue() == ""


def test_a_process_that_the_sale_has_collected_has_ended() -> None:
    """The sale asks for exit codes and so collects the dead before the view looks; the view sees it all the same."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert not has_ended(process.pid)
        process.kill()
        process.wait()
        assert has_ended(process.pid)


def test_a_killed_buyer_is_shown_as_killed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In a sale that goes on without it the picture says who is dead, not what it did last."""
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    scenario = Scenario(2, lock="semaphore", permits=2, pay=(0.5, 0.5))
    with live(scenario, after=0) as watch:
        faults = Setup(faults=(Fault.parsed("1@pay"),))
        simulate(scenario, setup=faults, db=tmp_path / "db.json", watch=watch)
    assert re.search(r"buyer 1 +killed", sys.stderr.getvalue())


def test_the_clock_says_when_the_sale_gives_up() -> None:
    """A class that watches a stuck sale sees how long it will take; without a limit only the time is shown."""
    assert clock_text(4.2, 31) == "Time: 4 s; the sale stops at 31 s"
    assert clock_text(0, None) == "Time: 0 s"


def test_a_stuck_sale_shows_its_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock starts with the first step of a buyer, not while the buyers get ready; idle messages move it on."""
    clock = iter([0.0, 5.0, 5.1, 10.0, 10.1, 14.0, 14.1])
    monkeypatch.setattr("booking.live.view.time", SimpleNamespace(monotonic=lambda: next(clock)))
    monkeypatch.setattr(sys, "stderr", Terminal())
    with live(Scenario(2), after=0, stops_at=31) as watch:
        assert watch
        watch(Message(1, 101, 0, READY, "call", None))
        watch(Message(1, 101, 0, Step.ACQUIRE, "call", None))
        watch(Message(0, 0, 0, IDLE, "call", None))
    assert set(re.findall(r"Time: \d+ s", sys.stderr.getvalue())) == {"Time: 0 s", "Time: 4 s"}


def test_the_light_has_the_terminal_until_the_sale_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the seconds are counted down no picture is drawn over them; the first step of a buyer brings it."""
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    with live(Scenario(2), after=0, counts_down=True) as watch:
        assert watch
        show_light(1.5)
        watch(Message(1, 101, 0, READY, "call", None))
        watch(Message(0, 0, 0, IDLE, "call", None))
        show_light(0)
        assert "Tickets left" not in sys.stderr.getvalue()
        watch(Message(1, 101, 0, Step.LOOK, "call", None))
        assert sys.stderr.getvalue().startswith("\rRED     starts in 2 s")
        assert "Tickets left" in sys.stderr.getvalue()


def test_pictures_are_rare(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand messages in half an interval bring one picture: between two pictures the view only counts."""
    clock = iter(range(10**6))
    monkeypatch.setattr("booking.live.view.time", SimpleNamespace(monotonic=lambda: next(clock) * INTERVAL / 2000))
    monkeypatch.setattr(sys, "stderr", Terminal())
    with live(Scenario(2), after=0) as watch:
        assert watch
        for _ in range(1_000):
            watch(Message(0, 0, 0, IDLE, "call", None))
        assert sys.stderr.getvalue().count("Tickets left") == 1


@pytest.mark.parametrize(
    ("done", "total", "line"),
    [
        (0, 10, f"[{'.' * 30}] 0 of 10 sales"),
        (5, 10, f"[{'#' * 15}{'.' * 15}] 5 of 10 sales"),
        (10, 10, f"[{'#' * 30}] 10 of 10 sales"),
        (20, 10, f"[{'#' * 30}] 20 of 10 sales"),
        (1_234, None, "1,234 sales"),
    ],
)
def test_the_bar_says_how_far_the_work_is(done: int, total: int | None, line: str) -> None:
    """Half of the work is half of the bar, and an unknown total has none."""
    assert bar(done, total, "sales") == line


def test_progress_writes_over_one_line_and_wipes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each picture begins at the left edge, and in the end the line is empty; a clock of a second a look."""
    clock = iter(range(1_000))
    monkeypatch.setattr("booking.live.terminal.time", SimpleNamespace(monotonic=lambda: float(next(clock))))
    monkeypatch.setattr(sys, "stderr", Terminal())
    with progress(2, "sales") as advance:
        advance(1)
        advance(2)
    half, whole = f"[{'#' * 15}{'.' * 15}] 1 of 2 sales", f"[{'#' * 30}] 2 of 2 sales"
    assert sys.stderr.getvalue() == f"\r{half}\r{whole}\r{' ' * len(whole)}\r"


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_progress_names_at_once_what_comes_next(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes next may take long, so its name is not held back; a long one is cut to the columns of a terminal."""
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("COLUMNS", str(columns))
    with progress(4, "done") as advance:
        advance(1, "mp, killed holder")
        advance(2, "x" * 80)
    lines = sys.stderr.getvalue().split("\r")
    assert lines[1] == f"[{'#' * 7}{'.' * 23}] 1 of 4 done: mp, killed holder"[: columns - 1]
    assert len(lines[2]) == min(79, columns - 1)


def test_a_view_without_colours_is_a_view(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--no-colour` takes the colours out of the live view, and not the view itself."""
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert run_command(["run", "--buyers", "2", "--live", "--no-colour", "--pay", "0.2", "--db", str(db)]) == 0
    shown = sys.stderr.getvalue()  # type: ignore[attr-defined]
    assert "Tickets left in the file: 1" in shown
