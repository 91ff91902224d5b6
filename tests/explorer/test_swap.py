"""Compare and swap, right and naive, and stores without sharing: every order, with counts derived by hand."""

import math
from fractions import Fraction

import pytest

from booking.errors import BadInputError
from booking.explorer import explore
from booking.explorer.automaton import learn
from booking.model.shared_state import shared_in
from booking.purchase import Desk, Outcome
from booking.registry import protection_of
from booking.scenario import Scenario

# Two buyers, one ticket; A wins, and twice as many with the names exchanged.
#   cas: A takes look, read, swap.
#     B reads after A's swap: B's look stands in one of 4 places, then B reads 0 and ends: 4.
#     B reads before A's swap: the looks and reads mix in 4!/(2!2!) = 6 ways, then A swaps, B fails, B reads 0: 6.
#   cas-naive: A takes look, read, read again, write.
#     Both compare before either writes: 6!/(3!3!) = 20 ways, times 2 for who writes first: 40 (B's write is A's, too).
#     B reads after A's write: B's look stands in one of 5 places: 5.
#     B reads before and compares after A's write: 5!/(3!2!) = 10 ways, then B finds 0 twice: 10.
# With two tickets the loser of a swap reads 1 instead of 0 and swaps once more: as many orders, two tickets sold.
COUNTS = [
    pytest.param("cas", 2, 1, {1: 2 * (4 + 6)}, id="cas-2-1"),
    pytest.param("cas", 2, 2, {2: 2 * (4 + 6)}, id="cas-2-2"),
    pytest.param("cas-naive", 2, 1, {1: 2 * (5 + 10), 2: 40}, id="cas-naive-2-1"),
    # The others are those of the slow way, in test_against_brute_force.py, or were found by it once.
    pytest.param("cas", 3, 1, {1: 2520}, id="cas-3-1"),
    pytest.param("cas", 3, 2, {2: 8376}, id="cas-3-2"),
    pytest.param("cas", 4, 1, {1: 1289808}, id="cas-4-1"),
    pytest.param("cas", 4, 2, {2: 36091872}, id="cas-4-2"),
    pytest.param("cas-naive", 3, 1, {1: 5430, 2: 12120, 3: 10080}, id="cas-naive-3-1"),
    pytest.param("cas-naive", 3, 2, {2: 27030, 3: 66960}, id="cas-naive-3-2"),
]


@pytest.mark.parametrize(("lock", "buyers", "tickets", "sold"), COUNTS)
def test_every_order_of_a_swap(lock: str, buyers: int, tickets: int, sold: dict[int, int]) -> None:
    """The right swap is sound in every order, however often a buyer has to try again; the naive one oversells."""
    exploration = explore(Scenario(buyers, tickets, lock))

    assert exploration.exhausted
    assert exploration.sold == sold
    assert exploration.interleavings == sum(sold.values())
    assert exploration.verdict == ("sound" if lock == "cas" else "oversold")


def naive_without_a_look(desk: Desk) -> Outcome:
    """Read, compare, write, until it is done or sold out."""
    while (count := desk.read()) > 0:
        if desk.read() == count:
            desk.write(count - 1)
            return Outcome.BOUGHT
    return Outcome.SOLD_OUT


def test_the_naive_swap_without_a_look() -> None:
    """Of 20 orders 12 oversell: both compare (4!/(2!2!) = 6 ways) before either writes (2 ways)."""
    exploration = explore(Scenario(2), program=naive_without_a_look)

    assert (exploration.interleavings, exploration.sold) == (20, {1: 8, 2: 12})


@pytest.mark.parametrize("tickets", [1, 2, 3])
def test_a_swap_survives_deaths(tickets: int) -> None:
    """A buyer may die at any moment: nobody waits for it, and no ticket is sold twice."""
    exploration = explore(Scenario(3, tickets, "cas"), crashes=2)

    assert exploration.exhausted
    assert exploration.verdict == "sound"
    assert exploration.max_sold <= tickets


@pytest.mark.parametrize("buyers", [1, 2, 3, 4])
def test_buyers_that_share_nothing_all_buy(buyers: int) -> None:
    """Nobody sees anybody: N buyers of 3 steps have (3N)!/(3!)^N orders, and every one of them sells N tickets."""
    orders = math.factorial(3 * buyers) // math.factorial(3) ** buyers
    exploration = explore(Scenario(buyers, store="memory"))

    assert exploration.exhausted
    assert exploration.sold == {buyers: orders}
    assert exploration.probability_oversold == Fraction(buyers > 1)
    assert exploration.verdict == ("oversold" if buyers > 1 else "lost update")


def test_a_lock_does_not_help_buyers_that_share_nothing() -> None:
    """Mutual exclusion protects what is shared; here nothing is."""
    exploration = explore(Scenario(3, lock="mp", store="memory"))

    assert set(exploration.sold) == {3}


@pytest.mark.parametrize("lock", ["none", "mp"])
def test_shared_memory_races_like_a_file(lock: str) -> None:
    """Where the count lies does not matter, only what is shared and in which steps."""
    assert explore(Scenario(3, 2, lock, "shared")).sold == explore(Scenario(3, 2, lock, "json")).sold


@pytest.mark.parametrize("store", ["inplace", "memory", "shared"])
def test_a_store_that_cannot_swap_is_refused(store: str) -> None:
    """One line names the store that can."""
    with pytest.raises(BadInputError, match=f"{store} cannot; use --store json"):
        explore(Scenario(2, lock="cas", store=store))
    with pytest.raises(BadInputError, match="this store cannot swap in one step; use --store json"):
        explore(Scenario(2, store=store), program=lambda desk: Outcome.BOUGHT if desk.swap(1, 0) else Outcome.SOLD_OUT)


@pytest.mark.parametrize("lock", ["cas", "cas-naive"])
@pytest.mark.parametrize("buyers", [1, 2, 3, 4])
def test_a_retry_closes_into_a_loop(lock: str, buyers: int) -> None:
    """A buyer that starts again is where it was, so nothing is cut and the automaton does not grow with the buyers."""
    scenario = Scenario(buyers, 2, lock)
    automaton = learn([protection_of(scenario).program], shared_in(scenario), buyers)

    assert automaton.is_whole
    assert len(automaton.states) <= 1 + 2 + (2 if lock == "cas" else 4) + 2


@pytest.mark.parametrize(("buyers", "tickets", "most"), [(7, 4, 456), (10, 10, 4083)])
def test_many_buyers_that_swap_are_proved_sound(buyers: int, tickets: int, most: int) -> None:
    """What needs no more than so many states with brute force, buyers alike counted as one, is not given up."""
    exploration = explore(Scenario(buyers, tickets, "cas"))

    assert (exploration.exhausted, exploration.verdict) == (True, "sound")
    assert set(exploration.sold) == {tickets}
    assert exploration.states <= most
