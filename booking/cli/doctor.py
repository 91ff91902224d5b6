"""`booking doctor`: what works on this machine and in this folder."""

from pathlib import Path
from typing import Annotated

import typer

from booking.answers.doctor import Check, checks
from booking.cli import options
from booking.live.terminal import screen

_NARROW = 60
"""On a screen with fewer columns what was found stands below its name."""
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
    page = screen()
    text = check.found + (f"; {check.remedy}" if check.remedy else "")
    mark = f"{_MARKS[check.works]:<8}"
    if page.width < _NARROW:
        return [mark + check.name, *page.hanging(" " * len(mark), text)]
    return page.hanging(f"{mark}{check.name:<18}", text)
