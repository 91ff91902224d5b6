"""The exploration as text: a table, a column per buyer, and why, on any terminal of 80 columns."""

import pytest

from booking.explorer import explore
from booking.purchase import buy
from booking.reports.exploration import large, render
from booking.scenario import Scenario
from booking.text.words import share, shares

TWO_BUYERS = """\
OVERSOLD: in 12 of 20 orders more tickets are sold than existed.
2 buyers, 1 ticket, lock none, store json. An interleaving is one order in which
all the steps can happen.

  interleavings     20
  oversold          12, 60 %
  lost update       12, 60 %
  1 ticket sold     8, 40 %
  2 tickets sold    12, 60 %
  checked           11 situations (buyers that are alike count as one)

60 % of the interleavings oversell. They are not equally likely: if chance picks
who moves next, step after step, the sale is oversold with probability 3/8
(0.3750).

The shortest order that ends in an oversold sale has 6 steps:

step  buyer 1   buyer 2  line  code
   1  look 1               58  desk.look()
   2  read 1               65  count = desk.read()
   3            look 1     58  desk.look()
   4            read 1     65  count = desk.read()
   5            write 0    69  desk.write(count - 1)
   6  write 0              69  desk.write(count - 1)
 end  bought    bought

Buyer 1 had already read 1 when buyer 2 wrote 0, so it sold the same ticket
again. In the end 2 buyers have a ticket, 1 existed, and the file says 0.

It switches between buyers twice; no order that goes wrong switches less often."""

LOCKED = """\
CORRECT: of 4.07 x 10^47 orders none goes wrong.
20 buyers, 1 ticket, lock file, store json. An interleaving is one order in
which all the steps can happen.

  interleavings     about 4.07 x 10^47
  oversold          none
  1 ticket sold     about 4.07 x 10^47, 100 %
  checked           671 situations (buyers that are alike count as one)

Every interleaving was tried, all about 4.07 x 10^47 of them, and none
oversells."""

AGAIN = ", so it sold the same ticket again."

DEADLOCK = """\
The shortest order that ends in a deadlock has 4 steps:

step  buyer 1   buyer 2  line  code
   1  look 1               58  desk.look()
   2            look 1     58  desk.look()
   3            acquire    64  with desk.lock:
   4            dies       65  count = desk.read()
 end  waits     dead

Buyer 2 died while it held the lock. Buyer 1 waits for the lock that dead buyer
2 held: an orphaned lock, not a cycle of waits. Buyer 3 does not take part. In
the end 0 buyers have a ticket, 1 existed, and the file says 1."""


def test_a_sale_without_a_lock() -> None:
    """Everything that a class asks for is on one screen."""
    assert render(explore(Scenario(2))) == TWO_BUYERS


def test_a_sale_with_a_lock() -> None:
    """One sentence says that everything was tried and nothing oversells."""
    assert render(explore(Scenario(20, lock="file"))) == LOCKED


def test_a_deadlock() -> None:
    """It tells who died, who held the lock and who waits forever."""
    assert DEADLOCK in render(explore(Scenario(3, lock="mp"), crashes=1))


def test_an_exploration_that_was_cut_short() -> None:
    """It never looks like a proof: lower bounds, and nothing is called none."""
    text = render(explore(Scenario(4, lock="mp"), max_states=20))

    assert "This was cut short: the counts are lower bounds, and nothing is proved." in text
    assert "none oversells" not in text
    assert "oversold          none counted" in text


@pytest.mark.parametrize(
    ("scenario", "crashes"),
    [
        (Scenario(6, 5), 0),
        (Scenario(9, 7), 0),
        (Scenario(40), 0),
        (Scenario(7, lock="semaphore", permits=3, store="inplace"), 2),
        (Scenario(10, lock="mp"), 3),
    ],
)
def test_it_fits_in_eighty_columns_of_ascii(scenario: Scenario, crashes: int) -> None:
    """However many buyers and digits there are, and on a console without any glyphs."""
    lines = render(explore(scenario, crashes=crashes)).splitlines()

    assert [line for line in lines if len(line) > 80] == []
    assert [line for line in lines if not line.isascii() or line != line.rstrip()] == []


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (147168, "147,168"),
        (10**15 - 1, "999,999,999,999,999"),
        (10**15, "1,000,000,000,000,000 (about 1.00 x 10^15)"),
        (12345 * 10**56, "about 1.23 x 10^60"),
        (9 * 10**9999, "about 9.00 x 10^9999"),
    ],
    ids=["0", "6-digits", "15-digits", "16-digits", "61-digits", "10000-digits"],
)
def test_large_numbers(number: int, text: str) -> None:
    """Beyond 15 digits a power of ten is added, beyond 40 it stands alone."""
    assert large(number) == text


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 20, "0 %"),
        (12, 20, "60 %"),
        (1, 3, "33.3 %"),
        (20, 20, "100 %"),
        (1, 10**9, "less than 0.1 %"),
        (10**9 - 1, 10**9, "more than 99.9 %"),
        (999, 1000, "99.9 %"),
        (2, 14, "14.3 %"),
        (4104, 4380, "93.7 %"),
        (4, 6, "66.7 %"),
        (1512, 3012, "50.2 %"),
    ],
)
def test_shares_are_never_rounded_to_nothing_or_everything(part: int, whole: int, text: str) -> None:
    """0 % means none and 100 % means all; anything else is rounded to the nearest tenth."""
    assert share(part, whole) == text


