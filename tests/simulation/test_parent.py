"""The processes of a sale, seen from the parent: collected, closed, and never a mystery to the caller."""

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from programs import children_of
from start_methods import METHODS
from striking import descriptors

from booking.errors import InconclusiveError
from booking.history.history import History
from booking.history.verdict import judge
from booking.processes.fork import UNKNOWN_EXIT
from booking.processes.journal import READY, Message
from booking.purchase import Outcome
from booking.scenario import Scenario
from booking.simulation.sale import context_named, simulate
from booking.steps import PAY, Step

LONG = Scenario(buyers=3, lock="mp", pay=(20.0, 20.0))


def sale(db: Path, buyers: int = 3, lock: str = "file", method: str = "fork") -> History:
    """Hold a sale in which paying takes no time."""
    return simulate(Scenario(buyers=buyers, lock=lock, pay=(0.0, 0.0)), db=db, start_method=method)


def others() -> set[int]:
    """Return the children of this process; those of the standard library stay from one sale to the next."""
    return set(children_of(os.getpid()))


@contextmanager
def handling(number: signal.Signals, action: signal.Handlers) -> Iterator[None]:
    """Treat a signal in another way for a while."""
    before = signal.signal(number, action)
    try:
        yield
    finally:
        signal.signal(number, before)


@pytest.mark.parametrize("method", METHODS)
def test_a_sale_leaves_no_zombie_and_no_descriptor(method: str, db: Path) -> None:
    """After a sale the parent has the children and the open files that it had before."""
    sale(db, method=method)  # the standard library starts what it keeps
    before = others(), descriptors()
    for lock in ("none", "mp", "file"):
        history = sale(db, lock=lock, method=method)
        assert [ending.exitcode for ending in history.endings] == [0, 0, 0]
    assert (others(), descriptors()) == before


@pytest.mark.parametrize("method", METHODS)
def test_an_exception_of_the_caller_leaves_nobody(method: str, db: Path) -> None:
    """Whatever `watch` raises comes out of the sale, after every buyer has been collected."""

    def fail(message: Message) -> None:
        if message.word == PAY:
            raise ZeroDivisionError

    sale(db, method=method)
    before = others(), descriptors()
    with pytest.raises(ZeroDivisionError):
        simulate(LONG, db=db, start_method=method, watch=fail)
    assert (others(), descriptors()) == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("word", [READY, Step.LOOK, PAY])
def test_an_interruption_is_passed_on_when_all_is_clean(number: signal.Signals, word: str, db: Path) -> None:
    """Ctrl-C, even twice, ends the sale first and then does what it always does in this program."""
    seen: list[tuple[int, set[int]]] = []
    before = others()

    def interrupt(message: Message) -> None:
        if message.word == word:
            os.kill(os.getpid(), number)
            os.kill(os.getpid(), number)

    with (
        handling(number, lambda got, _: seen.append((got, others()))),  # type: ignore[arg-type]
        pytest.raises(InconclusiveError, match="interrupted"),
    ):
        simulate(LONG, db=db, watch=interrupt)
    assert seen == [(number, before)]
    assert db.read_bytes() == b'{"count": 1}\n'


def test_ctrl_c_is_a_keyboard_interrupt_in_a_notebook(db: Path) -> None:
    """With Python's own treatment of Ctrl-C the caller gets KeyboardInterrupt, at any moment."""
    dice = random.Random(1)
    for _ in range(10):
        timer = threading.Timer(dice.uniform(0, 0.1), os.kill, (os.getpid(), signal.SIGINT))

        def hold(timer: threading.Timer = timer) -> None:
            timer.start()
            simulate(LONG, db=db)

        with pytest.raises(KeyboardInterrupt):
            hold()
        timer.join()
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_ignored_ctrl_c_stays_ignored(db: Path) -> None:
    """A sale under `nohup` is not ended by what its program has chosen to ignore."""
    with handling(signal.SIGINT, signal.SIG_IGN):
        history = simulate(
            Scenario(buyers=2, pay=(0.0, 0.0)), db=db, watch=lambda _: os.kill(os.getpid(), signal.SIGINT)
        )
    assert {ending.outcome for ending in history.endings} <= {Outcome.BOUGHT, Outcome.SOLD_OUT}
    assert all(ending.exitcode == 0 for ending in history.endings)


def test_sales_in_several_threads_do_not_meet(tmp_path: Path) -> None:
    """Two sales of one process share no pipe: each ends by itself, with its own outcome."""
    with ThreadPoolExecutor(4) as pool:
        sales = list(pool.map(lambda n: sale(tmp_path / f"{n}.json", buyers=5, lock=["file", "mp"][n % 2]), range(8)))
    assert [judge(history).sentence for history in sales if judge(history).name != "sound"] == []
    assert [judge(history).sold for history in sales] == [1] * 8


def test_who_ignores_the_end_of_children_can_still_hold_a_sale(db: Path) -> None:
    """Where SIGCHLD is ignored the system collects the children itself, and nobody learns how they ended."""
    with handling(signal.SIGCHLD, signal.SIG_IGN):
        history = sale(db)
    assert judge(history).name == "sound"
    assert {ending.exitcode for ending in history.endings} <= {0, UNKNOWN_EXIT}


def test_a_forgotten_main_guard_is_explained(tmp_path: Path) -> None:
    """A script that calls `simulate` at its top level is told what to do, under spawn."""
    script = tmp_path / "forgetful.py"
    script.write_text(
        "from booking import Scenario, simulate\nsimulate(Scenario(2), db='db.json', start_method='spawn')\n"
    )
    ran = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert 'call simulate() under `if __name__ == "__main__":`' in ran.stderr.splitlines()[-1]


@pytest.mark.parametrize(("platform", "method"), [("linux", "fork"), ("darwin", "spawn"), ("win32", "spawn")])
def test_fork_is_the_default_on_linux_only(platform: str, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On macOS the system's libraries may abort in a forked child, though `os.fork` is there."""
    monkeypatch.setattr(sys, "platform", platform)
    assert context_named(None).get_start_method() == method
