"""The quiz: schedules drawn by lot, half of them harmless, and what a student says of each before it is played."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from booking.history.schedule import Schedule, columns, heading, to_text
from booking.model.prediction import predict
from booking.model.world import World
from booking.replayer.check import Replay
from booking.scenario import Scenario
from booking.steps import Step
from booking.text.verbs import VERBS
from booking.text.words import count_of

QUESTIONS = 5
_MOST_DRAWS = 200
"""Schedules that are drawn until one is of the kind that is wanted; where every order is harmless there is none."""


@dataclass(frozen=True)
class Guess:
    """What a student says of a schedule: how many tickets are sold, and what the file says; None is half a number."""

    sold: int
    left: int | None


def riddles(scenario: Scenario, seed: int) -> list[Schedule]:
    """Return five schedules to ask about, each once: some that oversell and some that do not, in no regular order."""
    dice = random.Random(seed)
    wanted = [True, True, False, False, dice.random() < 0.5]  # noqa: PLR2004 - a coin
    dice.shuffle(wanted)
    asked: list[Schedule] = []
    for oversells in wanted:
        drawn = (_drawn(World.before(scenario), dice) for _ in range(_MOST_DRAWS))
        new = [schedule for schedule in drawn if schedule not in asked]
        kind = (schedule for schedule in new if (predict(scenario, schedule).verdict.oversold > 0) == oversells)
        asked += [schedule for schedule in [next(kind, next(iter(new), None))] if schedule]
    return asked


def _drawn(world: World, dice: random.Random) -> Schedule:
    """Return a schedule in which each turn is that of a buyer drawn from those that can move."""
    turns: Schedule = ()
    while movable := world.movable():
        turns = (*turns, dice.choice(movable))
        world = world.move(turns[-1])[0]
    return turns


def legend(scenario: Scenario) -> Iterator[str]:
    """Yield what a number of a schedule does."""
    world = World.before(scenario)
    steps = [moved.step for moved in world.follow(world.serial([1]))[1] if moved.step]
    values = {Step.WRITE: "the count less one", Step.SWAP: "what it was"}
    told = ", ".join(VERBS[step].to_do.format(values.get(step, "")) for step in steps)
    yield f"Each number in an order is the next step of that buyer. Its steps are: {told}."
    yield "A buyer that finds no ticket stops there: it needs fewer steps."


def question(scenario: Scenario, schedule: Schedule) -> Iterator[str]:
    """Yield the question about one schedule."""
    yield f"{heading(scenario)}. The buyers move in this order:"
    yield f"  {to_text(schedule)}"


def points(guess: Guess, replay: Replay) -> int:
    """Return how many of the two numbers are right."""
    return (guess.sold == replay.verdict.sold) + (guess.left == replay.history.counts_left[0])


def resolution(guess: Guess, replay: Replay) -> Iterator[str]:
    """Yield which numbers were right, and what really happened."""
    sold, left = replay.verdict.sold, replay.history.counts_left[0]
    were = "was" if sold == 1 else "were"
    yield f"{_judged(guess.sold, sold)}: {count_of(sold, 'ticket')} {were} sold."
    yield f"{_judged(guess.left, left)}: the file says {_said(left)}."
    yield "Real processes did this:"
    yield ""
    yield from columns(replay.prediction.cells, replay.prediction.ends)
    yield ""
    yield str(replay.verdict)


def _judged(said: int | None, real: int | None) -> str:
    return "Right" if said == real else f"Wrong, you said {_said(said)}"


def _said(left: int | None) -> str:
    return "half a number" if left is None else f"{left:,}"
