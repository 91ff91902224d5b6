"""The commands and the one place where a failure becomes an exit status."""

import contextlib
import io
import os
import sys
import warnings
from collections.abc import Iterable, Sequence
from functools import partial
from importlib import import_module
from keyword import iskeyword
from typing import Any

import typer
from typer.core import TyperCommand, TyperOption

from booking.errors import INTERRUPTED, BadInputError, BookingError, DiskError
from booking.live.terminal import shows_colour
from booking.text.words import nearest
from booking.version import __version__

COMMANDS = {
    "run": "booking.cli.run",
    "look": "booking.cli.single_buyer",
    "buy": "booking.cli.single_buyer",
    "reset": "booking.cli.single_buyer",
    "orphans": "booking.cli.orphans",
    "explore": "booking.cli.explore",
    "replay": "booking.cli.replay",
    "play": "booking.cli.play",
    "tour": "booking.cli.tour",
    "compare": "booking.cli.compare",
    "grade": "booking.cli.grade",
    "report": "booking.cli.report",
    "office": "booking.cli.office",
    "lab": "booking.cli.lab",
    "class": "booking.cli.classroom",
    "why": "booking.cli.why",
    "doctor": "booking.cli.doctor",
    "locks": "booking.cli.describe",
    "stores": "booking.cli.describe",
}
"""The module of each command, which holds a function of the same name; only the one that is asked for is imported."""


RENAMED = {
    "run": {
        "--offices": "--trees",
        "--hang": "--freeze",
        "--via": "--channel",
        "--workers": "--pool",
        "--opens-in": "--countdown",
        "--kill-parent": "the command `booking orphans`",
        "--order": "--lock-order",
    },
    "explore": {"--order": "--lock-order"},
    "replay": {"--order": "--lock-order"},
    "play": {"--order": "--lock-order"},
    "compare": {"--runs": "--repeat"},
}
"""The options of earlier versions, by command, and what to use instead."""


def program_for(arguments: Sequence[str]) -> typer.Typer:
    """Return the program with the commands that these arguments can need."""
    app = typer.Typer(
        name="booking",
        help="Sell one ticket to ten processes: see a race condition, prove it, replay it.",
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
    )
    app.callback()(_booking)
    for name in commands_for(arguments):
        app.command(name, cls=Command)(getattr(import_module(COMMANDS[name]), f"{name}_" if iskeyword(name) else name))
    return app


