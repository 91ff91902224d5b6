"""The commands and the one place where a failure becomes an exit status."""

import sys
from collections.abc import Sequence

import typer

from booking.cli import counter, describe, explore, office, replay, run
from booking.errors import BookingError
from booking.version import __version__

app = typer.Typer(
    name="booking",
    help="Sell one ticket to ten processes: see a race condition, prove it, replay it.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)


def _version(value: bool) -> None:  # noqa: FBT001 - the shape that typer calls
    if value:
        typer.echo(f"booking {__version__}")
        raise typer.Exit


@app.callback()
def _booking(
    version: bool = typer.Option(  # noqa: FBT001 - typer reads options from parameters
        False,  # noqa: FBT003
        "--version",
        help="Print the version.",
        callback=_version,
        is_eager=True,
    ),
) -> None:
    """Sell one ticket to ten processes: see a race condition, prove it, replay it."""


app.command("run")(run.run)
app.command("look")(counter.look)
app.command("buy")(counter.buy)
app.command("reset")(counter.reset)
app.command("replay")(replay.replay)
app.command("office")(office.office)
app.command("explore")(explore.explore)
app.command("locks")(describe.locks)
app.command("stores")(describe.stores)


def run_command(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status; a failure is one line on standard error."""
    _never_fail_to_print()
    try:
        status = app(list(arguments), standalone_mode=False)
    except BookingError as error:
        return _report(str(error), error.exit_status)
    except typer.TyperException as error:
        return _report(error.format_message(), 2)
    except typer.Abort:
        raise KeyboardInterrupt from None
    if status == 130:  # noqa: PLR2004 - typer's own word for Ctrl-C
        raise KeyboardInterrupt
    return status if isinstance(status, int) else 0


def _report(message: str, status: int) -> int:
    line = " ".join(message.split())
    typer.echo(f"booking: {line}", err=True)
    return status


def _never_fail_to_print() -> None:
    """Let a console that lacks a character show a question mark instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
