"""`booking grade`: what holds of somebody's lock, proved, and the shortest way to break it."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from booking.cli import options
from booking.cli.files import require_writable, write_text
from booking.errors import BadInputError, InconclusiveError
from booking.live.terminal import progress
from booking.text.words import nearest

if TYPE_CHECKING:
    from booking.submissions.confinement import Limits
    from booking.submissions.grade import Grade
    from booking.submissions.terms import Terms

REPORTS = ("gradescope", "classroom50", "prairielearn", "junit")


def grade(  # noqa: PLR0913 - every dial is an option
    files: Annotated[
        list[str] | None,
        typer.Argument(metavar="FILE[:CLASS]...", help="Files with a lock, or folders of them.", show_default=False),
    ] = None,
    *,
    buyers: Annotated[str, typer.Option(metavar="N,...", help="Numbers of buyers to prove it for.")] = "2",
    require: Annotated[
        str, typer.Option(metavar="PROPERTIES", help="What has to hold: exclusion, deadlock, starvation, bypass=N.")
    ] = "exclusion,deadlock",
    points: Annotated[
        str, typer.Option(metavar="PROPERTY=N,...", help="What each property is worth.")
    ] = "exclusion=50,deadlock=30,starvation=20",
    memory: options.Memory = "sc",
    entries: Annotated[
        int, typer.Option(metavar="N", help="How often each buyer enters where it cannot be without limit.")
    ] = 2,
    seconds: Annotated[float, typer.Option(metavar="SECONDS", help="How long one file may take.")] = 60.0,
    report: Annotated[
        list[str] | None, typer.Option(metavar="FORMAT=FILE", help=f"Write a report: {', '.join(REPORTS)}.")
    ] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw a page with every step.")] = None,
    replay: Annotated[
        bool,
        typer.Option("--replay", help="Let real processes take the steps of what is broken; they are not confined."),
    ] = False,
    json: options.Json = False,
    suite: Annotated[bool, typer.Option("--suite", help="Grade the textbook's locks, right and wrong ones.")] = False,
    self_test: Annotated[
        bool, typer.Option("--self-test", help="Grade only if the textbook's locks are judged rightly.")
    ] = False,
    starter: Annotated[
        str | None, typer.Option(metavar="NAME", help="Print a lock of the textbook to begin with, or `blank`.")
    ] = None,
) -> int:
    """Prove what holds of a lock in somebody's file. Each part of the score is a proof."""
    from booking.submissions.confinement import Limits  # noqa: PLC0415 - no other command needs it
    from booking.submissions.terms import terms_of  # noqa: PLC0415

    if starter is not None:
        return _print_starter(starter)
    if not (files or suite or self_test):
        raise BadInputError("grade needs FILE, --suite, --self-test or --starter; see `booking grade --help`")
    options.require_seconds("--seconds", seconds)
    terms = terms_of(buyers=buyers, require=require, points=points, memory=memory, entries=entries)
    targets = _targets(report, html)
    limits = Limits(seconds)
    if self_test and not _passes_self_test(limits):
        return InconclusiveError.exit_status
    if suite:
        return _grade_suite(terms, limits, json=json)
    return _grade_files(files, terms, limits, targets, replay=replay, json=json) if files else 0


def _print_starter(name: str) -> int:
    from booking.textbook import TEXTBOOK  # noqa: PLC0415
    from booking.textbook.starter import BLANK, starter_of  # noqa: PLC0415

    if name not in {BLANK, *TEXTBOOK}:
        raise BadInputError(
            f"--starter is {name!r:.40}{nearest(name, TEXTBOOK)}; use {BLANK}, or a lock of `booking grade --suite`"
        )
    typer.echo(starter_of(name), nl=False)
    return 0


def _targets(reports: list[str] | None, html: Path | None) -> dict[str, Path]:
    """Return the files to write by their format; raise BadInputError."""
    targets: dict[str, Path] = {}
    for text in reports or ():
        name, equals, path = text.partition("=")
        if name not in REPORTS or not (equals and path):
            raise BadInputError(
                f"--report is {text!r:.60}{nearest(name, REPORTS)}; use FORMAT=FILE, with {', '.join(REPORTS)}"
            )
        targets[name] = Path(path)
    if html is not None:
        targets["html"] = html
    require_writable({name if name == "html" else f"report {name}": path for name, path in targets.items()})
    return targets


def _passes_self_test(limits: "Limits") -> bool:
    from booking.submissions.course import self_test  # noqa: PLC0415

    with progress(None, "locks of the textbook") as tell:
        wrong = self_test(limits, tell)
    for line in wrong:
        typer.echo(f"booking: {line}", err=True)
    verdict = "The grader fails its own test, so it grades nothing." if wrong else "The grader passes its own test."
    typer.echo(verdict, err=True)
    return not wrong


def _grade_files(  # noqa: PLR0913 - what was asked for
    names: list[str], terms: "Terms", limits: "Limits", targets: dict[str, Path], *, replay: bool, json: bool
) -> int:
    from booking.submissions import course  # noqa: PLC0415
    from booking.submissions.grade import status_of  # noqa: PLC0415
    from booking.submissions.table import render, summary  # noqa: PLC0415

    files = course.files_in(names)
    if len(files) > 1 and (one := next((name for name in targets if name not in {"junit", "html"}), None)):
        raise BadInputError(f"--report {one} takes one file, and there are {len(files):,}; use junit for several")
    with progress(len(files), "files") as tell:
        grades = course.grade_all(files, terms, limits, tell)
    _write(targets, grades)
    if json:
        documents = [found.to_json() for found in grades]
        options.print_json(documents[0] if len(files) == 1 else {"files": documents})
    elif len(files) > 1:
        typer.echo(summary(grades))
    elif grades[0].refused:
        raise BadInputError(f"{grades[0].file:.200} is no lock: {grades[0].refused}")
    else:
        typer.echo(render(grades[0], "" if replay else f"booking grade {shlex.quote(files[0])} --replay"))
    for line in (line for found in grades if replay for line in course.replay(found)):
        typer.echo(line, err=json)
    return status_of(grades)


def _write(targets: dict[str, Path], grades: "list[Grade]") -> None:
    from booking.submissions.formats import FORMATS, junit  # noqa: PLC0415

    for name, path in targets.items():
        if name == "html":
            from booking.submissions.page import render  # noqa: PLC0415

            write_text(name, path, render(grades))
        else:
            write_text("report", path, junit(grades) if name == "junit" else FORMATS[name](grades[0]))


def _grade_suite(terms: "Terms", limits: "Limits", *, json: bool) -> int:
    from booking.submissions.course import grade_textbook  # noqa: PLC0415
    from booking.submissions.table import textbook  # noqa: PLC0415

    with progress(None, "locks") as tell:
        grades = grade_textbook(terms, limits, tell)
    if json:
        options.print_json({"files": [{"name": name} | found.to_json() for name, found in grades.items()]})
    else:
        typer.echo(textbook(grades))
    return 0
