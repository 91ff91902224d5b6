"""Two trains and shares in every order: counts derived by hand, and the slow way as a second witness."""

from itertools import product

import pytest
from labelled import all_ends, anomalies, cheapest

from booking.errors import BadInputError
from booking.explorer import Advisor, Hint, World, explore
from booking.history.finding import Anomaly
from booking.purchase import purchase
from booking.scenario import Scenario

JOURNEYS = [
    pytest.param(Scenario(buyers, tickets, lock, store, trains=2, order=order), crashes, id=name)
    for lock, store, order, (buyers, tickets, crashes) in product(
        ("none", "mp", "file"), ("json", "inplace"), ("same", "opposite"), [(2, 1, 0), (2, 2, 1), (3, 1, 0)]
    )
    for name in [f"{lock}-{store}-{order}-{buyers}x{tickets}-{crashes}"]
]


RINGS = [
    pytest.param(Scenario(3, tickets, lock, trains=3, order=order), crashes, id=f"{lock}-{order}-{tickets}-{crashes}")
    for lock, order, tickets, crashes in [
        ("mp", "ring", 1, 0),
        ("mp", "same", 2, 0),
        ("file", "ring", 2, 1),
        ("mp", "opposite", 1, 0),
        ("none", "ring", 1, 0),
    ]
]


@pytest.mark.parametrize(("scenario", "crashes"), JOURNEYS + RINGS)
def test_journeys_against_the_slow_way(scenario: Scenario, crashes: int) -> None:
    """Two kinds of buyers, two cells and two locks are counted as the labelled worlds count them."""
    found, world = explore(scenario, crashes=crashes), World.before(scenario)
    ends = all_ends(world, scenario.tickets, crashes)

    assert found.exhausted
    assert (found.interleavings, found.sold, found.anomalies) == (ends.interleavings, ends.sold, ends.anomalies)
    assert found.probability_oversold == (None if crashes else ends.chance)
    assert (found.shortest is None) == (not ends.anomalies)
    if found.shortest:
        worst = found.shortest.anomaly
        assert worst in anomalies(world.follow(found.shortest.schedule)[0], scenario.tickets)
        assert found.shortest.steps == cheapest(world, scenario.tickets, worst, crashes, step=1, switch=0)


@pytest.mark.parametrize(("buyers", "interleavings"), [(2, 2), (3, 6), (10, 3628800)])
def test_the_same_order_is_sound(buyers: int, interleavings: int) -> None:
    """Whoever holds the lock of train 1 is alone until it has given it back: N! orders of N whole journeys."""
    found = explore(Scenario(buyers, lock="mp", trains=2))
    assert (found.exhausted, found.verdict, found.interleavings) == (True, "sound", interleavings)


def test_opposite_orders_deadlock() -> None:
    """Six orders of two buyers, and two of them never end.

    Buyer 1 takes lock 1. If buyer 2 takes lock 2 now, nobody can go on: 1 order, of 2 steps. Else buyer 1 takes lock
    2 and goes on alone until it gives lock 2 back; then buyer 2 may take that before or after lock 1 is free: 2
    orders. The same with buyer 2 first: 6, and 2 deadlocks.
    """
    found = explore(Scenario(2, lock="mp", trains=2, order="opposite"))

    assert (found.exhausted, found.verdict, found.interleavings) == (True, "deadlock", 6)
    assert (found.anomalies, found.sold) == ({"deadlock": 2}, {0: 2, 1: 4})
    assert found.shortest is not None
    assert (found.shortest.schedule, found.shortest.ends) == ((1, 2), dict.fromkeys((1, 2), "waits forever"))


def test_a_ring_of_two_is_opposite_orders() -> None:
    """Buyer 1 goes from train 1 to train 2 and buyer 2 the other way round, whatever it is called."""
    ring, opposite = (explore(Scenario(2, lock="mp", trains=2, order=order)) for order in ("ring", "opposite"))
    assert (ring.interleavings, ring.sold, ring.anomalies) == (
        opposite.interleavings,
        opposite.sold,
        opposite.anomalies,
    )


def test_three_in_a_ring_can_deadlock_and_one_order_for_all_cannot() -> None:
    """The dining philosophers: each has taken its own lock and none its second, in 3! orders of three steps.

    Nothing else deadlocks: whoever has both its locks goes to its end, and then two are left, who need three for a
    cycle. If the lower number comes first, buyers 1 and 3 both begin with train 1, and no cycle can close.
    """
    ring = explore(Scenario(3, lock="mp", trains=3, order="ring"))
    assert (ring.exhausted, ring.verdict, ring.anomalies) == (True, "deadlock", {"deadlock": 6})
    assert ring.shortest is not None
    assert (ring.shortest.schedule, ring.shortest.text.count("and waits for that of train")) == ((1, 2, 3), 3)
    same = explore(Scenario(3, lock="mp", trains=3))
    assert (same.exhausted, same.verdict, same.sold.keys()) == (True, "sound", {1})


def test_two_of_four_in_a_ring_can_travel() -> None:
    """One ticket on each of four trains is enough for buyers 1 and 3, and no train is oversold."""
    found = explore(Scenario(4, lock="mp", trains=4))
    assert (found.exhausted, found.verdict, found.max_sold, found.oversold_interleavings) == (True, "sound", 2, 0)


