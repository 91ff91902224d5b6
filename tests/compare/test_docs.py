"""The tables in the documents: as many rows as there are locks, the counts of today's explorer, real commands."""

import re
import shlex
from pathlib import Path

import pytest
import typer.main

from booking.cli.app import program_for, run_command
from booking.compare import Comparison
from booking.compare.measures import Proof, Question
from booking.registry import LOCKS
from booking.reports.comparison import BEGIN, END, markdown
from booking.scenario import Scenario

ROOT = Path(__file__).parent.parent.parent
TUTORIAL = ROOT / "docs" / "tutorial.md"
ROW = re.compile(r"^\|.* `(booking [^`]+)` \| (.+) \|$", re.MULTILINE)
TOLD = ROW.findall(TUTORIAL.read_text(encoding="utf-8"))
COMMANDS_TOLD = dict.fromkeys(command for command, _ in TOLD)
ELSEWHERE = "("
"""How the last cell of a row begins whose command runs forever, or is shown in another document."""


def table_of(text: str) -> list[list[str]]:
    """Return the cells of the first columns of a Markdown table: the lock and what is proved."""
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return [row[: 1 + len(Proof.headers)] for row in rows]


@pytest.mark.parametrize("page", ["README.md", "docs/comparison.md"])
def test_the_table_of_a_document_is_that_of_the_command(page: str) -> None:
    """Every lock has its row and its proof; else run `booking compare --markdown` on the document. Times may differ."""
    text = (ROOT / page).read_text(encoding="utf-8")
    begin = BEGIN.search(text)
    assert begin
    shown = text[begin.end() :].partition(END)[0]
    columns = [name.strip() for name in begin[1].split(",")] if begin[1] else list(Proof.headers)
    proved = [name for name in columns if name in Proof.headers]
    proofs = {(lock, Proof): Proof.measure(Question(Scenario(lock=lock), 1, 0.1, lambda: False)) for lock in LOCKS}
    told = markdown(Comparison(Scenario(), tuple(LOCKS), 1, proofs), proved)
    assert [row[: 1 + len(proved)] for row in table_of(shown)] == table_of(told)


@pytest.mark.parametrize("command", COMMANDS_TOLD)
def test_a_command_of_the_tutorial_exists(command: str) -> None:
    """Its name and all of its options are known."""
    _, name, *arguments = shlex.split(command)
    known = typer.main.get_command(program_for([]))
    known.commands[name].make_context(name, arguments)  # type: ignore[attr-defined]


@pytest.mark.parametrize("command", dict.fromkeys(command for command, line in TOLD if not line.startswith(ELSEWHERE)))
def test_a_command_of_the_tutorial_says_what_is_promised(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its lines are in its output, wherever that is wrapped; a sale with a killed buyer may be inconclusive."""
    monkeypatch.chdir(tmp_path)
    assert run_command(shlex.split(command)[1:]) in ({0, 3} if "--kill " in command else {0})
    said = " ".join(capsys.readouterr().out.split())
    assert [line for told, line in TOLD if told == command and line not in said] == []
