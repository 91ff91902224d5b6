"""`booking explore --html`: the answer is printed and the page is written, whatever is explored."""

from pathlib import Path

import pytest
from models import SHOWN

from booking.cli.app import run_command
from booking.explorer import explore
from booking.registry import LOCKS, STORES
from booking.reports.page.exploration import exploration_data
from booking.scenario import Scenario

MATRIX = [(lock, store) for lock in LOCKS for store in STORES]
SMALL = [pair for pair in SHOWN if pair[0] not in {"semaphore", "inherited"}]
"""One pair for each model in which no two buyers are inside a lock, which makes most of the states."""


def explored(lock: str, store: str, trains: int, buyers: int, capsys: pytest.CaptureFixture[str]) -> str:
    """Explore two buyers onto a page and return what is wrong with the answer, empty for nothing."""
    page = Path(f"{lock}-{store}-{trains}.html")
    options = ["--buyers", str(buyers), "--lock", lock, "--store", store, "--trains", str(trains)]
    options += ["--permits", "2"] if lock == "semaphore" else []
    status = run_command(["explore", *options, "--html", str(page)])
    out, err = capsys.readouterr()
    if status == 2:
        one_line = (out, err.count("\n"), page.exists()) == ("", 1, False)
        return "" if one_line else f"{lock} {store} {trains}: refused with {out!r} {err!r}"
    whole = page.exists() and page.read_text(encoding="utf-8").endswith("</html>\n")
    return "" if (status, err, whole, bool(out)) == (0, "", True, True) else f"{lock} {store} {trains}: {status} {err}"


@pytest.mark.parametrize(
    ("pairs", "buyers"),
    [
        pytest.param(MATRIX, 3, id="3"),
        pytest.param(SMALL, 2, id="2"),  # so few buyers that the page shows every state
        pytest.param(MATRIX, 2, id="2-all", marks=pytest.mark.slow),
    ],
)
def test_every_exploration_has_its_page(
    pairs: list[tuple[str, str]],
    buyers: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Every lock, every store, one train and two: the text is printed and a whole page written; else nothing is."""
    monkeypatch.chdir(tmp_path)
    wrong = [explored(*pair, trains, buyers, capsys) for pair in pairs for trains in (1, 2)]
    assert list(filter(None, wrong)) == []
    assert len(list(tmp_path.iterdir())) > len(pairs)


def test_the_cells_of_a_lock_of_ones_own_are_shown_with_their_values(tmp_path: Path) -> None:
    """A flag that is read and then set: its value stands beside the file's, and its code is the lock's."""
    (tmp_path / "flag.py").write_text(FLAG, encoding="utf-8")
    data = exploration_data(explore(Scenario(2, lock=str(tmp_path / "flag.py"))))
    scene = data["scene"] or data["grid"]["paths"][0]["scene"]
    words = scene["words"]
    assert scene["shared"] == ["File", "taken"]
    assert [words[row[8]] for row in scene["moments"]][:: len(scene["moments"]) - 1] == ["False", "False"]
    assert "True" in {words[row[8]] for row in scene["moments"]}
    assert data["code"]["file"] == "flag.py"


FLAG = """\
from booking import Cell

class Flag:
    taken = Cell(False)

    def acquire(self, me):
        while self.taken:
            pass
        self.taken = True

    def release(self, me):
        self.taken = False
"""