def test_a_circle_needs_only_two_of_many() -> None:
    """Of ten buyers the first two to move, one of each kind, are enough."""
    found = explore(Scenario(10, lock="file", trains=2, order="opposite"))
    assert (found.exhausted, found.verdict, found.shortest and found.shortest.schedule) == (True, "deadlock", (1, 2))


def test_one_ticket_on_each_train_without_a_lock() -> None:
    """66 orders, of which 54 oversell.

    Both buy: R1 R2 W1 W2 each, and nobody's W comes before the other's R of the same train. Ways through the grid of
    4 by 4 steps without the points (3,0), (4,0), (4,1) and their mirror images: the rows are 1 1 1, then 1 2 3 3,
    1 3 6 9 9, 3 9 18 27 and 9 27 54, so 54. One buys: the other has R1 R2 only, in one of C(6,2) = 15 ways, less the
    9 in which it sees both tickets: 6 for each of two winners.
    """
    found = explore(Scenario(2, trains=2))
    assert (found.interleavings, found.sold, found.anomalies["oversold"]) == (66, {1: 12, 2: 54}, 54)


def test_two_tickets_on_each_train_without_a_lock() -> None:
    """All C(8,4) = 70 orders sell both, 66 of them lose an update, and 12 lose it on one train only.

    A train is sold in turn where one buyer's W comes before the other's R. Both are: the second buyer has 0 or 1 of
    its steps between the first one's W1 and W2, 2 orders each: 4. Train 1 alone: 2, 3 or 4 steps there: 3 each.
    Train 2 alone: only the second buyer's R1 comes before the first one's W2, and it comes before W1: 3 places,
    3 each. So 12 half journeys, and 70 - 4 = 66.
    """
    found = explore(Scenario(2, 2, trains=2))
    assert (found.interleavings, found.anomalies) == (70, {"lost update": 66, "half journey": 12})


def test_a_death_between_two_writes_is_half_a_journey() -> None:
    """A lock that is freed lets nobody wait, and does not finish what the dead have begun: 5 steps and a death."""
    found = explore(Scenario(2, lock="file", trains=2), crashes=1)
    assert (found.verdict, found.shortest and found.shortest.schedule) == ("half journey", (1, 1, 1, 1, 1, -1))


def test_a_hint_knows_who_goes_where_first() -> None:
    """Buyers 1 and 3 both begin with train 1; the circle needs buyer 2."""
    scenario = Scenario(3, lock="mp", trains=2, order="opposite")
    world, _ = World.before(scenario).follow((3,))
    assert Advisor(scenario).hint(world) == Hint(Anomaly.DEADLOCK, (2,))


@pytest.mark.parametrize(
    ("buyers", "tickets", "interleavings"),
    [
        pytest.param(2, 1, 10, id="1-0"),  # L R W and L R: C(5,2)
        pytest.param(2, 2, 20, id="1-1"),  # twice L R W: C(6,3)
        pytest.param(2, 3, 20, id="2-1"),
        pytest.param(3, 1, 210, id="1-0-0"),  # 7! / (3! 2! 2!)
        pytest.param(3, 2, 560, id="1-1-0"),  # 8! / (3! 3! 2!)
        pytest.param(3, 4, 1680, id="2-1-1"),  # 9! / (3! 3! 3!)
    ],
)
def test_shares_are_sound_and_buyers_do_not_meet(buyers: int, tickets: int, interleavings: int) -> None:
    """Every order of the steps is possible, none sells a ticket twice, and whoever has a ticket in its share buys."""
    found = explore(Scenario(buyers, tickets, "partition"))
    assert (found.exhausted, found.verdict, found.interleavings) == (True, "sound", interleavings)
    assert found.sold == {min(buyers, tickets): interleavings}


@pytest.mark.parametrize("tickets", range(8))
def test_shares_are_as_equal_as_can_be(tickets: int) -> None:
    """All tickets are dealt out, nobody has two more than another, and the first have the most."""
    scenario = Scenario(3, tickets, "partition")
    shares = list(scenario.shares)
    assert (sum(shares), shares) == (tickets, sorted(shares, reverse=True))
    assert max(shares) - min(shares) <= 1


@pytest.mark.parametrize(
    ("scenario", "clerks", "message"),
    [
        (Scenario(2, trains=2), 1, "leave out --clerks"),
        (Scenario(2, lock="partition"), 1, "leave out --clerks"),
        (Scenario(2, lock="cas", trains=2), 0, "use --lock mp or --lock none"),
        (Scenario(2, store="memory", trains=2), 0, "use --store json"),
        (Scenario(2, lock="partition", store="shared"), 0, "use --store json"),
    ],
)
def test_what_does_not_go_together_is_refused(scenario: Scenario, clerks: int, message: str) -> None:
    """One line says what to leave out."""
    with pytest.raises(BadInputError, match=message):
        explore(scenario, clerks=clerks)


def test_a_program_of_ones_own_has_no_share() -> None:
    """What is left of the shares is counted by purchases, so nothing else is explored on them."""
    with pytest.raises(BadInputError, match="use another lock"):
        explore(Scenario(2, lock="partition"), program=purchase)
