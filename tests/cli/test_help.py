"""The help: an option that several commands share has one text, one metavar and one place among the others."""

from itertools import combinations
from typing import Any

import pytest
import typer

from booking.cli.app import COMMANDS, program_for, run_command

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
