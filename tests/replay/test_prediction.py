"""What the model says of a schedule, before any process is started."""

import pytest

from booking.errors import BadInputError
from booking.history.schedule import parse
from booking.model.prediction import predict
from booking.purchase import Outcome
from booking.scenario import Scenario
from booking.steps import BLOCKED, TORN

RACE = Scenario(buyers=2)
LOCKED = Scenario(buyers=2, lock="mp")
FREED = Scenario(buyers=2, lock="file")
TORN_STORE = Scenario(buyers=2, store="inplace")


def steps(scenario: Scenario, schedule: str) -> list[tuple[int, str, object]]:
    """Return who did which step with which value."""
    return [
        (event.buyer, event.step, event.value)
        for event in predict(scenario, parse(schedule)).history.events
        if event.phase == "return"
    ]


def test_every_step_has_its_value() -> None:
    """Both read 1 before either writes 0: each of them buys the one ticket."""
    assert steps(RACE, "1,2,1,2,1,2") == [
        (1, "look", 1),
        (2, "look", 1),
        (1, "read", 1),
        (2, "read", 1),
        (1, "write", 0),
        (2, "write", 0),
    ]
    prediction = predict(RACE, parse("1,2,1,2,1,2"))
    assert (prediction.verdict.name, prediction.verdict.sold, prediction.history.stock_left) == ("oversold", 2, 0)


def test_a_blocked_turn_is_spent() -> None:
    """Buyer 2 tries the lock that buyer 1 holds: it is blocked, and tries again when its next turn comes."""
    assert steps(LOCKED, "1,2,1,2,1,1,1,2,2,2")[2:5] == [(1, "acquire", None), (2, "acquire", BLOCKED), (1, "read", 1)]
    assert predict(LOCKED, parse("1,2,1,2,1,1,1,2,2,2")).verdict.name == "sound"


def test_half_a_file_is_read() -> None:
    """Between truncate and write there is nothing to read; the reader gives up, the writer goes on."""
    prediction = predict(TORN_STORE, parse("1,1,1,2,1"))
    assert steps(TORN_STORE, "1,1,1,2,1") == [
        (1, "look", 1),
        (1, "read", 1),
        (1, "truncate", 0),
        (2, "look", TORN),
        (1, "write", 0),
    ]
    assert prediction.ends == {1: "bought", 2: "torn read"}


def test_buyers_that_are_not_named_stay_away() -> None:
    """They are missed by nobody: the sale of those who came is sound."""
    prediction = predict(Scenario(buyers=9), parse("2,2,2"))
    assert [ending.stayed_away for ending in prediction.history.endings] == [True, False, *[True] * 7]
    assert (prediction.verdict.name, prediction.verdict.unfinished) == ("sound", 0)
    assert prediction.ends == {2: "bought"}


def test_whoever_waits_for_a_dead_holder_waits_for_ever() -> None:
    """A multiprocessing lock dies with its holder; one more attempt shows that buyer 2 is blocked."""
    prediction = predict(LOCKED, parse("1,2,1,-1"))
    assert prediction.played == (1, 2, 1, -1, 2)
    assert prediction.waiting == {2}
    assert prediction.verdict.name == "deadlock"
    assert prediction.ends == {1: "dead", 2: "waits"}


def test_an_attempt_that_was_seen_is_not_repeated() -> None:
    """The schedule itself ends with the attempt of buyer 2."""
    assert predict(LOCKED, parse("1,2,1,-1,2")).played == (1, 2, 1, -1, 2)


def test_the_system_frees_the_lock_of_a_dead_holder() -> None:
    """Under the file lock buyer 2 goes on: it acquires, reads 1 and buys."""
    prediction = predict(FREED, parse("1,2,1,-1,2,2,2,2"))
    assert prediction.history.endings[1].outcome is Outcome.BOUGHT
    assert prediction.waiting == frozenset()


@pytest.mark.parametrize(
    ("schedule", "outcome", "left"),
    [
        pytest.param("-1", Outcome.UNFINISHED, 1, id="before its first step"),
        pytest.param("1,-1", Outcome.UNFINISHED, 1, id="after its look"),
        pytest.param("1,1,-1", Outcome.UNFINISHED, 1, id="after its read"),
        pytest.param("1,1,1,-1", Outcome.UNKNOWN, None, id="in the middle of its write"),
    ],
)
def test_a_death_leaves_what_was_done(schedule: str, outcome: Outcome, left: int | None) -> None:
    """Who had begun to write may or may not hold a ticket, and in the middle of a write the file is empty.

    Before that it certainly holds none, so nothing is unknown.
    """
    prediction = predict(TORN_STORE, parse(schedule))
    assert prediction.history.endings[0].outcome is outcome
    assert prediction.history.stock_left == left
    assert prediction.verdict.name == ("unknown" if outcome is Outcome.UNKNOWN else "sound")


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        pytest.param("1,1", r"ends after step 2, in the middle of the purchase of buyer 1; .* write", id="too short"),
        pytest.param("1,2,2,2", r"ends after step 4, .* buyer 1; .* read", id="too short for one of two"),
        pytest.param("1,1,1,1", r"step 4 .* buyer 1, which has ended \(bought\)", id="too long"),
        pytest.param("1,1,1,2,2,2", r"step 6 .* buyer 2, which has ended \(sold out\)", id="a finished buyer moves"),
        pytest.param("1,1,1,-1", r"step 4 .* buyer 1, which has ended", id="a finished buyer dies"),
        pytest.param("1,3", r"step 2 .* names buyer 3; the sale has 1 to 2", id="an absent buyer"),
        pytest.param("-3", r"step 1 .* names buyer 3; the sale has 1 to 2", id="an absent buyer dies"),
        pytest.param("1,-1,-1", r"step 3 .* buyer 1, which is dead", id="a dead buyer dies"),
        pytest.param("1,-1,1", r"step 3 .* buyer 1, which is dead", id="a dead buyer moves"),
    ],
)
def test_a_schedule_that_cannot_be_played_is_refused(schedule: str, message: str) -> None:
    """One line names the position and the remedy."""
    with pytest.raises(BadInputError, match=message) as caught:
        predict(RACE, parse(schedule))
    assert "\n" not in str(caught.value)
    assert ";" in str(caught.value)


def test_the_holder_in_the_middle_makes_it_too_short_and_not_a_deadlock() -> None:
    """Buyer 2 is blocked, but not for ever: buyer 1 could still move."""
    with pytest.raises(BadInputError, match="in the middle of the purchase of buyer 1"):
        predict(LOCKED, parse("1,2,1,2"))


def test_an_event_knows_its_place() -> None:
    """Each turn has two events; a death has none, so the events behind it belong to a later place."""
    prediction = predict(FREED, parse("1,2,1,-1,2,2,2,2"))
    assert [prediction.place_of(event) for event in (0, 1, 2, 5, 6, 13, 99)] == [1, 1, 2, 3, 5, 8, 8]
