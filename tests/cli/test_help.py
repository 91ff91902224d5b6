"""The help: an option that several commands share has one text, one metavar and one place among the others."""

import re
import shlex
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import typer
from programs import ran

from booking.cli.app import COMMANDS, examples_of, program_for, run_command
from booking.cli.options import HEADINGS, parsed_verdict

COMMAND: Any = typer.main.get_command(program_for([]))
OWN = {("clerks", "explore"), ("timeout", "look"), ("timeout", "buy"), ("timeout", "office")}
OWN |= {
    ("buyers", "grade"),
    ("html", "grade"),
    ("html", "compare"),
    ("repeat", "compare"),
    ("host", "class"),
    ("lang", "class"),
    ("save", "class"),
    ("open", "class"),
    ("open", "lab"),
}
"""The options that are another thing in this command than elsewhere."""


def option_names(command: str) -> list[str]:
    """Return the names of a command's options in the order of its help."""
    return [option.opts[0] for option in COMMAND.commands[command].params if option.param_type_name == "option"]


def test_one_option_has_one_text() -> None:
    """Whoever knows `--buyers` of one command knows it of all of them."""
    texts: dict[str, set[tuple[str, str]]] = {}
    for name, command in COMMAND.commands.items():
        for option in command.params:
            if option.param_type_name == "option" and (option.opts[0].lstrip("-"), name) not in OWN:
                texts.setdefault(option.opts[0], set()).add((option.metavar or "", option.help or ""))
    assert {option: found for option, found in texts.items() if len(found) > 1} == {}


@pytest.mark.parametrize("pair", list(combinations(["run", "explore", "replay", "play", "compare"], 2)), ids="-".join)
def test_options_stand_in_one_order(pair: tuple[str, str]) -> None:
    """The sale, the dials around it, the faults, the store, the output: in every help the same."""
    first, second = map(option_names, pair)
    both = set(first) & set(second)
    assert [name for name in first if name in both] == [name for name in second if name in both]


def test_every_option_is_explained() -> None:
    """A sentence that begins with a capital letter or names its choices, and ends with a full stop."""
    helps = {
        (name, option.opts[0]): option.help
        for name, command in COMMAND.commands.items()
        for option in command.params
        if option.param_type_name == "option" and option.name != "help"
    }
    assert [where for where, text in helps.items() if not (text and text.endswith((".", ")")))] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_fits(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """80 columns, exit status 0."""
    assert run_command([command, "--help"]) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_ends_with_three_examples_that_can_be_typed(command: str) -> None:
    """Each is a line of at most 78 columns, so that it is not folded, and the program knows every option in it."""
    lines = examples_of(command)
    assert len(lines) == 3
    for line in lines:
        assert len(line) <= 78
        program, name, *arguments = shlex.split(re.split(r"  +", line)[0])
        assert program == "booking"
        COMMAND.commands[name].make_context(name, arguments)


def test_the_options_of_a_sale_stand_under_headings(capsys: pytest.CaptureFixture[str]) -> None:
    """What a beginner needs comes first, what only experts need last, and nothing of a sale is without a heading."""
    assert run_command(["run", "--help"]) == 0
    text = capsys.readouterr().out
    headings = re.findall(r"^(\w[\w ]*):$", text, re.MULTILINE)
    assert headings == [*HEADINGS, "Options", "Examples"]
    rest = text.partition("\nOptions:")[2].partition("\nExamples:")[0]
    assert re.findall(r"^  (?:-h, )?--(\w+)", rest, re.MULTILINE) == ["colour", "help"]


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("run --lock f", ["file", "flock", "fair", "file-soft"]),
        ("explore --store ", ["json", "inplace", "memory", "shared"]),
        ("report sale.jsonl --expect t", ["torn-read"]),
        ("run --gate b", ["barrier"]),
        ("run --kill 2@re", ["2@read", "2@release"]),
        ("compare --locks mp,fl", ["mp,flock"]),
    ],
)
def test_the_shell_completes_values(words: str, completed: list[str], tmp_path: Path) -> None:
    """What typer's own script asks when Tab is pressed behind an option."""
    asked = {
        "_BOOKING_COMPLETE": "complete_bash",
        "COMP_WORDS": f"booking {words}",
        "COMP_CWORD": str(words.count(" ") + 1),
    }
    assert ran([], tmp_path, **asked).stdout.split() == completed


@pytest.mark.parametrize(
    ("typed", "meant"), [(["help"], ["--help"]), (["help", "look"], ["look", "--help"]), (["-V"], ["--version"])]
)
def test_what_other_programs_call_it_works_too(
    typed: list[str], meant: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """`booking help` and `booking -V` are what people type first."""
    answers = []
    for arguments in (typed, meant):
        assert run_command(arguments) == 0
        answers.append(capsys.readouterr().out)
    assert answers[0] == answers[1]


def test_the_verdict_that_is_printed_can_be_expected() -> None:
    """The screen says CORRECT, and its name in JSON is sound; both are understood."""
    assert parsed_verdict("correct") == parsed_verdict("sound") == "sound"
