"""The page of an exploration: the order that breaks the sale and, for two buyers, the grid of all orders."""

from typing import Any

from booking.explorer.result import Exploration
from booking.history.finding import SOUND, UNKNOWN
from booking.history.verdict import replay_command
from booking.model.prediction import predict
from booking.model.world import World
from booking.reports.exploration import sold_words
from booking.reports.page import page, sign, title
from booking.reports.page.grid import MOST_PATHS, grid_data, grid_of
from booking.reports.page.scene import code_data, predicted_scene
from booking.scenario import PAIR
from booking.text.words import digits

_READABLE = 10**15


def render(exploration: Exploration) -> str:
    """Return the page of one exploration."""
    return page(exploration_data(exploration))


def exploration_data(exploration: Exploration) -> dict[str, Any]:
    """Return all that the page shows, as JSON.

    Two buyers are shown as a grid if it can be drawn, else the shortest interleaving that breaks, else the one in
    which the buyers come one after the other.
    """
    witness, scenario = exploration.shortest, exploration.scenario
    chosen = witness.schedule if witness else World.before(scenario).serial()
    prediction, gridded = predict(scenario, chosen), has_grid(exploration)
    return {
        "schema": 1,
        "title": title(scenario),
        "verdict": {
            "name": exploration.verdict,
            "sign": sign(exploration.verdict),
            "headline": _headline(exploration),
            "sentence": _sentence(exploration),
            "replay": replay_command(prediction.history) if witness else None,
        },
        "scene": None if gridded else predicted_scene(prediction),
        "grid": grid_data(grid_of(scenario), chosen) if gridded else None,
        "code": code_data(prediction.listing),
    }


def has_grid(exploration: Exploration) -> bool:
    """Return whether a grid can show the exploration: two buyers that do not crash, and at most 2,000 interleavings."""
    is_small = exploration.exhausted and exploration.interleavings in range(MOST_PATHS + 1)
    return exploration.scenario.buyers == 2 and not exploration.crashes and is_small  # noqa: PLR2004 - two sides


def _headline(exploration: Exploration) -> str:
    orders = f"{_many(exploration.interleavings)} orders"
    if exploration.verdict == SOUND:
        return f"Sound in all {orders}"
    if exploration.verdict == UNKNOWN:
        return "Unknown: the search was cut short"
    number = exploration.anomalies.get(exploration.verdict, 0)
    return f"{exploration.verdict.capitalize()} in {_many(number)} of {orders}"


def _many(number: int | None) -> str:
    """Return a count in full if it can be read, else its size; None is "infinitely many"."""
    if number is None:
        return "infinitely many"
    return f"{number:,}" if number < _READABLE else f"about 10^{len(digits(number)) - 1}"


def _sentence(exploration: Exploration) -> str:
    whole = "Every order of the steps was tried." if exploration.exhausted else "Not every order was tried."
    scenario = exploration.scenario
    existed = f"{scenario.tickets} existed" + " on each train" * (scenario.trains > PAIR)
    most = f"At most {sold_words(exploration.max_sold, scenario.trains)}; {existed}."
    witness = exploration.shortest
    return f"{whole} {most}" + (f" The shortest order that breaks has {witness.steps} steps." if witness else "")
