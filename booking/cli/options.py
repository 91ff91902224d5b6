"""The options of the commands: one name, one meaning, one help text."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from booking.errors import BadInputError
from booking.history.finding import SOUND, UNKNOWN, Anomaly
from booking.registry import LOCKS, STORES
from booking.scenario import ORDERS
from booking.setup import CHANNELS, GATES, HAND_OVERS, SUBMISSIONS, Fault
from booking.steps import PAY, RECORDED
from booking.text.words import nearest

HEADINGS = {
    "The sale": ("buyers", "tickets", "lock", "buyer", "pay", "repeat", "locks", "mode", "rounds"),
    "See it": ("live", "html", "svg", "png", "open_report", "open_page", "markdown", "json", "lang"),
    "Make it go wrong": ("kill", "freeze", "trees", "trains", "order", "timeout", "crashes"),
    "Other machinery": ("store", "permits", "channel", "clerks", "pool", "submit", "hand_over", "gate", "countdown"),
    "Keep and check": ("history", "save", "progress", "expect", "db", "keep_stock"),
    "For experts": ("seed", "start_method", "durable", "trace", "csv", "max_states"),
}
"""The headings of the help, in their order, with the parameters below each; any other one stands below "Options"."""

VERDICTS = (SOUND, *Anomaly, UNKNOWN)

_NAMES = tuple(name.replace(" ", "-") for name in VERDICTS)
METHODS = ("fork", "spawn", "forkserver")


def among_steps(incomplete: str) -> list[str]:
    """Complete the step behind "2@"."""
    buyer, at, step = incomplete.partition("@")
    return [f"{buyer}@{name}" for name in sorted({*RECORDED, PAY}) if at and name.startswith(step)]


def several(names: Iterable[str]) -> Callable[[str], list[str]]:
    """Return what completes the last of several names with commas between them."""

    def complete(incomplete: str) -> list[str]:
        before, comma, last = incomplete.rpartition(",")
        return [before + comma + name for name in names if name.startswith(last)]

    return complete


def among(names: Iterable[str]) -> Callable[[str], list[str]]:
    """Return what completes the beginning of one of the names in a shell."""
    return lambda incomplete: [name for name in names if name.startswith(incomplete)]


Buyers = Annotated[int, typer.Option(metavar="N", help="Number of buyers.")]
BuyersNamed = Annotated[
    int, typer.Option(metavar="N", help="Number of buyers.", show_default="as the schedule names, at least 2")
]
Tickets = Annotated[int, typer.Option(metavar="N", help="Number of tickets for sale.")]
KeepStock = Annotated[bool, typer.Option("--keep-stock", help="Sell what is left; do not restock.")]
LockName = Annotated[
    str,
    typer.Option(
        "--lock",
        metavar="LOCK",
        autocompletion=among(LOCKS),
        help=f"One of {', '.join(LOCKS)}; see `booking locks`. Or a lock of your own: FILE.py, or FILE.py:CLASS.",
    ),
]
BuyerName = Annotated[
    str | None,
    typer.Option(
        "--buyer", metavar="FILE[:NAME]", help="A buyer of your own: purchase(desk) in a file.", show_default=False
    ),
]
Permits = Annotated[int, typer.Option(metavar="N", help="With --lock semaphore: how many buyers it lets in.")]
StoreName = Annotated[
    str, typer.Option("--store", metavar="STORE", autocompletion=among(STORES), help=f"One of {', '.join(STORES)}.")
]
Trains = Annotated[int, typer.Option(metavar="N", help="Number of trains; buyer b needs train b and the next one.")]
TrainOrder = Annotated[
    str,
    typer.Option(
        "--lock-order",
        metavar="ORDER",
        autocompletion=among(ORDERS),
        help="First lock: same (the lower number), opposite (even buyers the higher), ring (buyer b of train b).",
    ),
]
Pay = Annotated[
    str, typer.Option(metavar="SECONDS|MIN:MAX", help="How long a payment takes, between the read and the write.")
]
Seed = Annotated[int | None, typer.Option(metavar="N", help="Seed for all that is drawn by lot.")]
Crashes = Annotated[int, typer.Option(metavar="N", help="Let up to N buyers crash, each at any point.")]

Gate = Annotated[
    str, typer.Option(metavar="GATE", autocompletion=among(GATES), help=f"How the sale starts: {', '.join(GATES)}.")
]
Countdown = Annotated[float, typer.Option(metavar="SECONDS", help="Start after a countdown.")]
Trees = Annotated[int, typer.Option(metavar="N", help="Sell in N process trees, as from N terminals.")]
Channel = Annotated[
    str,
    typer.Option(
        metavar="CHANNEL", autocompletion=among(CHANNELS), help=f"How buyers reach the store: {', '.join(CHANNELS)}."
    ),
]
Clerks = Annotated[int, typer.Option(metavar="N", help="Number of clerks, with --channel queue or pipe.")]
Pool = Annotated[int, typer.Option(metavar="N", help="Run the buyers in a pool of N processes; 0: a process each.")]
HandOver = Annotated[
    str,
    typer.Option(
        metavar="WAY",
        autocompletion=among(HAND_OVERS),
        help=f"How the workers of the pool get the lock: {', '.join(HAND_OVERS)}.",
    ),
]
Submit = Annotated[
    str,
    typer.Option(
        metavar="MODE",
        autocompletion=among(SUBMISSIONS),
        help=f"How buyers are submitted to the pool: {', '.join(SUBMISSIONS)}.",
    ),
]
Kill = Annotated[
    list[str] | None,
    typer.Option(
        metavar="BUYER@STEP[:TERM]", autocompletion=among_steps, help="Kill a buyer in a step, for example 2@pay."
    ),
]
Freeze = Annotated[
    list[str] | None,
    typer.Option(
        metavar="BUYER@STEP", autocompletion=among_steps, help="Freeze a buyer in a step (SIGSTOP), for example 2@pay."
    ),
]

Db = Annotated[Path, typer.Option(metavar="FILE", help="The JSON file with the tickets.")]
StartMethod = Annotated[
    str | None,
    typer.Option(
        metavar="METHOD",
        autocompletion=among(METHODS),
        help="fork, spawn or forkserver.",
        show_default="fork on Linux, else spawn",
    ),
]
At = Annotated[
    str | None, typer.Option(metavar="HOST:PORT", help="Ask the ticket office there (see `booking office`).")
]
HistoryFile = Annotated[Path | None, typer.Option(metavar="FILE", help="Write what happened as JSON Lines.")]
HtmlFile = Annotated[Path | None, typer.Option(metavar="FILE", help="Draw a page to walk through.")]
SvgFile = Annotated[Path | None, typer.Option(metavar="FILE", help="Draw an image for slides.")]
PngFile = Annotated[Path | None, typer.Option(metavar="FILE", help="Draw the same image in pixels.")]
OpenReport = Annotated[bool, typer.Option("--open", help="Open what was drawn in the browser.")]
TraceFile = Annotated[Path | None, typer.Option(metavar="FILE", help="Write a trace for Perfetto or chrome://tracing.")]
CsvFile = Annotated[Path | None, typer.Option(metavar="FILE", help="Write the events as a table.")]
Language = Annotated[str, typer.Option("--lang", metavar="en|zh", help="The language of the texts.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
Memory = Annotated[
    str,
    typer.Option(
        metavar="MODEL",
        autocompletion=among(("sc", "tso")),
        help="sc: an access takes effect at once; tso: writes are buffered, as on x86.",
    ),
]
"""Of a lock whose shared variables are cells."""
Expect = Annotated[
    str | None,
    typer.Option(
        metavar="VERDICT",
        autocompletion=among(_NAMES),
        help=f"Exit with 1 unless the verdict is this: {', '.join(_NAMES)}.",
    ),
]

LONGEST_WAIT = 1_000_000


def parsed_pay(text: str) -> tuple[float, float]:
    """Return the lowest and the highest number of seconds of "0.05" or "1:3"; raise BadInputError for other text."""
    low, _, high = text.partition(":")
    try:
        return float(low), float(high or low)
    except ValueError:
        raise BadInputError(f"--pay is {text!r}; use SECONDS or MIN:MAX, for example 0.05 or 1:3") from None


def require_seconds(name: str, seconds: float) -> None:
    """Raise BadInputError unless `seconds` is a number above 0 that the system can wait for."""
    if not 0 < seconds <= LONGEST_WAIT:
        raise BadInputError(f"{name} is {seconds!r}; use a number of seconds above 0, at most {LONGEST_WAIT:,}")


def parsed_faults(kill: Sequence[str] | None, freeze: Sequence[str] | None) -> tuple[Fault, ...]:
    """Return the faults that were asked for; raise BadInputError for an invalid one."""
    return (*(Fault.parsed(text) for text in kill or ()), *(Fault.parsed(text, freeze=True) for text in freeze or ()))


def given(context: typer.Context, **values: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever an option may hold
    """Return those of the values, by the name of their parameter, that do not come from a default."""
    sources = {name: context.get_parameter_source(name) for name in values}
    return {name: values[name] for name, source in sources.items() if source and source.name == "COMMANDLINE"}


def refuse_beside_at(context: typer.Context, *names: str) -> None:
    """Raise BadInputError if one of these options was given: with --at the office decides about it."""
    for name in given(context, **dict.fromkeys(names)):
        raise BadInputError(f"--{name} cannot be combined with --at: the office decides; give --{name} to the office")


def parsed_verdict(text: str | None, option: str = "--expect", choices: Sequence[str] = VERDICTS) -> str | None:
    """Return the verdict's name, also of "lost-update"; raise BadInputError for any other text. None stays None."""
    name = text and text.lower().replace("-", " ")
    name = SOUND if name == "correct" else name  # as it is printed
    if name is not None and name not in choices:
        raise BadInputError(f"{option} is {text!r:.40}{nearest(name, choices)}; use one of {', '.join(choices)}")
    return name


def print_json(document: dict[str, Any]) -> None:
    """Print one JSON document on standard output."""
    import json  # noqa: PLC0415 - 1 ms that a text answer does not need

    typer.echo(json.dumps({"schema": 1} | document, indent=2))
