"""What clerks can do, proved: every order in which buyers and clerks can take their steps."""

import math
from fractions import Fraction

import pytest
from labelled import all_ends

from booking.cli.app import run_command
from booking.explorer import World, explore
from booking.locks import Lock
from booking.model.scripted_desk import purchase_at_counter
from booking.registry import LOCKS, under
from booking.scenario import Scenario


@pytest.mark.parametrize("lock", ["none", "file", "mp"])
@pytest.mark.parametrize("buyers", [1, 2, 3, 4, 6])
def test_one_clerk_needs_no_lock(lock: str, buyers: int) -> None:
    """One clerk serves each request whole, so no lock is needed, and one changes nothing.

    An order is an order of 2 N requests in which each buyer's look comes before its purchase: (2N)! / 2^N.
    """
    exploration = explore(Scenario(buyers, lock=lock), clerks=1)

    assert (exploration.verdict, exploration.exhausted, exploration.sold.keys()) == ("sound", True, {1})
    assert exploration.interleavings == math.factorial(2 * buyers) // 2**buyers
    assert exploration.probability_oversold == 0


def test_two_clerks_race_again() -> None:
    """With two clerks two requests are under way at once, and one ticket is sold twice.

    Two buyers, each A L X A R W X (acquire a clerk, look, release; acquire, read, write, release); two clerks never
    block two buyers. Oversold: both have read before either writes, so both stand behind their fifth step at once:
    10!/(5! 5!) = 252 ways to there, and 4!/(2! 2!) = 6 from there: 1,512. Sound: one has written (its sixth step)
    before the other, which then has only six steps, reads (its fifth). While the one writes the other has taken
    j = 0 to 4 steps: (5+j)!/(5! j!) ways to there, and 7-j from there for the one's last step: 7 + 36 + 105 + 224 +
    378 = 750, twice, because either can be the one: 1,500.
    """
    exploration = explore(Scenario(2), clerks=2)

    assert (exploration.verdict, exploration.exhausted) == ("oversold", True)
    assert exploration.sold == {1: 1500, 2: 1512}
    assert exploration.interleavings == 3012
    assert exploration.probability_oversold == Fraction(63, 256)


@pytest.mark.parametrize(("clerks", "buyers"), [(2, 3), (2, 4), (3, 4)])
def test_no_more_are_sold_than_there_are_clerks(clerks: int, buyers: int) -> None:
    """Of one ticket each clerk can sell one: whoever is served after the first write reads 0."""
    assert explore(Scenario(buyers), clerks=clerks).max_sold == clerks


@pytest.mark.parametrize("lock", ["file", "mp", "flock", "semaphore"])
@pytest.mark.parametrize(("clerks", "buyers"), [(2, 2), (2, 3), (3, 3)])
def test_two_clerks_with_a_lock_do_not(lock: str, clerks: int, buyers: int) -> None:
    """Under a lock that excludes, any number of clerks sells no more than there is, in every order."""
    exploration = explore(Scenario(buyers, lock=lock), clerks=clerks)

    assert (exploration.verdict, exploration.exhausted, exploration.max_sold) == ("sound", True, 1)


@pytest.mark.parametrize(
    ("scenario", "clerks", "interleavings"),
    [
        pytest.param(Scenario(2), 2, 3012, id="none-2-buyers-2-clerks"),
        pytest.param(Scenario(3), 2, 1917018, id="none-3-buyers-2-clerks"),
        pytest.param(Scenario(3, 2), 2, 4578702, id="none-3-buyers-2-tickets-2-clerks"),
        pytest.param(Scenario(2, lock="file"), 2, 5390, id="file-2-buyers-2-clerks"),
        pytest.param(Scenario(3, lock="file"), 2, 11839842, id="file-3-buyers-2-clerks"),
        pytest.param(Scenario(2, store="inplace"), 2, 8442, id="inplace-2-buyers-2-clerks"),
    ],
)
def test_the_counts_are_those_of_the_slow_way(scenario: Scenario, clerks: int, interleavings: int) -> None:
    """Numbered buyers and worlds walked one by one give the same counts, outcomes and probability."""
    exploration = explore(scenario, clerks=clerks)
    ends = all_ends(World.before(scenario, purchase_at_counter, clerks), scenario.tickets)

    assert exploration.interleavings == ends.interleavings == interleavings
    assert (exploration.sold, exploration.anomalies) == (ends.sold, ends.anomalies)
    assert exploration.probability_oversold == ends.chance


def test_every_lock_is_as_sound_with_two_clerks_as_without() -> None:
    """Clerks neither mend nor break a lock: oversold with two of them if and only if oversold without."""
    plain = [name for name, lock in LOCKS.items() if issubclass(lock, Lock)]
    without = {name: explore(under(name, Scenario(2, permits=2))).max_sold for name in plain}
    with_two = {name: explore(under(name, Scenario(2, permits=2)), clerks=2).max_sold for name in plain}
    assert with_two == without


def test_the_command_proves_it(capsys: pytest.CaptureFixture[str]) -> None:
    """`booking explore --clerks` says how many clerks there are, and refuses to save what cannot be replayed."""
    assert run_command(["explore", "--buyers", "2", "--clerks", "1", "--expect", "sound"]) == 0
    assert capsys.readouterr().out.startswith("1 clerk at the counter")
    assert run_command(["explore", "--buyers", "2", "--clerks", "2", "--expect", "oversold"]) == 0
    assert "1,512" in capsys.readouterr().out
    assert run_command(["explore", "--buyers", "2", "--clerks", "2", "--save", "x.json"]) == 2
    assert "--clerks cannot be combined with --save or --html" in capsys.readouterr().err
