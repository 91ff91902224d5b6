"""The options of `booking run` that turn the dials around the buyers, and what they add up to."""

from collections.abc import Sequence
from typing import Annotated

import typer

from booking.setup import CHANNELS, GATES, SUBMISSIONS, Fault

Gate = Annotated[str, typer.Option(metavar="GATE", help=f"How the sale opens: {', '.join(GATES)}.")]
OpensIn = Annotated[float, typer.Option(metavar="SECONDS", help="Open the gate after a countdown.")]
Trees = Annotated[int, typer.Option(metavar="K", help="Sell in K process trees, as from K terminals.")]
Kill = Annotated[
    list[str] | None, typer.Option(metavar="BUYER@STEP[:TERM]", help="Kill a buyer in a step, for example 2@pay.")
]
Hang = Annotated[list[str] | None, typer.Option(metavar="BUYER@STEP", help="Stop a buyer in a step, for ever.")]
KillParent = Annotated[
    bool,
    typer.Option("--kill-parent", help="Show what becomes of buyers whose parent is killed, in a sale of its own."),
]
Via = Annotated[str, typer.Option(metavar="VIA", help=f"How buyers reach the store: {', '.join(CHANNELS)}.")]
Clerks = Annotated[int, typer.Option(metavar="K", help="How many clerks sell, with --via queue or pipe.")]
Workers = Annotated[int, typer.Option(metavar="N", help="Let a pool of N processes play the buyers.")]
Submit = Annotated[str, typer.Option(metavar="SUBMIT", help=f"How the pool gets them: {', '.join(SUBMISSIONS)}.")]


def faults(kill: Sequence[str] | None, hang: Sequence[str] | None) -> tuple[Fault, ...]:
    """Return the faults that were asked for; raises BadInputError where one is none."""
    return (*(Fault.parsed(text) for text in kill or ()), *(Fault.parsed(text, hang=True) for text in hang or ()))
