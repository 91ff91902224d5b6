"""`booking doctor`: what works on this machine and in this folder."""

from pathlib import Path
from typing import Annotated

import typer

from booking.answers.doctor import Check, checks
from booking.cli import options
from booking.text.words import wrapped

_MARKS = {True: "ok", False: "NOT OK", None: "-"}

Folder = Annotated[Path, typer.Argument(metavar="[PATH]", help="The folder of the ticket file.", show_default="here")]


def doctor(path: Folder = Path(), *, json: options.Json = False) -> int:
    """Try what a sale in this folder needs: start methods, writing, each lock with a second process, the console."""
    found = []
    for check in checks(path):
        found.append(check)
        if not json:
            typer.echo("\n".join(_lines(check)))
    if json:
        options.print_json({"folder": str(path.resolve()), "checks": [check.to_json() for check in found]})
    return 0


def _lines(check: Check) -> list[str]:
    first, *more = wrapped(check.found + (f"; {check.remedy}" if check.remedy else ""), width=52)
    return [f"{_MARKS[check.works]:<8}{check.name:<18}{first}", *(f"{'':<26}{line}" for line in more)]
