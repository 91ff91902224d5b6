"""The options of `booking run` that turn the dials around the buyers, and what they add up to."""

from collections.abc import Sequence
from typing import Annotated

import typer

from booking.setup import CHANNELS, GATES, SUBMISSIONS, Fault

Gate = Annotated[str, typer.Option(metavar="GATE", help=f"How the sale opens: {', '.join(GATES)}.")]
Countdown = Annotated[float, typer.Option(metavar="SECONDS", help="Open the gate after a countdown.")]
Trees = Annotated[int, typer.Option(metavar="K", help="Sell in K process trees, as from K terminals.")]
Kill = Annotated[
    list[str] | None, typer.Option(metavar="BUYER@STEP[:TERM]", help="Kill a buyer in a step, for example 2@pay.")
]
Freeze = Annotated[
    list[str] | None, typer.Option(metavar="BUYER@STEP", help="Freeze a buyer in a step (SIGSTOP), for example 2@pay.")
]
Channel = Annotated[str, typer.Option(metavar="CHANNEL", help=f"How buyers reach the store: {', '.join(CHANNELS)}.")]
Clerks = Annotated[int, typer.Option(metavar="K", help="How many clerks sell, with --channel queue or pipe.")]
Pool = Annotated[int, typer.Option(metavar="N", help="Let a pool of N processes play the buyers.")]
Submit = Annotated[
    str, typer.Option(metavar="MODE", help=f"How buyers are submitted to the pool: {', '.join(SUBMISSIONS)}.")
]


def faults(kill: Sequence[str] | None, freeze: Sequence[str] | None) -> tuple[Fault, ...]:
    """Return the faults that were asked for; raise BadInputError for an invalid one."""
    return (*(Fault.parsed(text) for text in kill or ()), *(Fault.parsed(text, freeze=True) for text in freeze or ()))
