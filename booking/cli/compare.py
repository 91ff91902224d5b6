"""`booking compare`: every lock in the same sale: proof, real sales, cost, and a killed holder."""

from pathlib import Path
from typing import Annotated

import typer

from booking.cli import files, options
from booking.cli.explore import asked_to_stop
from booking.cli.files import require_writable, write_text
from booking.errors import INTERRUPTED, BadInputError
from booking.live.terminal import progress, screen
from booking.registry import LOCKS
from booking.scenario import Scenario
from booking.storage.paths import shown


def compare(  # noqa: PLR0913 - every dial is an option
    *,
    buyers: options.Buyers = 10,
    tickets: options.Tickets = 1,
    locks: Annotated[
        str, typer.Option(metavar="A,B", autocompletion=options.several(LOCKS), help="Which locks.", show_default="all")
    ] = "",
    permits: options.Permits = 1,
    store: options.StoreName = "json",
    repeat: Annotated[int, typer.Option(metavar="N", help="Number of real sales for each lock.")] = 5,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the tables as a page.")] = None,
    markdown: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write one table as Markdown, between the file's two markers.")
    ] = None,
    open_report: options.OpenReport = False,
    json: options.Json = False,
) -> int:
    """Compare all locks: proof, real runs, speed, and a killed holder."""
    from booking.compare import compare_locks, planned  # noqa: PLC0415 - the explorer, which other commands need not
    from booking.reports import comparison as reports  # noqa: PLC0415

    require_writable({"html": html, "markdown": markdown}, opens=open_report)
    before = _content(markdown)
    names = tuple(name.strip() for name in locks.split(",")) if locks else ()
    scenario = Scenario(buyers, tickets, store=store, permits=permits)
    with asked_to_stop() as stop:
        with progress(len(planned(names)), "done") as tell:
            found = compare_locks(scenario, locks=names, runs=repeat, stop=stop, on_progress=tell)
        if html is not None:
            write_text("html", html, reports.html(found))
        if open_report:
            files.open_report({"html": html})
        if markdown is not None:
            write_text("markdown", markdown, reports.placed(before, found))
        if json:
            options.print_json(found.to_json())
        else:
            typer.echo(reports.text(found, screen()))
    return INTERRUPTED if found.interrupted else 0


def _content(path: Path | None) -> str | None:
    """Return the file's text, None for no file; raise BadInputError if it is not text."""
    if path is None or not path.exists():
        return None
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise BadInputError(f"{shown(path):.200} is not a text; choose another file with --markdown") from None
