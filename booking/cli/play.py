"""`booking play`: the student is the scheduler, in a plain terminal or from piped input."""

import json
import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from booking.cli import options
from booking.cli.files import require_writable, write_reports, write_text
from booking.cli.replay import saved_schedule
from booking.course import quiz
from booking.course.levels import LEVELS, Campaign, Level, Progress, first_unsolved, started
from booking.course.screen import lines_typed, show
from booking.errors import BadInputError
from booking.game.game import GOALS, Game
from booking.history.finding import Anomaly
from booking.history.schedule import Schedule, command
from booking.model.prediction import predict as predict_schedule
from booking.replayer.stage import Stage
from booking.scenario import Scenario, require_whole
from booking.storage.paths import shown
from booking.text.language import texts
from booking.text.words import count_of


def play(  # noqa: PLR0913 - every dial of a scenario is an option
    context: typer.Context,
    schedule: Annotated[
        str | None, typer.Argument(metavar="[SCHEDULE]", help="With --predict: ask about this schedule.")
    ] = None,
    *,
    predict: Annotated[
        bool, typer.Option("--predict", help="Predict what an order of steps does; then real processes run it.")
    ] = False,
    level: Annotated[int | None, typer.Option(metavar="N", help="Begin with this level.")] = None,
    progress: Annotated[Path | None, typer.Option(metavar="FILE", help="Remember what was found in a file.")] = None,
    buyers: options.BuyersNamed = 2,
    tickets: options.Tickets = 1,
    lock: options.LockName = "none",
    buyer: options.BuyerName = None,
    permits: options.Permits = 1,
    store: options.StoreName = "json",
    trains: options.Trains = 1,
    order: options.TrainOrder = "same",
    goal: Annotated[
        str, typer.Option(metavar="VERDICT", help=f"What you try to make happen: {', '.join(GOALS)}.")
    ] = GOALS[0],
    seed: options.Seed = None,
    crashes: options.Crashes = 0,
    db: options.Db = Path("data/db.json"),
    html: options.HtmlFile = None,
    svg: options.SvgFile = None,
    png: options.PngFile = None,
    open_report: options.OpenReport = False,
) -> int:
    """Be the scheduler: move the buyers step by step. Without a scenario: level by level, from easy to impossible."""
    dials: dict[str, Any] = {"buyers": buyers, "tickets": tickets, "lock": lock, "permits": permits, "store": store}
    dials |= {"trains": trains, "order": order, "buyer": buyer}
    chosen = options.given(context, **dials)
    if schedule is not None:
        if not predict:
            raise BadInputError(f"a schedule ({schedule!a:.40}) requires --predict; add it, or use `booking replay`")
        riddle = saved_schedule(schedule, chosen | {"pay": (0.0, 0.0)})
        return _quiz(riddle.scenario, [riddle.schedule], db)
    scenario = Scenario(pay=(0.0, 0.0), **dials)
    if predict and any((html, svg, png)):
        raise BadInputError("--predict draws nothing; draw an order with `booking replay ORDER --html FILE`")
    if predict:
        drawn_with = int.from_bytes(os.urandom(2), "big") if seed is None else seed
        return _quiz(scenario, quiz.riddles(scenario, drawn_with), db, seed=drawn_with)
    pictures = {"html": html, "svg": svg, "png": png}
    require_writable({"progress": progress, **pictures}, opens=open_report)
    draw = partial(_draw, pictures, opens=open_report)
    known = _loaded(progress)
    if level is not None:
        require_whole("--level", level, 1, len(LEVELS))
    if chosen or options.given(context, goal=goal, crashes=crashes):
        if level is not None:
            raise BadInputError("--level has a scenario of its own; leave out --level, or the other options")
        aim = Anomaly(str(options.parsed_verdict(goal, "--goal", GOALS)))
        return draw(_play(started((Level("", scenario, aim, crashes),), 0, known, {}), progress))
    place = first_unsolved(LEVELS, known) if level is None else level - 1
    return draw(_play(started(LEVELS, place, known, texts("levels")), progress))


def _loaded(path: Path | None) -> Progress:
    """Return the progress in a file, an empty one if there is none; raise BadInputError for a file of another kind."""
    if path is None or not path.exists():
        return Progress()
    try:
        return Progress.from_text(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, BadInputError) as error:
        why = str(error) if isinstance(error, BadInputError) else "it cannot be read"
        raise BadInputError(f"cannot use --progress {shown(path):.200}: {why}") from None


def _draw(pictures: Mapping[str, Path | None], game: Game | None, *, opens: bool) -> int:
    """Draw the game that was played last, if any was."""
    if game is not None and any(pictures.values()):
        prediction = predict_schedule(game.scenario, game.whole_order)
        write_reports(pictures, prediction.history, prediction.verdict, opens=opens)
    return 0


def _play(campaign: Campaign, path: Path | None) -> Game | None:
    """Play, and return the game to draw."""
    try:
        show([*campaign.opening()])
        for line in lines_typed("> "):
            before = campaign.progress
            campaign, told = campaign.reply(line)
            show(told)
            if path is not None and campaign.progress is not before:
                write_text("progress", path, json.dumps(campaign.progress.to_json(), indent=2) + "\n", tell=False)
            if campaign.is_over:
                break
    finally:  # also for Ctrl-C: what was played can be replayed
        show(campaign.farewell())
    return campaign.shown


def _quiz(scenario: Scenario, schedules: list[Schedule], db: Path, seed: int | None = None) -> int:
    for schedule in schedules:
        predict_schedule(scenario, schedule)  # one that cannot be played is refused before the first question
    right, asked = 0, 0
    with Stage(scenario, db=db) as stage:
        show(quiz.legend(scenario))
        for schedule in schedules:
            show(["", *quiz.question(scenario, schedule)])
            guess = _guess()
            if guess is None:
                break
            replay = stage.play(schedule)
            asked += 1
            right += quiz.points(guess, replay)
            show([*quiz.resolution(guess, replay), "See it again:", f"  {command(scenario, schedule)}"])
            show([f"Score: {right} of {count_of(2 * asked, 'number')}."])
    if seed is not None:
        show(["", f"The same questions again: booking play --predict --seed {seed}"])
    return 0


def _guess() -> quiz.Guess | None:
    """Return what the player says, None if there is no answer."""
    sold = _number("Tickets sold: ")
    left = None if sold is None else _number("The file says: ")
    return None if sold is None or left is None else quiz.Guess(sold, left)


def _number(prompt: str) -> int | None:
    for line in lines_typed(prompt):
        word = line.strip().lower()
        if word in {"q", "quit"}:
            return None
        if word.isascii() and word.isdigit() and len(word) < 10:  # noqa: PLR2004 - tickets have 10 digits at most
            return int(word)
        show(["Type a number, or q to quit."])
    return None