class Command(TyperCommand):
    """A command whose help has its options under headings and ends with examples, and that knows --colour."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - typer's own
        super().__init__(*args, **kwargs)
        colour = TyperOption(
            param_decls=["--colour/--no-colour"],
            is_flag=True,
            default=None,
            expose_value=False,
            callback=_choose_colour,
            help="Colours in the output.",
            show_default="on a terminal without NO_COLOR",
        )
        self.params.append(colour)

    def format_options(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - click's classes, which typer hides
        """Write the arguments, then the options under their headings."""
        from booking.cli.options import HEADINGS  # noqa: PLC0415 - only help needs them

        heading_of = {name: heading for heading, names in HEADINGS.items() for name in names}
        rows: dict[str, list[tuple[str, str]]] = {heading: [] for heading in ("Arguments", *HEADINGS, "Options")}
        for parameter in self.get_params(ctx):
            usual = "Arguments" if parameter.param_type_name == "argument" else "Options"
            rows[heading_of.get(str(parameter.name), usual)] += filter(None, [parameter.get_help_record(ctx)])
        for heading, records in rows.items():
            if records:
                with formatter.section(heading):
                    formatter.write_dl(records)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401
        """Write the examples, a line each, however long they are."""
        del ctx
        formatter.write("\nExamples:\n" + "".join(f"  {line}\n" for line in examples_of(str(self.name))))


def examples_of(command: str) -> list[str]:
    """Return three lines to try, each a command and perhaps a word about it."""
    from importlib.resources import files  # noqa: PLC0415 - only help needs them
    from tomllib import loads  # noqa: PLC0415

    text: str = loads((files("booking.cli") / "examples.toml").read_text(encoding="utf-8"))[command]
    return text.splitlines()


def _choose_colour(context: typer.Context, _: Any, value: bool | None) -> None:  # noqa: ANN401, FBT001 - typer's
    """Say it in the variables that every program knows, so that the live view and other programs hear it too."""
    if value is not None:
        chosen, other = ("FORCE_COLOR", "NO_COLOR") if value else ("NO_COLOR", "FORCE_COLOR")
        os.environ[chosen] = "1"
        os.environ.pop(other, None)  # an empty FORCE_COLOR would say that nobody looks, and hide the live view
    context.color = shows_colour()


def commands_for(arguments: Sequence[str]) -> Iterable[str]:
    """Return the commands that these arguments can need: one, none for the version, all to list or suggest them."""
    first = arguments[0] if arguments else ""
    if first in {"--version", "-V"}:
        return ()
    return (first,) if first in COMMANDS else COMMANDS


def _version(value: bool) -> None:  # noqa: FBT001 - the shape that typer calls
    if value:
        typer.echo(f"booking {__version__}")
        raise typer.Exit


def _booking(
    version: bool = typer.Option(  # noqa: FBT001 - typer reads options from parameters
        False,  # noqa: FBT003
        "--version",
        "-V",
        help="Print the version.",
        callback=_version,
        is_eager=True,
    ),
) -> None:
    """Sell one ticket to ten processes: see a race condition, prove it, replay it."""


def run_command(arguments: Sequence[str], program: typer.Typer | None = None) -> int:
    """Run one command and return its exit status; a failure is one line on standard error.

    `program` is what `program_for` returned for these arguments, if it was called before.
    """
    _prepare_output()
    if arguments[:1] == ["help"]:
        arguments = [*arguments[1:2], "--help"]
    program = program or program_for(arguments)
    try:
        _refuse_renamed(arguments)
        status = program(list(arguments) or ["--help"], prog_name="booking", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except BookingError as error:
        return _report(str(error), error.exit_status)
    except typer.TyperException as error:
        return _report(_usage(error, arguments), 2)
    except typer.Abort:
        return INTERRUPTED  # the input ended while a command asked for some
    except OSError as error:
        _give_up_output()
        return _report(f"the system refused to go on: {error.strerror or error}", DiskError.exit_status)
    return status if isinstance(status, int) else 0


def _usage(error: typer.TyperException, arguments: Sequence[str]) -> str:
    message = error.format_message().replace("is not a valid int.", "is not a whole number")
    message = message.replace("is not a valid float.", "is not a number")
    if message.startswith("No such option"):
        option = message.split()[3]
        near = nearest(option, getattr(error, "possibilities", None) or ())
        return f"No such option: {option}{near}; see `booking {arguments[0]} --help`"
    if message.startswith("No such command"):
        return message if "Did you mean" in message else f"{message.rstrip('.')}; see `booking --help`"
    if message.startswith(("Missing argument", "Got unexpected extra argument")):
        return f"{message.rstrip('.')}; see `booking {arguments[0]} --help`"
    return message


def _refuse_renamed(arguments: Sequence[str]) -> None:
    renamed = RENAMED.get(arguments[0], {}) if arguments else {}
    for name in (argument.partition("=")[0] for argument in arguments):
        if name in renamed:
            raise BadInputError(f"{name} has a new name: use {renamed[name]}")


def _report(message: str, status: int) -> int:
    line = " ".join(message.split())
    with contextlib.suppress(OSError):
        typer.echo(f"booking: {line}", err=True)
    return status


def _prepare_output() -> None:
    """Show a question mark for a character that the console lacks, and go on when the reader of a pipe has left.

    A warning takes one line on standard error.
    """
    warnings.showwarning = partial(_show_warning, set())
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    output = sys.stdout
    if not isinstance(output, io.TextIOWrapper) or output.isatty():
        return
    if isinstance(getattr(output.buffer, "raw", output.buffer), io.FileIO):  # and no buffer in memory
        raw = _PatientFile(output.fileno(), "wb", closefd=False)
        sys.stdout = io.TextIOWrapper(
            io.BufferedWriter(raw),
            encoding=output.encoding,
            errors="replace",
            line_buffering=output.line_buffering,
            write_through=output.write_through,
        )


class _PatientFile(io.FileIO):
    """A pipe whose reader may leave, as `head` does: what can no longer be read is discarded."""

    def write(self, content: Any, /) -> int:  # noqa: ANN401 - any buffer, for which 3.11 has no name
        """Write, or pretend to if the reader has left."""
        try:
            return super().write(content) or 0
        except BrokenPipeError:
            return memoryview(content).nbytes


def _show_warning(shown: set[str], message: Warning | str, *_: object, **__: object) -> None:
    if str(message) not in shown:  # a fork changes the filters, and with that Python forgets what it has shown
        shown.add(str(message))
        with contextlib.suppress(OSError):
            typer.echo(f"booking: warning: {message}", err=True)


def _give_up_output() -> None:
    """Discard what is still to be printed: its disk is full, and the attempt at exit would fail too."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
