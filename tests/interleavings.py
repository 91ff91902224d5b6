"""Every complete schedule of a scenario, listed one by one; an independent count of what the explorer counts."""

from collections.abc import Iterator

from booking.history.schedule import Schedule
from booking.model.world import World
from booking.scenario import Scenario


def complete_schedules(scenario: Scenario) -> Iterator[Schedule]:
    """Yield every order in which all buyers can take all their steps, in the order of the buyers' numbers."""
    yield from _extended(World.before(scenario), ())


def _extended(world: World, turns: Schedule) -> Iterator[Schedule]:
    movable = world.movable()
    if not movable:
        yield turns
    for buyer in movable:
        yield from _extended(world.move(buyer)[0], (*turns, buyer))
