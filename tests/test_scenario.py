"""A scenario holds only what a sale can use, and survives the way to a file and to another process."""

import math
import pickle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from booking.errors import BadInputError
from booking.scenario import LONGEST_PAY, MOST_BUYERS, MOST_TICKETS, Scenario, require_pay, require_whole

ABSURD = [-1, 1.0, 1.5, "2", True, False, None, math.nan, math.inf, 10**30, 10**5000, [], [1], {}, "\x1b[2J\n" * 99]
NAMES = ["minus", "float", "half", "text", "true", "false", "none", "nan", "inf", "huge", "endless", "list", "one",
         "object", "escapes"]  # fmt: skip

every_absurd_value = pytest.mark.parametrize("value", ABSURD, ids=NAMES)


def refusal(**values: Any) -> str:  # noqa: ANN401
    """Return the one printable line with which a scenario is refused."""
    with pytest.raises(BadInputError) as refused:
        Scenario(**values)
    message = str(refused.value)
    assert message.isprintable()
    assert len(message) < 160
    return message


@every_absurd_value
@pytest.mark.parametrize("name", ["buyers", "tickets", "permits"])
def test_a_number_out_of_range_is_refused(name: str, value: object) -> None:
    """The line names the dial, its value and what it may be."""
    assert refusal(**{name: value}).startswith(f"{name} is ")


@pytest.mark.parametrize(
    ("name", "lowest", "highest"),
    [("buyers", 1, MOST_BUYERS), ("tickets", 0, MOST_TICKETS), ("permits", 1, MOST_BUYERS)],
    ids=["buyers", "tickets", "permits"],
)
def test_the_limits_belong_to_the_range(name: str, lowest: int, highest: int) -> None:
    """Both ends are allowed and their neighbours are not."""
    for value in (lowest, highest):
        assert getattr(Scenario(**{name: value}), name) == value
    for value in (lowest - 1, highest + 1):
        assert refusal(**{name: value}) == f"{name} is {value}; use a whole number from {lowest} to {highest}"


@pytest.mark.parametrize(
    "pay",
    [*ABSURD, (1,), (2, 1), (-1, 1), (0, math.nan), (math.nan, 1), (0, math.inf), (0, LONGEST_PAY + 1), (0, 0, 0),
     ("0", "1"), (True, True), (0, 10**5000)],
    ids=[*NAMES, "one-number", "falling", "negative", "nan-high", "nan-low", "endless-high", "too-long", "three",
         "words", "truths", "digits"],
)  # fmt: skip
def test_a_pay_that_nobody_can_take_is_refused(pay: object) -> None:
    """A payment takes from one number of seconds to another, and no more than an hour."""
    assert refusal(pay=pay).startswith("pay is ")


@pytest.mark.parametrize("pay", [(0, 0), (0.05, 0.05), (1, 3), (0, LONGEST_PAY)], ids=str)
def test_a_pay_may_be_whole_or_not(pay: tuple[float, float]) -> None:
    """0 pays at once; the lowest may equal the highest."""
    assert Scenario(pay=pay).pay == pay


@pytest.mark.parametrize("seed", [1.5, "2", True, [], math.nan], ids=["half", "text", "true", "list", "nan"])
def test_a_seed_is_a_whole_number_or_none(seed: object) -> None:
    """Anything else would end in the dice's own traceback."""
    assert refusal(seed=seed).startswith("seed is ")
    assert (Scenario(seed=None).seed, Scenario(seed=-3).seed) == (None, -3)


@settings(max_examples=40)
@given(
    st.builds(
        Scenario,
        buyers=st.integers(1, MOST_BUYERS),
        tickets=st.integers(0, MOST_TICKETS),
        lock=st.text(),
        store=st.text(),
        pay=st.floats(0, LONGEST_PAY).map(lambda seconds: (seconds, seconds)),
        seed=st.none() | st.integers(),
        permits=st.integers(1, MOST_BUYERS),
    )
)
def test_a_scenario_survives_json_and_pickle(scenario: Scenario) -> None:
    """It is what crosses files and processes."""
    assert Scenario.from_json(scenario.to_json()) == scenario
    assert pickle.loads(pickle.dumps(scenario)) == scenario  # noqa: S301 - our own bytes


def test_what_a_file_leaves_out_has_its_default() -> None:
    """An empty object is the scenario that everybody starts with: 10 buyers, 1 ticket, no lock."""
    assert Scenario.from_json({}) == Scenario(buyers=10, tickets=1, lock="none", store="json")


@pytest.mark.parametrize("key", ["colour", "", "Buyers", "\x1b[2J\n" * 99], ids=["new", "empty", "capital", "escapes"])
def test_an_unknown_key_is_refused(key: str) -> None:
    """A dial that does not exist is a mistake, and the line lists those that do."""
    with pytest.raises(BadInputError, match="it has buyers, tickets, lock, store, pay, seed, permits") as refused:
        Scenario.from_json({key: 1})
    assert str(refused.value).isprintable()


@every_absurd_value
@pytest.mark.parametrize("key", ["buyers", "tickets", "lock", "store", "pay", "seed", "permits"])
def test_no_value_of_a_file_causes_more_than_a_line(key: str, value: object) -> None:
    """Whatever JSON or Python holds: a scenario or one refusal."""
    try:
        found = Scenario.from_json({key: value}).to_json()[key]
    except BadInputError as error:
        found = str(error)
    assert found == value or (found.isprintable() and found.startswith(f"{key} is "))


def test_the_checks_can_be_used_alone() -> None:
    """The command line asks the same questions before it starts anything."""
    require_whole("runs", 3, 1, 3)
    require_pay((1, 2))
    with pytest.raises(BadInputError, match="runs is 4; use a whole number from 1 to 3"):
        require_whole("runs", 4, 1, 3)