@pytest.mark.parametrize("parts", [[1, 1, 1], [2, 12], [1, 2, 4], [33, 67, 101, 7], [1, 1, 1, 1, 1, 1]])
def test_a_column_of_shares_adds_up(parts: list[int]) -> None:
    """The tenths of a column make exactly 100 %, and none is further from the truth than a tenth."""
    numbers = [float(text.removesuffix(" %")) for text in shares(parts)]
    assert sum(round(10 * number) for number in numbers) == 1000
    assert all(abs(number - 100 * part / sum(parts)) < 0.1 for number, part in zip(numbers, parts, strict=True))


def test_a_column_says_nothing_and_everything_only_where_it_is_so() -> None:
    """One of a billion is not 0 %, and the rest is not 100 %."""
    assert shares([1, 10**9]) == ["less than 0.1 %", "more than 99.9 %"]
    assert shares([7]) == ["100 %"]
    assert shares([0, 0]) == ["0 %", "0 %"]


@pytest.mark.parametrize(
    ("scenario", "crashes", "sentence"),
    [
        pytest.param(
            Scenario(2),
            0,
            f"Buyer 1 had already read 1 when buyer 2 wrote 0{AGAIN}",
            id="oversold",
        ),
        pytest.param(
            Scenario(3, 3),
            0,
            f"The file lost only 1 ticket. Buyer 1 had already read 3 when buyer 2 wrote 2{AGAIN}",
            id="lost-update",
        ),
        pytest.param(
            Scenario(7, 5),
            0,
            f"Buyer 5 had already read 1 when buyer 6 wrote 0{AGAIN}",
            id="the-last-ticket",
        ),
        pytest.param(
            Scenario(2, lock="file", store="inplace"),
            0,
            "Buyer 2 read half a file: buyer 1 had emptied it and not yet written it.",
            id="torn-read",
        ),
        pytest.param(
            Scenario(2, lock="mp"),
            1,
            "Buyer 2 died while it held the lock. "
            "Buyer 1 waits for the lock that dead buyer 2 held: an orphaned lock, not a cycle of waits.",
            id="deadlock",
        ),
    ],
)
def test_the_sentence_that_says_why(scenario: Scenario, crashes: int, sentence: str) -> None:
    """It is the judge's own, for the shortest witness and the one with the fewest switches."""
    exploration = explore(scenario, crashes=crashes)
    assert exploration.shortest is not None
    assert exploration.fewest_switches is not None
    assert {exploration.shortest.text, exploration.fewest_switches.text} == {sentence}


def test_a_lock_that_the_system_frees_is_told() -> None:
    """The point of a crash under a file lock is that nobody waits for the dead: the report says so."""
    told = "The system frees the lock of a buyer that dies, so nobody waits for the dead."
    assert told in " ".join(render(explore(Scenario(2, lock="file"), crashes=1)).split())
    assert told not in " ".join(render(explore(Scenario(2, lock="mp"), crashes=1)).split())
    assert told not in " ".join(render(explore(Scenario(2), crashes=1)).split())


def test_no_ticket_sold_is_explained() -> None:
    """Under a lock that is freed nobody sells a ticket only if a buyer dies after its write: the file says 0 then."""
    told = "A buyer that dies counts for no ticket, even if it had already written."
    freed = explore(Scenario(2, lock="file"), crashes=1)
    assert 0 in freed.sold
    assert told in " ".join(render(freed).split())
    assert told not in " ".join(render(explore(Scenario(2), crashes=1)).split()), "one of them always sells a ticket"


def test_journeys_are_counted_apart_from_the_tickets_of_one_train() -> None:
    """Two buyers travel on different trains of four: that is no more tickets than the one on each train."""
    assert "2 journeys sold" in render(explore(Scenario(4, lock="mp", trains=4)))
    assert "1 ticket sold" in render(explore(Scenario(2, lock="mp", trains=2)))


def test_buyers_that_wait_outside_are_named_in_the_sentence() -> None:
    """Buyers whose very first step is blocked for ever have no column, but they are not forgotten."""
    text = render(explore(Scenario(3, lock="mp"), crashes=1, program=buy))
    assert "Buyers 2 and 3 wait for the lock that dead buyer 1 held:" in " ".join(text.split())
