"""The benchmarks measure what they say, and their results are written where they belong."""

import importlib
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
WAYS = ["ours: lock file, store json", "ours, lock mp, store shared", "by hand: flock, replace", "limit: flock, pwrite"]
"""Those that need no library which only the benchmarks need."""


@pytest.fixture
def results(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the program that writes the results, imported from its folder."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("results")


@pytest.mark.parametrize("way", WAYS)
def test_a_contest_loses_no_ticket_and_gives_every_figure(way: str, tmp_path: Path) -> None:
    """Two processes buy, the count falls by as many as they were promised, and each figure is one of a real sale."""
    command = [sys.executable, str(BENCHMARKS / "contest.py"), way, "2", str(tmp_path), "0.02"]
    figures = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert {*figures} == {"rate", "p50_ms", "p99_ms", "longest_ms", "share", "cpu_us", "grown_mb"}
    assert 0 < figures["p50_ms"] <= figures["p99_ms"] <= figures["longest_ms"]
    assert 0 <= figures["share"] <= 1


def test_a_contest_notices_a_lost_sale(tmp_path: Path) -> None:
    """A way that promises a ticket and takes none from the store has no result."""
    program = f"""
import sys
sys.path.insert(0, {str(BENCHMARKS)!r})
from pathlib import Path
from by_hand import ByHand
from contest import contest
class Forgetful(ByHand):
    def buy(self): return True
contest(Forgetful(), 2, Path({str(tmp_path)!r}), 0.001)
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert "acknowledged" in ran.stderr.splitlines()[-1]


def test_a_block_is_replaced_and_the_prose_around_it_stays(results: ModuleType) -> None:
    """Only what stands between the two markers changes; a block that is not there gets a section at the end."""
    before = "# Title\n\n<!-- pool -->\nold\n<!-- /pool -->\n\nprose\n"
    assert results.placed(before, "pool", "new", "The pool") == before.replace("old", "new")
    added = "\n## The office\n\n<!-- office -->\nnew\n<!-- /office -->\n"
    assert results.placed(before, "office", "new", "The office") == before + added


def test_aims_that_were_not_measured_now_stay_in_the_table(results: ModuleType) -> None:
    """The rows of a benchmark that ran are new, those of the others are kept, in the order of the benchmarks."""
    document = "| pool | a | b | c | yes |\n| startup | old | b | c | no |\n"
    new = results.Block("text", [results.Aim("new", "b", "c", met=True)])
    rows = results.aims_of(document, {"startup": new}).splitlines()[-2:]
    assert rows == ["| startup | new | b | c | yes |", "| pool | a | b | c | yes |"]
