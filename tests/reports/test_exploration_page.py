"""`booking explore --html`: the answer is printed and the page is written, whatever is explored."""

import itertools
from pathlib import Path

import pytest

from booking.cli.app import run_command
from booking.registry import LOCKS, STORES

MATRIX = list(itertools.product(LOCKS, STORES, (1, 2)))


def explored(lock: str, store: str, trains: int, buyers: int, capsys: pytest.CaptureFixture[str]) -> str:
    """Explore two buyers onto a page and return what is wrong with the answer, empty for nothing."""
    page = Path(f"{lock}-{store}-{trains}.html")
    options = ["--buyers", str(buyers), "--lock", lock, "--store", store, "--trains", str(trains), "--permits", "2"]
    status = run_command(["explore", *options, "--html", str(page)])
    out, err = capsys.readouterr()
    if status == 2:
        one_line = (out, err.count("\n"), page.exists()) == ("", 1, False)
        return "" if one_line else f"{lock} {store} {trains}: refused with {out!r} {err!r}"
    whole = page.exists() and page.read_text(encoding="utf-8").endswith("</html>\n")
    return "" if (status, err, whole, bool(out)) == (0, "", True, True) else f"{lock} {store} {trains}: {status} {err}"


@pytest.mark.parametrize("buyers", [2, 3])
def test_every_exploration_has_its_page(
    buyers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every lock, every store, one train and two: the text is printed and a whole page written; else nothing is."""
    monkeypatch.chdir(tmp_path)
    wrong = [explored(*each, buyers, capsys) for each in MATRIX]
    assert list(filter(None, wrong)) == []
    assert len(list(tmp_path.iterdir())) > len(MATRIX) / 2
