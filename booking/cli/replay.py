"""`booking replay`: one chosen interleaving, on real processes."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from booking.cli import options
from booking.cli.files import files_of_store, require_writable, write_history
from booking.history.schedule import SavedSchedule, load, parse
from booking.history.schedule_table import columns
from booking.model.world import Moved
from booking.registry import LOCKS, STORES
from booking.replayer.check import Replay
from booking.replayer.stage import replay as play
from booking.scenario import ORDERS, Scenario
from booking.storage.paths import shown
from booking.text.words import count_of, on_trains, wrapped

_SHORT = re.compile(r"[-0-9,\s]*", re.ASCII)


def replay(  # noqa: PLR0913 - every dial of a scenario is an option
    schedule: Annotated[
        str,
        typer.Argument(
            metavar="SCHEDULE",
            help="Buyers' numbers, such as 1,2,1,2 (-2 is the death of buyer 2), or a file from explore --save.",
        ),
    ],
    *,
    buyers: Annotated[
        int | None, typer.Option(help="How many buyers there are; if not given, as many as the schedule names.")
    ] = None,
    tickets: Annotated[int | None, typer.Option(help="How many tickets are for sale; 1 if not given.")] = None,
    lock: Annotated[str | None, typer.Option(metavar="LOCK", help=f"One of {', '.join(LOCKS)}.")] = None,
    permits: Annotated[int | None, typer.Option(help="How many a semaphore lets in.")] = None,
    store: Annotated[str | None, typer.Option(metavar="STORE", help=f"One of {', '.join(STORES)}.")] = None,
    trains: Annotated[int | None, typer.Option(metavar="T", help="How many trains every buyer needs.")] = None,
    order: Annotated[
        str | None, typer.Option("--lock-order", metavar="ORDER", help=f"With --trains: {', '.join(ORDERS)}.")
    ] = None,
    db: options.Db = Path("data/db.json"),
    start_method: options.StartMethod = None,
    history: options.HistoryFile = None,
    json: options.Json = False,
    expect: options.Expect = None,
) -> int:
    """Make one interleaving happen for real. The processes take their steps in the order of SCHEDULE."""
    expected = options.parsed_verdict(expect)
    given: dict[str, Any] = {"buyers": buyers, "tickets": tickets, "lock": lock, "permits": permits, "store": store}
    given |= {"trains": trains, "order": order}
    saved = named(schedule, {name: value for name, value in given.items() if value is not None})
    inputs = files_of_store(db, saved.scenario.trains) | {"the schedule itself": Path(schedule)}
    require_writable({"history": history}, inputs)
    done = play(saved.schedule, saved.scenario, db=db, start_method=start_method)
    if history is not None:
        write_history(history, done.history)
    if json:
        options.print_json(document(done))
    else:
        typer.echo("\n".join(told(done, db)))
    return 0 if expected in {None, done.verdict.name} else 1


def named(schedule: str, given: dict[str, Any]) -> SavedSchedule:
    """Return the schedule of a short string or of a file; `given` options go before what the file says.

    Raises BadInputError where it is neither.
    """
    if not _SHORT.fullmatch(schedule) and ("," not in schedule or Path(schedule).exists()):
        saved = load(Path(schedule))
        return SavedSchedule(replace(saved.scenario, **given), saved.schedule)
    turns = parse(schedule)
    return SavedSchedule(Scenario(**{"buyers": max(2, *map(abs, turns))} | given), turns)


def told(done: Replay, db: Path) -> Iterator[str]:
    """Yield the lines of the answer: a column per buyer, whether it was as predicted, and the verdict."""
    scenario, prediction = done.history.scenario, done.prediction
    permits = f" with {count_of(scenario.permits, 'permit')}" if scenario.permits != 1 else ""
    trains = on_trains(scenario.trains, scenario.order)
    yield (
        f"{count_of(scenario.buyers, 'buyer')}, {count_of(scenario.tickets, 'ticket')}{trains} in {shown(db)}, "
        f"lock {scenario.lock}{permits}, store {scenario.store}."
    )
    yield f"Real processes ({done.history.start_method}) took these steps, one at a time:"
    yield ""
    yield from columns(prediction.cells, prediction.ends)
    yield ""
    yield from wrapped(f"As predicted: {_agreement(done)}")
    yield from wrapped(f"{done.verdict.name.upper()}: {done.verdict.sentence}")
    if None in done.history.counts_left:
        yield "The file is left half-written; `booking reset --force` mends it."


def _agreement(done: Replay) -> str:
    left = " and ".join(
        "half a file" if left is None else count_of(left, "ticket") for left in done.history.counts_left
    )
    steps, attempts = len(done.prediction.schedule), len(done.prediction.played) - len(done.prediction.schedule)
    waits = f", {count_of(attempts, 'blocked attempt')} behind them" if attempts else ""
    return f"each of the {count_of(steps, 'step')}{waits}, how each buyer ended, and {left} left."


def _step(move: Moved, scenario: Scenario) -> dict[str, Any]:
    """Return one move as JSON; its train is named where there are two."""
    step = {"buyer": move.buyer, "step": move.step, "value": move.value}
    return step if scenario.trains == 1 else step | {"train": move.train}


def document(done: Replay) -> dict[str, Any]:
    """Return what `--json` prints."""
    prediction, history = done.prediction, done.history
    return {
        "scenario": history.scenario.to_json(),
        "schedule": list(prediction.schedule),
        "steps": [_step(move, scenario=history.scenario) for move in prediction.moves],
        "as_predicted": True,
        **done.verdict.to_json(),
        "outcomes": [None if ending.stayed_away else ending.outcome for ending in history.endings],
        "elapsed_s": history.elapsed_s,
        "start_method": history.start_method,
    }
