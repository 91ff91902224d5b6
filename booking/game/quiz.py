"""The quiz: a schedule is shown, and the student says how many tickets it will sell before it is run for real."""

from collections.abc import Iterator

from booking.explorer.exploration import explore
from booking.game.game import MOST_STATES
from booking.history.schedule import Schedule, written
from booking.history.schedule_table import columns
from booking.history.verdict import Anomaly, Verdict
from booking.model.world import World
from booking.replayer.check import Replay
from booking.scenario import Scenario
from booking.text.words import count_of


def riddles(scenario: Scenario) -> list[Schedule]:
    """Return the schedules to ask about, a safe one first, then one that oversells, and so on; each once.

    Where nothing oversells, all of them are safe.
    """
    explored = explore(scenario, max_states=MOST_STATES)
    before = World.before(scenario)
    everybody = tuple(before.buyers)
    overselling = [
        witness.schedule
        for witness in (explored.fewest_switches, explored.shortest)
        if witness and witness.anomaly == Anomaly.OVERSOLD
    ]
    safe = [before.serial(), everybody + before.follow(everybody)[0].serial()]
    asked = [safe[0], *overselling[:1], safe[1], in_turn(before), *overselling[1:]]
    return list(dict.fromkeys(asked))


def in_turn(world: World) -> Schedule:
    """Return the schedule in which the buyers take turns; who is blocked spends its turn waiting."""
    turns: Schedule = ()
    while world.movable():
        for buyer in world.buyers:
            if world.request(buyer):
                world = world.move(buyer)[0]
                turns = (*turns, buyer)
    return turns


def question(scenario: Scenario, schedule: Schedule) -> Iterator[str]:
    """Yield the question about one schedule."""
    yield f"{count_of(scenario.buyers, 'buyer')} move in this order:"
    yield f"  {written(schedule)}"
    exist = "ticket exists" if scenario.tickets == 1 else "tickets exist"
    yield f"{scenario.tickets:,} {exist}; lock {scenario.lock}, store {scenario.store}. How many will be sold?"


def resolution(said: int, replay: Replay) -> Iterator[str]:
    """Yield whether the answer was right, and what really happened."""
    verdict = replay.verdict
    right = "Right" if said == verdict.sold else f"Wrong, you said {said:,}"
    yield f"{right}: {_sold(verdict)}. Real processes did this:"
    yield ""
    yield from columns(replay.prediction.cells, replay.prediction.ends)
    yield ""
    yield f"{verdict.name.upper()}: {verdict.sentence}"


def _sold(verdict: Verdict) -> str:
    return f"{count_of(verdict.sold, 'ticket')} {'was' if verdict.sold == 1 else 'were'} sold"
