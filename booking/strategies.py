"""Hypothesis strategies for other people's tests: scenarios, and the complete schedules of a scenario.

A failing example shrinks to the shortest schedule with the fewest switches between buyers, and prints the command
that replays it. Needs the `test` extra. To try schedules on real processes, draw them and play each on one
`booking.replayer.stage.Stage` that is opened outside of the test function.

>>> from hypothesis import given, settings
>>> from booking import Scenario
>>> from booking.model.prediction import predict
>>> from booking.strategies import schedules

>>> locked = Scenario(buyers=3, lock="file")
>>> @given(schedules(locked))
... @settings(database=None, derandomize=True, max_examples=50)
... def nobody_sells_twice(schedule):
...     assert predict(locked, schedule).verdict.oversold == 0
>>> nobody_sells_twice()
"""

from collections.abc import Sequence

from hypothesis import currently_in_test_context, note
from hypothesis import strategies as st

from booking.history.schedule import Schedule, command
from booking.model.world import World
from booking.registry import LOCKS, STORES, go_together
from booking.scenario import Scenario

_STOP = 0
_DIALLED = "semaphore"
"""The lock that reads `permits`."""


@st.composite
def scenarios(
    draw: st.DrawFn,
    *,
    max_buyers: int = 3,
    max_tickets: int = 2,
    locks: Sequence[str] = tuple(LOCKS),
    stores: Sequence[str] = tuple(STORES),
) -> Scenario:
    """Draw a scenario whose payments take no time; it shrinks to one buyer, no ticket, and the first names.

    `max_buyers` is at least 1 and `max_tickets` may be 0. `locks` and `stores` are names from the registries; a
    lock is drawn with a store that it goes with, and there has to be one. A semaphore has up to two permits.
    """
    lock = draw(st.sampled_from(locks))
    return Scenario(
        buyers=draw(st.integers(1, max_buyers)),
        tickets=draw(st.integers(0, max_tickets)),
        lock=lock,
        store=draw(st.sampled_from([store for store in stores if go_together(lock, store)])),
        pay=(0, 0),
        permits=draw(st.integers(1, 2)) if lock == _DIALLED else 1,
    )


@st.composite
def schedules(draw: st.DrawFn, scenario: Scenario, *, crashes: int = 0, blocked: int = 0) -> Schedule:
    """Draw a complete schedule: a buyer that begins also ends, dies, or waits forever; others may stay away.

    At most `crashes` buyers die, and at most `blocked` turns go to buyers that have to wait; 0 is none. Every
    complete schedule within these limits can be drawn. It shrinks to fewer steps first, then to fewer switches and
    smaller buyers' numbers, with deaths as late as they can be. A failing test prints the command that replays it.
    Raise BadInputError for a lock or a store that does not exist.
    """
    world = World.before(scenario)
    turns: list[int] = []
    while turn := draw(st.sampled_from(_turns(world, turns, crashes, blocked))):
        if turn > 0 and world.blocked_by(turn):
            blocked -= 1
        crashes -= turn < 0
        world = world.take(turn)[0]
        turns.append(turn)
    if currently_in_test_context():
        note(command(scenario, tuple(turns)))
    return tuple(turns)


def _turns(world: World, turns: Sequence[int], crashes: int, blocked: int) -> list[int]:
    """Return what may come next, the simplest first: stop, the same buyer again, others, blocked ones, deaths."""
    last = turns[-1] if turns else 0
    movable = sorted(world.movable(), key=lambda buyer: (buyer != last, buyer))
    begun = {turn for turn in turns if turn > 0}
    may_stop = bool(turns) and not begun & set(movable)
    alive = [buyer for buyer in world.buyers if world.request(buyer)]
    return [
        *([_STOP] if may_stop else []),
        *movable,
        *(buyer for buyer in alive if blocked > 0 and world.blocked_by(buyer)),
        *(-buyer for buyer in alive if crashes > 0),
    ]
