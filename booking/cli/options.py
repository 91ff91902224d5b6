"""The options that several commands share: one name, one meaning, one default."""

from pathlib import Path
from typing import Annotated, Any

import typer

from booking.errors import BadInputError
from booking.history.finding import SOUND, UNKNOWN, Anomaly
from booking.registry import LOCKS, STORES, protection_of
from booking.scenario import Scenario

Buyers = Annotated[int, typer.Option(help="How many buyers there are.")]
Tickets = Annotated[int, typer.Option(help="How many tickets are for sale.")]
LockName = Annotated[str, typer.Option("--lock", metavar="LOCK", help=f"One of {', '.join(LOCKS)}.")]
StoreName = Annotated[str, typer.Option("--store", metavar="STORE", help=f"One of {', '.join(STORES)}.")]
Permits = Annotated[int, typer.Option(help="How many a semaphore lets in.")]
Trains = Annotated[int, typer.Option(metavar="T", help="Every buyer needs a ticket on each of T trains.")]
TrainOrder = Annotated[
    str,
    typer.Option(
        "--lock-order",
        metavar="ORDER",
        help="How buyers take the trains' locks: same, opposite (even buyers backwards), or ring (buyer b from b on).",
    ),
]
Pay = Annotated[
    str, typer.Option(metavar="SECONDS|MIN:MAX", help="How long a payment takes, between the read and the write.")
]
Db = Annotated[Path, typer.Option(metavar="FILE", help="The JSON file with the tickets.")]
StartMethod = Annotated[
    str | None, typer.Option(metavar="METHOD", help="fork, spawn or forkserver; fork where there is one.")
]
HistoryFile = Annotated[Path | None, typer.Option(metavar="FILE", help="Write what happened as JSON Lines.")]
HtmlFile = Annotated[Path | None, typer.Option(metavar="FILE", help="Draw a page to walk through.")]
SvgFile = Annotated[Path | None, typer.Option(metavar="FILE", help="Draw an image for slides.")]
TraceFile = Annotated[Path | None, typer.Option(metavar="FILE", help="Write a trace for Perfetto or chrome://tracing.")]
CsvFile = Annotated[Path | None, typer.Option(metavar="FILE", help="Write the events as a table.")]
At = Annotated[
    str | None, typer.Option(metavar="HOST:PORT", help="Ask the ticket office there (see `booking office`).")
]
Seed = Annotated[int | None, typer.Option(help="Draw the same payment times again.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
Expect = Annotated[
    str | None,
    typer.Option(metavar="VERDICT", help="Exit with 1 unless this is the verdict (sound, oversold, ...)."),
]

LONGEST_WAIT = 1_000_000
VERDICTS = (SOUND, *Anomaly, UNKNOWN)


def parsed_pay(text: str) -> tuple[float, float]:
    """Return the lowest and the highest number of seconds of "0.05" or "1:3"; raises BadInputError."""
    low, _, high = text.partition(":")
    try:
        return float(low), float(high or low)
    except ValueError:
        raise BadInputError(f"--pay is {text!r}; use SECONDS or MIN:MAX, for example 0.05 or 1:3") from None


def require_seconds(name: str, seconds: float) -> None:
    """Raise BadInputError unless `seconds` is a number above 0 that the system can wait for."""
    if not 0 < seconds <= LONGEST_WAIT:
        raise BadInputError(f"{name} is {seconds!r}; use a number of seconds above 0, at most {LONGEST_WAIT:,}")


def require_effect(scenario: Scenario) -> None:
    """Raise BadInputError for permits that the scenario's lock does not read."""
    if scenario.permits not in {1, protection_of(scenario).facts.permits}:
        raise BadInputError(
            f"--permits has no effect with --lock {scenario.lock}; leave it out or use --lock semaphore"
        )


def refuse_beside_at(context: typer.Context, *names: str) -> None:
    """Raise BadInputError where one of these options was given: with --at the office decides about it."""
    sources = {name: context.get_parameter_source(name) for name in names}
    given = [name for name, source in sources.items() if source is not None and source.name == "COMMANDLINE"]
    if given:
        raise BadInputError(f"--{given[0]} is decided by the office; leave it out with --at, or give it to the office")


def parsed_verdict(text: str | None) -> str | None:
    """Return the verdict's name, "lost-update" for "lost update" too; raises BadInputError for no verdict."""
    if text is None:
        return None
    name = text.lower().replace("-", " ")
    if name not in VERDICTS:
        raise BadInputError(f"--expect is {text!r}; use one of {', '.join(VERDICTS)}")
    return name


def print_json(document: dict[str, Any]) -> None:
    """Print one JSON document on standard output."""
    import json  # noqa: PLC0415 - 1 ms that is for nothing where text is printed

    typer.echo(json.dumps({"schema": 1} | document, indent=2))
