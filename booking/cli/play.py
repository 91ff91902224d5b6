"""`booking play`: the student is the scheduler, in a plain terminal or from piped input."""

import sys
from collections.abc import Iterable, Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer

from booking.cli import options
from booking.cli.replay import saved_schedule
from booking.errors import BadInputError
from booking.game.dialogue import answer, farewell, opening, question, resolution, standing
from booking.game.game import new_game, riddles
from booking.history.schedule import Schedule, command
from booking.model.prediction import predict as predict_schedule
from booking.replayer.stage import Stage
from booking.scenario import Scenario
from booking.text.words import WIDTH, count_of, wrapped


def play(  # noqa: PLR0913 - every dial of a scenario is an option
    context: typer.Context,
    schedule: Annotated[
        str | None, typer.Argument(metavar="[SCHEDULE]", help="With --predict: ask about this schedule.")
    ] = None,
    *,
    predict: Annotated[
        bool, typer.Option("--predict", help="Predict how many tickets a schedule sells; then real processes run it.")
    ] = False,
    buyers: options.BuyersNamed = 2,
    tickets: options.Tickets = 1,
    lock: options.LockName = "none",
    permits: options.Permits = 1,
    store: options.StoreName = "json",
    trains: options.Trains = 1,
    order: options.TrainOrder = "same",
    db: options.Db = Path("data/db.json"),
) -> int:
    """Be the scheduler: move the buyers step by step. Try to sell one ticket twice."""
    if schedule is None:
        scenario = Scenario(buyers, tickets, lock, store, pay=(0.0, 0.0), permits=permits, trains=trains, order=order)
        return _quiz(scenario, riddles(scenario), db) if predict else _play_game(scenario)
    if not predict:
        raise BadInputError(f"a schedule ({schedule!a:.40}) requires --predict; add it, or use `booking replay`")
    dials = {"buyers": buyers, "tickets": tickets, "lock": lock, "permits": permits, "store": store}
    riddle = saved_schedule(schedule, options.given(context, **dials, trains=trains, order=order) | {"pay": (0.0, 0.0)})
    return _quiz(riddle.scenario, [riddle.schedule], db)


def _play_game(scenario: Scenario) -> int:
    game = new_game(scenario)
    try:
        _print([*opening(game), "", *standing(game)])
        for line in _lines("> "):
            reply = answer(game, line)
            game = reply.game
            _print(reply.lines)
            if reply.finished:
                break
    finally:  # also for Ctrl-C: what was played can be replayed
        _print(farewell(game))
    return 0


def _quiz(scenario: Scenario, schedules: list[Schedule], db: Path) -> int:
    for schedule in schedules:
        predict_schedule(scenario, schedule)  # one that cannot be played is refused before the first question
    right, asked = 0, 0
    lines = _lines("tickets sold: ")
    with Stage(scenario, db=db) as stage:
        for schedule in schedules:
            said = _ask(stage, schedule, lines)
            if said is None:
                break
            asked += 1
            right += said
    _print([f"You were right {right} of {count_of(asked, 'time')}."])
    return 0


def _ask(stage: Stage, schedule: Schedule, lines: Iterator[str]) -> bool | None:
    """Ask about one schedule and play it; return whether the answer was right, None if there was none."""
    _print(question(stage.scenario, schedule))
    for line in lines:
        word = line.strip().lower()
        if word in {"q", "quit"}:
            return None
        if not (word.isascii() and word.isdigit() and len(word) < 10):  # noqa: PLR2004 - tickets have 10 digits at most
            _print(["Type a number of tickets, or q to quit."])
            continue
        replay = stage.play(schedule)
        _print(resolution(int(word), replay))
        _print(["See it again:", f"  {command(stage.scenario, schedule)}", ""])
        return int(word) == replay.verdict.sold
    return None


def _lines(prompt: str) -> Iterator[str]:
    """Yield the lines of standard input until its end; what is piped in is shown behind the prompt."""
    if isinstance(sys.stdin, TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")
    while True:
        typer.echo(prompt, nl=False)
        line = sys.stdin.readline() if sys.stdin else ""
        if not line:
            typer.echo()
            return
        if not sys.stdin.isatty():
            typer.echo(line.rstrip("\r\n"))
        yield line


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        folds = len(line) > WIDTH and not line.startswith(" ")  # what is indented is to be copied, or has columns
        typer.echo("\n".join(wrapped(line)) if folds else line)
