"""The strategies for other people's tests: everything that can be drawn is complete, and shrinks to the simplest."""

from collections.abc import Callable

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st
from interleavings import complete_schedules

from booking.history.schedule import Schedule
from booking.model.prediction import Prediction, predict
from booking.scenario import Scenario
from booking.steps import BLOCKED
from booking.strategies import scenarios, schedules

DETERMINISTIC = settings(derandomize=True, deadline=None, database=None)
RACE = Scenario(buyers=2)


def shortest(scenario: Scenario, fact: Callable[[Prediction], bool], **limits: int) -> Schedule:
    """Return the simplest schedule whose prediction has this property."""
    return find(schedules(scenario, **limits), lambda drawn: fact(predict(scenario, drawn)), settings=DETERMINISTIC)


@DETERMINISTIC
@given(st.data())
def test_every_schedule_that_is_drawn_can_be_played(data: st.DataObject) -> None:
    """The model refuses none of them, whatever the scenario, the deaths and the attempts at a held lock."""
    scenario = data.draw(scenarios(max_buyers=4))
    schedule = data.draw(schedules(scenario, crashes=data.draw(st.integers(0, 2)), blocked=2))
    prediction = predict(scenario, schedule)
    assert sum(turn < 0 for turn in schedule) <= 2
    assert sum(move.value == BLOCKED for move in prediction.moves[: len(schedule)]) <= 2


def test_every_complete_schedule_can_be_drawn() -> None:
    """All 20 orders of two buyers are found, and those in which one of them stays away."""
    drawn = {find(schedules(RACE), wanted.__eq__, settings=DETERMINISTIC) for wanted in complete_schedules(RACE)}
    assert len(drawn) == 20
    assert find(schedules(RACE), lambda schedule: set(schedule) == {2}, settings=DETERMINISTIC) == (2, 2, 2)


@pytest.mark.parametrize(
    ("scenario", "anomaly", "limits", "simplest"),
    [
        # Whatever happens, somebody has to begin and to end: look, read, write.
        pytest.param(RACE, "sound", {}, (1, 1, 1), id="sound"),
        # Both look, read and write; the first stops before its write, and the second goes through: 2 switches.
        pytest.param(RACE, "oversold", {}, (1, 1, 2, 2, 2, 1), id="oversold"),
        # The first empties the file, the second looks at it, the first goes on.
        pytest.param(Scenario(2, 1, "none", "inplace"), "torn read", {}, (1, 1, 1, 2, 1), id="torn read"),
        # The first has the lock, another one comes, and the first dies: a death comes as late as it can.
        pytest.param(Scenario(2, 1, "mp"), "deadlock", {"crashes": 1}, (1, 1, 2, -1), id="deadlock"),
    ],
)
def test_a_failing_example_is_the_simplest(
    scenario: Scenario, anomaly: str, limits: dict[str, int], simplest: Schedule
) -> None:
    """Fewest steps first, then fewest switches, then small numbers."""
    assert shortest(scenario, lambda prediction: prediction.verdict.name == anomaly, **limits) == simplest


def test_a_failing_example_prints_its_replay_command() -> None:
    """Whoever reads the failure can make it happen again."""

    @DETERMINISTIC
    @given(schedules(RACE))
    def never_oversells(schedule: Schedule) -> None:
        assert predict(RACE, schedule).verdict.oversold == 0

    with pytest.raises(AssertionError) as caught:
        never_oversells()
    command = "booking replay 1,1,2,2,2,1 --buyers 2 --tickets 1 --lock none --store json"
    assert command in "\n".join(caught.value.__notes__)


@DETERMINISTIC
@given(scenarios(max_buyers=2, max_tickets=5, locks=["semaphore", "mp"], stores=["inplace"]))
def test_scenarios_stay_within_their_limits(scenario: Scenario) -> None:
    """Buyers, tickets, locks and stores are those that were asked for, and nobody waits for a payment."""
    assert scenario.buyers in {1, 2}
    assert scenario.tickets in range(6)
    assert (scenario.store, scenario.pay) == ("inplace", (0, 0))
    assert scenario.permits in ({1, 2} if scenario.lock == "semaphore" else {1})
