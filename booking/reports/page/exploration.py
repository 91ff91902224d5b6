"""The page of an exploration: the order that breaks the sale and, for two buyers, the grid of all orders."""

from typing import Any

from booking.explorer.result import Exploration, digits
from booking.history.verdict import SOUND, UNKNOWN, replay_command
from booking.model.prediction import predict
from booking.model.world import World
from booking.reports.page import page, sign, title
from booking.reports.page.grid import grid_data, grid_of
from booking.reports.page.scene import scene
from booking.scenario import Scenario
from booking.text.words import count_of

_READABLE = 10**15


def render(exploration: Exploration) -> str:
    """Return the page of one exploration."""
    return page(exploration_data(exploration))


def exploration_data(exploration: Exploration) -> dict[str, Any]:
    """Return all that the page shows, as JSON.

    Two buyers that do not die are shown as a grid, else the shortest order that breaks, else the one in which the
    buyers come one after the other.
    """
    witness, scenario = exploration.shortest, exploration.scenario
    gridded = scenario.buyers == 2 and not exploration.crashes  # noqa: PLR2004 - a grid has two sides
    prediction = (
        None if gridded and not witness else predict(scenario, witness.schedule if witness else one_by_one(scenario))
    )
    return {
        "schema": 1,
        "title": title(scenario),
        "verdict": {
            "name": exploration.verdict,
            "sign": sign(exploration.verdict),
            "headline": _headline(exploration),
            "sentence": _sentence(exploration),
            "replay": replay_command(prediction.history) if prediction and witness else None,
        },
        "scene": None if gridded or prediction is None else scene(prediction.history, prediction.verdict),
        "grid": grid_data(grid_of(scenario), witness.schedule if witness else ()) if gridded else None,
    }


def one_by_one(scenario: Scenario) -> tuple[int, ...]:
    """Return the schedule in which nobody moves before the buyer in front has done what it can."""
    world, schedule = World.before(scenario), []
    while movable := world.movable():
        world, _ = world.move(movable[0])
        schedule.append(movable[0])
    return tuple(schedule)


def _headline(exploration: Exploration) -> str:
    orders = f"{_many(exploration.interleavings)} orders"
    if exploration.verdict == SOUND:
        return f"Sound in all {orders}"
    if exploration.verdict == UNKNOWN:
        return "Unknown: the search was cut short"
    number = exploration.anomalies.get(exploration.verdict, 0)
    return f"{exploration.verdict.capitalize()} in {_many(number)} of {orders}"


def _many(number: int) -> str:
    """Return a count in full where it can be read, else its size."""
    return f"{number:,}" if number < _READABLE else f"about 10^{len(digits(number)) - 1}"


def _sentence(exploration: Exploration) -> str:
    whole = "Every order of the steps was tried." if exploration.exhausted else "Not every order was tried."
    most = f"At most {count_of(exploration.max_sold, 'ticket')} sold; {exploration.scenario.tickets} existed."
    witness = exploration.shortest
    return f"{whole} {most}" + (f" The shortest order that breaks has {witness.steps} steps." if witness else "")
