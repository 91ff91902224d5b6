"""The exact numbers: how many interleavings there are, how many oversell, and with what probability.

Derived by hand for two buyers, with L look, A acquire, R read, T truncate, W write, X release. Buyer 1 is the one
that reads first; each number is doubled at the end, because it can be either.

none, json. Oversold: R2 comes before both writes. L1 R1 is a row in which L2 has 3 places before R2, and the two
writes have 2 orders: 6. Sound: R2 comes after W1 and finds 0. L1 R1 W1 is a row in which L2 has 4 places: 4.
So 12 oversell, 8 do not, 20 together.

none, inplace. Oversold: again 3 places for L2, and T1 W1 and T2 W2 can be mixed in 4!/(2! 2!) = 6 ways: 18. Else
R2 or L2 comes after T1: L2 has 3 places before T1, and R2 then 2 (torn between T1 and W1, 0 after W1): 6; or L2 is
torn: 1; or L2 comes after W1: 1. So 36 oversell, 16 do not, 52 together.

mp, json. L1 A1 R1 W1 X1 is a row, and A2 R2 X2 come behind it. L2 has 6 places: 12. mp, inplace has 7: 14.

Probability, none: after the first look, buyer 1 reads with 1/2, and then L2 and R2 have to beat W1: 1/2 * 1/2. Else
buyer 2 looks, somebody reads, and the other read has to beat that one's write: 1/2. 1/2 * 1/4 + 1/2 * 1/2 = 3/8.
"""

import math
from fractions import Fraction

import pytest

from booking.explorer import Program, explore
from booking.purchase import Desk, Outcome, buy
from booking.scenario import Scenario

GOLDEN = [
    # lock, permits, store, buyers, tickets; interleavings; by tickets sold; probability of overselling
    (("none", 1, "json", 2, 1), 20, {1: 8, 2: 12}, "3/8"),
    (("none", 1, "json", 3, 1), 1152, {1: 144, 2: 468, 3: 540}, "14/27"),
    (("none", 1, "json", 3, 2), 1680, {2: 168, 3: 1512}, "155/216"),
    (("none", 1, "json", 4, 1), 147168, {1: 4608, 2: 23760, 3: 58320, 4: 60480}, "153/256"),
    (("none", 1, "json", 4, 3), 369600, {3: 6720, 4: 362880}, "6223/6912"),
    (("none", 1, "inplace", 2, 1), 52, {1: 16, 2: 36}, "3/8"),
    (("none", 1, "inplace", 3, 1), 11208, {1: 372, 2: 2736, 3: 8100}, "14/27"),
    (("none", 1, "inplace", 3, 2), 14208, {1: 114, 2: 1782, 3: 12312}, "2159/5832"),
    (("mp", 1, "json", 2, 1), 12, {1: 12}, "0/1"),
    (("mp", 1, "json", 3, 1), 360, {1: 360}, "0/1"),
    (("mp", 1, "json", 3, 2), 396, {2: 396}, "0/1"),
    (("mp", 1, "json", 4, 1), 20160, {1: 20160}, "0/1"),
    (("mp", 1, "json", 4, 3), 25344, {3: 25344}, "0/1"),
    (("mp", 1, "inplace", 2, 1), 14, {1: 14}, "0/1"),
    (("mp", 1, "inplace", 3, 1), 402, {1: 402}, "0/1"),
    (("mp", 1, "inplace", 3, 2), 474, {1: 6, 2: 468}, "0/1"),
    (("semaphore", 2, "json", 2, 1), 222, {1: 102, 2: 120}, "5/16"),
    (("semaphore", 2, "json", 3, 1), 38610, {1: 17370, 2: 21240}, "95/243"),
    (("semaphore", 2, "json", 3, 2), 81036, {2: 28116, 3: 52920}, "6355/11664"),
    (("semaphore", 2, "inplace", 2, 1), 612, {1: 212, 2: 400}, "5/16"),
    (("semaphore", 2, "inplace", 3, 1), 119682, {1: 32442, 2: 87240}, "95/243"),
    (("semaphore", 2, "inplace", 3, 2), 336210, {1: 2106, 2: 98424, 3: 235680}, "84343/209952"),
]
OVERSOLD = [12, 1008, 1512, 142560, 362880, 36, 10836, 12312, *[0] * 8, 120, 21240, 52920, 400, 87240, 235680]
ROWS = [
    pytest.param(*row, oversold, id=f"{row[0][0]}-{row[0][2]}-{row[0][3]}-buyers-{row[0][4]}-tickets")
    for row, oversold in zip(GOLDEN, OVERSOLD, strict=True)
]


