"""`booking replay`: one chosen interleaving, on real processes."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from booking.cli import options
from booking.cli.files import files_of_store, require_writable, write_history, write_reports
from booking.history.schedule import SavedSchedule, columns, heading, load, parse
from booking.live.terminal import screen
from booking.model.world import Moved
from booking.replayer.check import Replay
from booking.replayer.stage import replay as play
from booking.reports.timeline import headline
from booking.scenario import Scenario
from booking.storage.paths import shown
from booking.text.words import count_of

_SHORT = re.compile(r"[-0-9,\s]*", re.ASCII)


def replay(  # noqa: PLR0913 - every dial of a scenario is an option
    context: typer.Context,
    schedule: Annotated[
        str,
        typer.Argument(
            metavar="SCHEDULE",
            help="Buyers' numbers, such as 1,2,1,2 (-2 is the death of buyer 2), or a file from explore --save, "
            "whose scenario holds for the options that are not given.",
        ),
    ],
    *,
    buyers: options.BuyersNamed = 2,
    tickets: options.Tickets = 1,
    lock: options.LockName = "none",
    buyer: options.BuyerName = None,
    permits: options.Permits = 1,
    store: options.StoreName = "json",
    trains: options.Trains = 1,
    order: options.TrainOrder = "same",
    db: options.Db = Path("data/db.json"),
    start_method: options.StartMethod = None,
    history: options.HistoryFile = None,
    html: options.HtmlFile = None,
    svg: options.SvgFile = None,
    png: options.PngFile = None,
    open_report: options.OpenReport = False,
    json: options.Json = False,
    expect: options.Expect = None,
) -> int:
    """Make one interleaving happen for real. The processes take their steps in the order of SCHEDULE."""
    expected = options.parsed_verdict(expect)
    dials = {"buyers": buyers, "tickets": tickets, "lock": lock, "permits": permits, "store": store}
    saved = saved_schedule(schedule, options.given(context, **dials, trains=trains, order=order, buyer=buyer))
    inputs = files_of_store(db, saved.scenario.trains) | {"the schedule itself": Path(schedule)}
    reports = {"html": html, "svg": svg, "png": png}
    require_writable({"history": history, **reports}, inputs, opens=open_report)
    done = play(saved.schedule, saved.scenario, db=db, start_method=start_method)
    if history is not None:
        write_history(history, done.history)
    write_reports(reports, done.history, done.verdict, opens=open_report)
    if json:
        options.print_json(document(done))
    else:
        typer.echo("\n".join(lines(done, db)))
    return 0 if expected in {None, done.verdict.name} else 1


def saved_schedule(schedule: str, given: Mapping[str, Any]) -> SavedSchedule:
    """Return the schedule of a short string or of a file; `given` options take precedence over the file's.

    Raise BadInputError if it is neither.
    """
    if not _SHORT.fullmatch(schedule) and ("," not in schedule or Path(schedule).exists()):
        saved = load(Path(schedule))
        return SavedSchedule(replace(saved.scenario, **given), saved.schedule)
    turns = parse(schedule)
    return SavedSchedule(Scenario(**{"buyers": max(2, *map(abs, turns)), **given}), turns)


def lines(done: Replay, db: Path) -> Iterator[str]:
    """Yield the lines of the answer: a column per buyer, whether it was as predicted, and the verdict."""
    prediction, page = done.prediction, screen()
    yield from page.wrapped(f"{heading(done.history.scenario, f' in {shown(db)}')}.")
    yield from page.wrapped(f"Real processes ({done.history.start_method}) took these steps, one at a time:")
    yield ""
    yield from columns(prediction.cells, prediction.ends, page.width)
    yield ""
    yield from page.wrapped(f"The real run matched the prediction: {_agreement(done)}")
    yield ""
    yield from page.wrapped(done.verdict.reasons)
    if None in done.history.counts_left:
        yield from page.wrapped("The file is left half-written; `booking reset --force` repairs it.")
    yield from headline(done.verdict, page)


def _agreement(done: Replay) -> str:
    left = " and ".join(
        "half a file" if left is None else count_of(left, "ticket") for left in done.history.counts_left
    )
    steps, attempts = len(done.prediction.schedule), len(done.prediction.played) - len(done.prediction.schedule)
    waits = f", {count_of(attempts, 'blocked attempt')} behind them" if attempts else ""
    return f"each of the {count_of(steps, 'step')}{waits}, how each buyer ended, and {left} left."


def _step(move: Moved, scenario: Scenario) -> dict[str, Any]:
    """Return one move as JSON, with its train if there are several."""
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
