"""The grid of two buyers: every order once, counted along every line."""

from math import comb

import pytest

from booking.errors import BadInputError
from booking.explorer import explore
from booking.model.world import World
from booking.reports.page.exploration import exploration_data, render
from booking.reports.page.grid import MOST_PATHS, grid_data, grid_of
from booking.scenario import Scenario

SCENARIOS = {
    "none": Scenario(2),
    "mp": Scenario(2, lock="mp"),
    "inplace": Scenario(2, tickets=2, store="inplace"),
    "two permits": Scenario(2, lock="semaphore", permits=2),
}


def test_the_grid_of_the_race() -> None:
    """Two buyers of three steps: 6!/(3!3!) = 20 orders, of which 8 are safe and 12 oversell.

    Safe: the loser reads after the winner's write and takes only two steps, so look, read, write of the winner and
    the loser's read are in this order, and the loser's look has 4 places before its read; 4 for either winner.
    Broken: both reads come before both writes. The looks and reads fill the first four places in 4!/(2!2!) = 6
    ways, the writes the last two in 2.
    """
    grid = grid_of(SCENARIOS["none"])
    data = grid_data(grid)
    assert (len(grid.paths), grid.broken, data["counted"]) == (20, 12, "20 orders: 8 safe, 12 broken")
    assert (data["across"], data["down"]) == (["look", "read", "write"], ["look", "read", "write"])
    assert data["edges"] == [
        [0, 0, 1, 4, 6],
        [0, 0, 2, 4, 6],
        [0, 1, 1, 2, 4],
        [0, 1, 2, 2, 2],
        [0, 2, 1, 1, 2],
        [0, 2, 2, 1, 0],
        [0, 3, 1, 1, 0],
        [1, 0, 1, 2, 2],
        [1, 0, 2, 2, 4],
        [1, 1, 1, 2, 4],
        [1, 1, 2, 2, 4],
        [1, 2, 1, 0, 6],
        [1, 2, 2, 3, 0],
        [1, 3, 1, 4, 0],
        [2, 0, 1, 1, 0],
        [2, 0, 2, 1, 2],
        [2, 1, 1, 3, 0],
        [2, 1, 2, 0, 6],
        [2, 2, 1, 0, 6],
        [2, 2, 2, 0, 6],
        [2, 3, 1, 0, 6],
        [3, 0, 2, 1, 0],
        [3, 1, 2, 4, 0],
        [3, 2, 2, 0, 6],
    ]


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_the_grid_and_the_explorer_count_the_same(scenario: Scenario) -> None:
    """One plays every order by itself, the other counts states with interchangeable buyers."""
    grid, exploration = grid_of(scenario), explore(scenario)
    sold: dict[int, int] = {}
    for path in grid.paths:
        sold[path.verdict.sold] = sold.get(path.verdict.sold, 0) + 1
    assert len(grid.paths) == exploration.interleavings
    assert sold == exploration.sold


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_what_flows_into_a_knot_flows_out_or_ends_there(scenario: Scenario) -> None:
    """Along every line the orders are counted, so all of them leave the corner at the top left."""
    data = grid_data(grid_of(scenario))
    leaving = sum(safe + broken for across, down, _, safe, broken in data["edges"] if across == down == 0)
    assert leaving == len(data["paths"])


def test_two_permits_give_every_order_of_five_steps() -> None:
    """Nobody is ever blocked and both always buy: 10 steps, of which buyer 1 takes any 5."""
    assert len(grid_of(Scenario(2, tickets=2, lock="semaphore", permits=2)).paths) == comb(10, 5)


def test_a_grid_has_two_sides() -> None:
    """Three buyers have no grid; the message says what has."""
    with pytest.raises(BadInputError, match="a grid of all orders has 2 buyers, not 3"):
        grid_of(Scenario(3))


def test_the_witness_is_chosen_first() -> None:
    """The page opens with the shortest order that breaks the sale."""
    exploration = explore(SCENARIOS["none"])
    data = exploration_data(exploration)
    assert exploration.shortest
    assert data["grid"]["paths"][data["grid"]["chosen"]]["turns"] == list(exploration.shortest.schedule)
    assert data["verdict"]["headline"] == "Oversold in 12 of 20 orders"
    assert data["scene"] is None


def test_three_buyers_show_the_witness_in_lanes() -> None:
    """Without a grid the scene is the shortest order that breaks, in step order, because a model has no clock."""
    data = exploration_data(explore(Scenario(3)))
    assert data["grid"] is None
    assert (data["scene"]["timeless"], data["scene"]["axis"]) == (True, "order")
    assert data["verdict"]["sign"] == "bad"


def test_a_sound_exploration_shows_one_buyer_after_the_other() -> None:
    """Three buyers, one ticket: five steps for the winner, four for each who finds it sold out (no write)."""
    scenario = Scenario(3, lock="mp")
    assert World.before(scenario).serial() == (1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3)
    assert "Sound in all" in render(explore(scenario))


def test_two_buyers_with_too_many_interleavings_are_shown_in_lanes() -> None:
    """Two journeys with two permits are more than a grid can show; the page falls back to the shortest witness."""
    exploration = explore(Scenario(2, lock="semaphore", permits=2, trains=2))
    data = exploration_data(exploration)
    assert exploration.interleavings > MOST_PATHS
    assert (data["grid"], data["verdict"]["name"]) == (None, "oversold")
    assert data["scene"]["lanes"]