@pytest.mark.parametrize(("case", "interleavings", "sold", "probability", "oversold"), ROWS)
def test_the_golden_integers(
    case: tuple[str, int, str, int, int], interleavings: int, sold: dict[int, int], probability: str, oversold: int
) -> None:
    """Every count is exact, and the probability is a fraction in its lowest terms."""
    lock, permits, store, buyers, tickets = case

    exploration = explore(Scenario(buyers, tickets, lock, store, permits=permits))

    assert exploration.exhausted
    assert exploration.interleavings == interleavings
    assert exploration.oversold_interleavings == oversold
    assert exploration.sold == sold
    assert exploration.probability_oversold == Fraction(probability)
    assert exploration.max_sold == max(sold)


@pytest.mark.parametrize("buyers", [1, 2, 3, 5, 8, 13, 20])
def test_buyers_that_only_buy_oversell_with_a_beautiful_probability(buyers: int) -> None:
    """Without a look, one ticket is oversold with probability 1 - 1/N.

    It is sold once exactly if the step after the first read is that buyer's write. Then all N buyers can move, and
    one of them is the writer: 1/N.
    """
    assert explore(Scenario(buyers), program=buy).probability_oversold == 1 - Fraction(1, buyers)


@pytest.mark.parametrize("buyers", [1, 2, 5, 10, 20])
def test_with_a_lock_the_buyers_that_only_buy_come_one_after_the_other(buyers: int) -> None:
    """Who acquires is blocked by nobody until it releases, so an interleaving is an order of the buyers: N!."""
    exploration = explore(Scenario(buyers, lock="file"), program=buy)

    assert exploration.interleavings == math.factorial(buyers)
    assert exploration.verdict == "sound"


def leave_when_sold_out(desk: Desk) -> Outcome:
    """Buy, but go away when the look finds nothing left."""
    return Outcome.SOLD_OUT if desk.look() < 1 else buy(desk)


@pytest.mark.parametrize(
    ("program", "lock", "buyers", "crashes", "interleavings"),
    [
        pytest.param(buy, "none", 4, 1, 471720, id="no-lock-4-buyers-1-death"),
        pytest.param(buy, "file", 4, 1, 552, id="file-4-buyers-1-death"),
        pytest.param(buy, "file", 10, 1, 192326400, id="file-10-buyers-1-death"),
        pytest.param(leave_when_sold_out, "file", 4, 0, 9456, id="early-leavers-4-buyers"),
        pytest.param(leave_when_sold_out, "file", 6, 0, 23403600, id="early-leavers-6-buyers"),
        pytest.param(leave_when_sold_out, "file", 4, 2, 1335912, id="early-leavers-4-buyers-2-deaths"),
    ],
)
def test_deaths_are_counted_like_another_explorer_did(
    program: Program, lock: str, buyers: int, crashes: int, interleavings: int
) -> None:
    """These numbers come from a separate prototype; its lock is one that is freed when its holder dies."""
    exploration = explore(Scenario(buyers, lock=lock, store="inplace"), crashes=crashes, program=program)

    assert exploration.interleavings == interleavings
    assert exploration.probability_oversold == (None if crashes else 0)
