"""`booking report`: a history, read again and drawn."""

from pathlib import Path
from typing import Annotated

import typer

from booking.cli import options
from booking.cli.files import require_writable, write_reports
from booking.errors import BadInputError
from booking.history.history import History
from booking.history.verdict import judge
from booking.live.terminal import screen
from booking.reports.timeline import render
from booking.storage.paths import shown


def report(  # noqa: PLR0913 - every kind of report is an option
    history: Annotated[Path, typer.Argument(metavar="HISTORY", help="A file from `booking run --history FILE`.")],
    *,
    html: options.HtmlFile = None,
    svg: options.SvgFile = None,
    png: options.PngFile = None,
    open_report: options.OpenReport = False,
    trace: options.TraceFile = None,
    csv: options.CsvFile = None,
    json: options.Json = False,
    expect: options.Expect = None,
) -> int:
    """Judge a saved history again. Draw it as a timeline, a page, an image, a trace or a table."""
    expected = options.parsed_verdict(expect)
    targets = {"html": html, "svg": svg, "png": png, "trace": trace, "csv": csv}
    require_writable(targets, {"the history itself": history}, opens=open_report)
    sale = load(history)
    verdict = judge(sale)
    write_reports(targets, sale, verdict, opens=open_report)
    if json:
        options.print_json({"scenario": sale.scenario.to_json(), **verdict.to_json(), "elapsed_s": sale.elapsed_s})
    else:
        typer.echo(render(sale, verdict, screen()))
    return 0 if expected in {None, verdict.name} else 1


def load(path: Path) -> History:
    """Return the history in a file; raise BadInputError, with the line, if it cannot be read."""
    if not path.is_file():
        raise BadInputError(f"there is no file {shown(path):.200}; write one with `booking run --history FILE`")
    try:
        with path.open(encoding="utf-8") as lines:
            return History.from_lines(lines)
    except BadInputError as error:
        raise BadInputError(f"cannot use {shown(path):.200}: {error}") from None
    except UnicodeDecodeError:
        raise BadInputError(f"{shown(path):.200} is not UTF-8 text; name a history") from None
    except OSError as error:
        raise BadInputError(f"cannot read {shown(path):.200}: {error.strerror}; name another file") from None
