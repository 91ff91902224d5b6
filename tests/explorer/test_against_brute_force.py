"""The explorer against the slow way: numbered buyers, world by world, without any of its shortcuts."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labelled import all_ends, anomalies, cheapest, every_schedule, sold
from models import PAIRS, SHOWN

from booking.errors import BookingError
from booking.explorer import Exploration, Program, World, explore
from booking.purchase import Desk, Outcome, buy
from booking.registry import under
from booking.scenario import Scenario

LARGE = {(lock, "inplace", 3) for lock in ("semaphore", "inherited", "cas-naive")}
"""Where three buyers meet halves of a file with nobody kept apart; without a lock they do so, too, and are tried."""
CASES = [
    pytest.param(
        under(lock, Scenario(buyers, tickets, store=store, permits=2)),
        crashes,
        id=f"{lock}-{store}-{buyers}x{tickets}-{crashes}",
        marks=[] if (lock, store) in SHOWN and (lock, store, buyers) not in LARGE else pytest.mark.slow,
    )
    for (lock, store), (buyers, tickets, crashes) in product(
        PAIRS, [(1, 1, 1), (2, 0, 0), (2, 1, 0), (2, 2, 2), (3, 1, 1), (3, 2, 0)]
    )
]


def require_the_same(exploration: Exploration, program: Program | None = None) -> None:
    """Compare everything that the explorer says with what the slow way finds."""
    scenario, crashes = exploration.scenario, exploration.crashes
    world = World.before(scenario, program)
    ends = all_ends(world, scenario.tickets, crashes)

    assert exploration.exhausted
    assert exploration.interleavings == ends.interleavings
    assert exploration.sold == ends.sold
    assert exploration.anomalies == ends.anomalies
    assert exploration.probability_oversold == (None if crashes else ends.chance)
    if not ends.anomalies:
        assert (exploration.verdict, exploration.shortest, exploration.fewest_switches) == ("sound", None, None)
    else:
        require_best_witnesses(exploration, world)


def require_best_witnesses(exploration: Exploration, world: World) -> None:
    """Require that each witness shows the worst anomaly and that no schedule does so with less."""
    shortest, fewest = exploration.shortest, exploration.fewest_switches
    assert shortest is not None
    assert fewest is not None
    tickets, worst = exploration.scenario.tickets, next(iter(exploration.anomalies))
    for witness in (shortest, fewest):
        end, happened = world.follow(witness.schedule)
        assert worst in anomalies(end, tickets)
        assert not any(end.answers[buyer - 1] for buyer in end.movable())
        assert happened == witness.happened
    assert (exploration.verdict, shortest.anomaly, fewest.anomaly) == (worst, worst, worst)
    assert shortest.steps == cheapest(world, tickets, worst, exploration.crashes, step=1, switch=0)
    assert fewest.switches == cheapest(world, tickets, worst, exploration.crashes, step=0, switch=1)


@pytest.mark.parametrize(("scenario", "crashes"), CASES)
def test_every_lock_and_store(scenario: Scenario, crashes: int) -> None:
    """Counts, probability and witnesses are those of the labelled worlds, with and without deaths.

    A pair whose model is that of another pair, or LARGE, waits for `-m slow`; the schedules of all are listed below.
    """
    require_the_same(explore(scenario, crashes=crashes))


@pytest.mark.parametrize(("lock", "store"), PAIRS)
def test_listing_every_schedule(lock: str, store: str) -> None:
    """The number of interleavings is the length of the list of all schedules, no two of which are equal."""
    scenario = under(lock, Scenario(2, store=store, permits=2))
    listed = list(every_schedule(World.before(scenario)))

    exploration = explore(scenario)

    assert len({schedule for schedule, _ in listed}) == len(listed) == exploration.interleavings
    assert sum(sold(end) > 1 for _, end in listed) == exploration.oversold_interleavings


Instruction = str | int | list["Instruction"]
SIMPLE = st.one_of(st.sampled_from(["look", "read", "leave", "guarded read"]), st.integers(-1, 1))
SHARING = [pair for pair in PAIRS if pair[0] != "partition"]
"""Programs of a test's own are explored where buyers share a count: what is left of shares is counted by purchases."""
LOCKED = st.lists(SIMPLE, max_size=2)
PROGRAMS = st.lists(st.one_of(SIMPLE, LOCKED), max_size=3)
SWAPPING = st.lists(st.one_of(SIMPLE, st.sampled_from(["swap", "swap or leave"]), LOCKED), max_size=3)


def program_of(instructions: list[Instruction]) -> Program:
    """Return a buyer that follows the instructions; a number is added to the count last read and written."""

    def program(desk: Desk) -> Outcome:
        count = 1

        def follow(instruction: Instruction) -> Outcome | None:
            nonlocal count
            if isinstance(instruction, list):
                with desk.lock:
                    return next(filter(None, map(follow, instruction)), None)
            if instruction == "look":
                desk.look()
            elif instruction == "read":
                count = desk.read()
            elif instruction == "guarded read":
                try:
                    count = desk.read()
                except BookingError:
                    return Outcome.SOLD_OUT
            elif instruction in {"swap", "swap or leave"}:
                return None if desk.swap(count, count - 1) or instruction == "swap" else Outcome.SOLD_OUT
            elif instruction == "leave":
                return Outcome.SOLD_OUT if count < 1 else None
            else:
                desk.write(count + int(instruction))
            return None

        return next(filter(None, map(follow, instructions)), Outcome.BOUGHT)

    return program


@settings(max_examples=80)
@given(
    instructions=PROGRAMS,
    pair=st.sampled_from(sorted(SHARING)),
    tickets=st.integers(0, 2),
    crashes=st.integers(0, 1),
)
def test_any_small_program(instructions: list[Instruction], pair: tuple[str, str], tickets: int, crashes: int) -> None:
    """Learning and minimising lose nothing: two buyers with any small program are explored exactly."""
    program = program_of(instructions)
    lock, store = pair
    require_the_same(explore(Scenario(2, tickets, lock, store), crashes=crashes, program=program), program)


@settings(max_examples=80)
@given(
    instructions=SWAPPING,
    lock=st.sampled_from(sorted({lock for lock, _ in SHARING})),
    tickets=st.integers(0, 2),
    crashes=st.integers(0, 1),
)
def test_any_small_program_that_swaps(instructions: list[Instruction], lock: str, tickets: int, crashes: int) -> None:
    """A swap is one step that reads and writes, whatever stands before and behind it."""
    program = program_of(instructions)
    require_the_same(explore(Scenario(2, tickets, lock), crashes=crashes, program=program), program)


@pytest.mark.parametrize("program", [buy, program_of([["read", "leave"], -1]), program_of([["read"], ["leave", -1]])])
def test_three_buyers_with_other_programs(program: Program) -> None:
    """A lock that is given back between reading and writing protects nothing, and the explorer knows."""
    require_the_same(explore(Scenario(3, 1, "mp"), crashes=1, program=program), program)
