"""All orders of two buyers as a grid: the steps of one go across, those of the other down, and a path is one order.

Each path is played in the labelled world, by the buyers' own code, and judged like a real sale.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from booking.errors import BadInputError
from booking.history.finding import SOUND
from booking.history.schedule import Schedule
from booking.model.prediction import Prediction, predict
from booking.model.world import World
from booking.reports.page import sign
from booking.reports.page.scene import predicted_scene
from booking.scenario import Scenario
from booking.text.words import count_of

MOST_PATHS = 2_000
"""More interleavings than this are not drawn; two buyers of one ticket each have 20, two journeys 12,870."""


@dataclass(frozen=True)
class Grid:
    """The orders of two buyers, each with what happens in it, in the order of their schedules."""

    paths: tuple[Prediction, ...]

    @property
    def broken(self) -> int:
        """Return in how many orders something goes wrong."""
        return sum(path.verdict.name != SOUND for path in self.paths)

    def steps(self, buyer: int) -> list[str]:
        """Return the longest run of steps that a buyer takes, for its axis."""
        runs = [[str(move.step) for move in path.moves if move.buyer == buyer] for path in self.paths]
        return max(runs, key=len, default=[])


def grid_of(scenario: Scenario) -> Grid:
    """Return the grid of a scenario; raise BadInputError if it has not two buyers, or too many orders."""
    if scenario.buyers != 2:  # noqa: PLR2004 - a grid has two sides
        raise BadInputError(f"a grid of all orders has 2 buyers, not {scenario.buyers}; use --buyers 2")
    schedules = []
    for schedule in World.before(scenario).schedules():
        schedules.append(schedule)
        if len(schedules) > MOST_PATHS:
            raise BadInputError(f"there are more than {MOST_PATHS:,} orders, too many for a grid")
    return Grid(tuple(predict(scenario, schedule) for schedule in schedules))


def grid_data(grid: Grid, chosen: Schedule = ()) -> dict[str, Any]:
    """Return the grid as the page shows it.

    `edges` rows: steps of buyer 1 and of buyer 2 before it, who moves, safe and broken orders through it.
    `paths` have their turns, verdict and scene. `chosen` is shown first; if it is not one of them, the first is.
    """
    turns = [path.schedule for path in grid.paths]
    whole, broken = len(grid.paths), grid.broken
    return {
        "counted": f"{count_of(whole, 'order')}: {whole - broken:,} safe, {broken:,} broken",
        "across": grid.steps(1),
        "down": grid.steps(2),
        "edges": _edges(grid),
        "paths": [_path(path) for path in grid.paths],
        "chosen": turns.index(chosen) if chosen in turns else 0,
    }


def _edges(grid: Grid) -> list[list[int]]:
    safe: Counter[tuple[int, int, int]] = Counter()
    broken: Counter[tuple[int, int, int]] = Counter()
    for path in grid.paths:
        (safe if path.verdict.name == SOUND else broken).update(_edges_of(path.schedule))
    return [[*edge, safe[edge], broken[edge]] for edge in sorted(safe | broken)]


def _edges_of(schedule: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    across = down = 0
    for turn in schedule:
        yield across, down, turn
        across, down = across + (turn == 1), down + (turn != 1)


def _path(path: Prediction) -> dict[str, Any]:
    verdict = path.verdict
    return {
        "turns": list(path.schedule),
        "name": verdict.name,
        "sign": sign(verdict.name),
        "scene": predicted_scene(path),
    }
