"""The labelled world: one step at a time, nothing moves that is blocked, and a death leaves what it leaves."""

import pytest

from booking.errors import BadInputError
from booking.explorer import World
from booking.purchase import Outcome
from booking.registry import STORES
from booking.scenario import Scenario
from booking.stores.file import JsonStore


def happened(scenario: Scenario, *schedule: int) -> list[str]:
    """Return what happens in the schedule, and then how each buyer ends and what is left."""
    world, moves = World.before(scenario).follow(schedule)
    lines = [f"{m.buyer} {m.step or 'dies'}" + ("" if m.value is None else f" {m.value}") for m in moves]
    return [*lines, *(str(world.outcome(buyer)) for buyer in world.buyers), f"left {world.count_left}"]


def test_two_buyers_oversell_one_ticket() -> None:
    """Both read 1, both write 0, and the store looks right."""
    steps = ["1 look 1", "1 read 1", "2 look 1", "2 read 1", "2 write 0", "1 write 0"]
    assert happened(Scenario(2), 1, 1, 2, 2, 2, 1) == [*steps, "bought", "bought", "left 0"]


def test_a_look_between_truncate_and_write_is_torn() -> None:
    """A torn look ends its buyer; the writer goes on."""
    steps = ["1 look 1", "1 read 1", "1 truncate 0", "2 look torn", "1 write 0"]
    assert happened(Scenario(2, store="inplace"), 1, 1, 1, 2, 1) == [*steps, "bought", "torn read", "left 0"]


def test_a_blocked_attempt_is_no_step() -> None:
    """Who asks for a held lock is told so, and the world stays exactly as it is."""
    world, _ = World.before(Scenario(3, lock="mp")).follow([1, 1, 2])

    after, moved = world.move(2)

    assert after == world
    assert (moved.buyer, moved.step, moved.value) == (2, "acquire", "blocked")
    assert (world.blocked_by(2), world.blocked_by(1), world.movable()) == ((1,), (), (1, 3))


def test_a_semaphore_lets_in_as_many_as_it_has_permits() -> None:
    """With two permits the third buyer waits for both holders."""
    world, _ = World.before(Scenario(3, lock="semaphore", permits=2)).follow([1, 1, 2, 2, 3])
    assert world.blocked_by(3) == (1, 2)


@pytest.mark.parametrize(
    ("lock", "waits_for"), [pytest.param("mp", (1,), id="kept"), pytest.param("file", (), id="freed")]
)
def test_what_becomes_of_the_lock_of_a_dead_buyer(lock: str, waits_for: tuple[int, ...]) -> None:
    """The declared fact decides: the next buyer waits forever, or gets in."""
    world, moves = World.before(Scenario(2, lock=lock)).follow([1, 1, -1, 2])

    assert (moves[2].buyer, moves[2].step) == (1, None)
    assert world.blocked_by(2) == waits_for
    assert (world.outcome(1), world.outcome(2)) == (Outcome.UNFINISHED, None)


def test_a_buyer_that_dies_while_writing_leaves_half_a_file() -> None:
    """Between truncate and write it is unknown whether it holds a ticket, and there is no count."""
    steps = ["1 look 1", "1 read 1", "1 truncate 0", "1 dies", "2 look torn"]
    assert happened(Scenario(2, store="inplace"), 1, 1, 1, -1, 2) == [*steps, "unknown", "torn read", "left None"]


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        ([1, 3], "step 2 of the schedule names buyer 3; the sale has 1 to 2 (--buyers)"),
        ([0], "step 1 of the schedule names buyer 0; the sale has 1 to 2 (--buyers)"),
        ([1, 1, 1, 1], "step 4 of the schedule is for buyer 1, which has ended (bought); leave it out"),
        ([-1, 1], "step 2 of the schedule is for buyer 1, which is dead; end it before"),
        ([1, 1, 1, -1], "step 4 of the schedule is for buyer 1, which has ended (bought); leave it out"),
        ([-9], "step 1 of the schedule names buyer 9; the sale has 1 to 2 (--buyers)"),
    ],
)
def test_a_schedule_that_cannot_be_followed(schedule: list[int], message: str) -> None:
    """One line names the step, the buyer and the remedy."""
    with pytest.raises(BadInputError) as raised:
        World.before(Scenario(2)).follow(schedule)
    assert str(raised.value) == message


class PrivateStore(JsonStore):
    """A store of which each buyer has its own copy."""

    shared = False


def test_copies_that_nobody_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without sharing both buyers buy, one after the other, and the seller's count never falls."""
    monkeypatch.setitem(STORES, "private", PrivateStore)
    steps = ["1 look 1", "1 read 1", "1 write 0", "2 look 1", "2 read 1", "2 write 0"]
    assert happened(Scenario(2, store="private"), 1, 1, 1, 2, 2, 2) == [*steps, "bought", "bought", "left 1"]
