"""`booking why`: answers to the questions that people ask about races, each with the command that shows it."""

import shlex
import subprocess
import sys
import tempfile
from typing import Annotated

import typer

from booking.answers.questions import Question, find, questions
from booking.cli import options
from booking.live.terminal import screen

Words = Annotated[list[str] | None, typer.Argument(metavar="[QUESTION]...", help="Words, a number or a name.")]
Live = Annotated[bool, typer.Option("--run", help="Run the commands now, in a temporary folder.")]


def why(words: Words = None, *, lang: options.Language = "en", run: Live = False, json: options.Json = False) -> None:
    """Answer a question about races in two sentences, with the command that shows it. Without words: list all."""
    found = find(" ".join(words), lang) if words else list(questions(lang))
    if json:
        options.print_json({"language": lang, "questions": [question.to_json() for question in found]})
        return
    if not words:
        typer.echo("\n".join([*_titles(found, lang), "", "Read one: booking why NUMBER, or booking why WORDS"]))
        return
    best, *others = found
    typer.echo("\n".join([*screen().wrapped(best.title), "", *screen().wrapped(best.answer), ""]))
    typer.echo(_shown_live(best) if run else best.transcript.output.strip())
    if others:
        typer.echo("\n".join(["", "See also:", *_titles(others, lang)]))


def _titles(found: list[Question], language: str) -> list[str]:
    numbers = {question.name: number for number, question in enumerate(questions(language), 1)}
    lines = (screen().hanging(f"{numbers[question.name]:>4}  ", question.title) for question in found)
    return [line for each in lines for line in each]


def _shown_live(question: Question) -> str:
    with tempfile.TemporaryDirectory() as folder:
        return "\n".join(_run(command, folder) for command in question.transcript.commands)


def _run(command: str, folder: str) -> str:
    _, *arguments = shlex.split(command)
    ran = subprocess.run(
        [sys.executable, "-m", "booking", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    return f"$ {command}\n{ran.stdout}{ran.stderr}"
