"""Lines that a student types, and lines that are shown: edited on a terminal, echoed from a pipe."""

import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from io import TextIOWrapper
from itertools import groupby

import typer

from booking.history.finding import SOUND, Anomaly, label
from booking.live.terminal import screen
from booking.text.screen import BAD, GOOD, Screen
from booking.text.words import columns

_INKS = {label(SOUND): GOOD} | {label(anomaly): BAD for anomaly in Anomaly}

_START = re.compile(r"( *(?:\S+ {2,})?)(.*)")
"""What stands before the text of a line: spaces, and perhaps a word with at least two spaces behind it."""
_CLEAR = "\033[2J\033[H"
"""Clears a terminal and goes to its first line (ECMA-48, ED and CUP)."""


def is_interactive() -> bool:
    """Return whether a person can answer: both ends are a terminal."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def lines_typed(prompt: str) -> Iterator[str]:
    """Yield the lines of standard input until its end; what is piped in is shown behind the prompt."""
    if isinstance(sys.stdin, TextIOWrapper) and sys.stdin.errors != "replace":  # once: not after the first read
        sys.stdin.reconfigure(errors="replace")
    while (line := _line(prompt)) is not None:
        yield line
    typer.echo()


def _line(prompt: str) -> str | None:
    if is_interactive():
        with suppress(ImportError):
            import readline  # noqa: F401, PLC0415 - `input` edits lines with it; Windows has its own
        try:
            return input(prompt)
        except EOFError:
            return None
    typer.echo(prompt, nl=False)
    line = sys.stdin.readline() if sys.stdin else ""
    if line and not sys.stdin.isatty():
        typer.echo(line.rstrip("\r\n"))
    return line or None


def show(lines: Iterable[str]) -> None:
    """Print lines, long ones folded, verdicts in colour; what is indented is to be copied, or has columns."""
    page = screen()
    for line in lines:
        if ink := _INKS.get(line.partition(":")[0]):
            typer.echo("\n".join(page.headline(line, ink)))
        else:
            folds = len(line) > page.width and not line.startswith(" ")
            typer.echo("\n".join(page.wrapped(line)) if folds else line)


def folded(text: str, page: Screen) -> list[str]:
    """Return the lines of a text as they are if they fit, else in lines that do; columns stay below each other."""
    lines = text.split("\n")
    if max(map(columns, lines)) <= page.width:
        return lines
    parts = (
        page.wrapped(*part) if is_plain else [fold for line in part for fold in page.hanging(*_START.findall(line)[0])]
        for is_plain, part in groupby(lines, lambda line: line[:1].strip() != "")
    )
    return [line for part in parts for line in part]


class TourScreen:
    """The terminal as the tour uses it: one screen at a time; if nobody can answer, it runs through."""

    def turn_page(self, heading: str) -> None:
        """Begin a new screen with this heading."""
        typer.echo(_CLEAR if is_interactive() else "")
        typer.secho(heading, bold=True)

    def say(self, text: str) -> None:
        """Show a paragraph as it is written, or folded where the terminal is narrow."""
        typer.echo("\n".join(folded(text, screen())))

    def ask(self, prompt: str) -> str | None:
        """Return the student's answer, None if nobody can answer. Raise EOFError at the end of the input."""
        if not is_interactive():
            return None
        line = _line(prompt)
        if line is None:
            raise EOFError
        return line.strip()
