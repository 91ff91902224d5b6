"""Sales small enough to be written down event by event."""

import pytest

from booking.history import TORN, Ending, Event, History
from booking.purchase import Outcome
from booking.scenario import Scenario
from booking.steps import PAY, Step
from booking.verdict import Verdict, judge


def sale(
    scenario: Scenario, steps: list[tuple[int, str, str, object]], endings: list[Ending], left: int | None
) -> History:
    """Return a history with an event every 1,000 ns, from rows of buyer, step, phase and value."""
    events = tuple(
        Event(seq, 5_000 + 1_000 * seq, buyer, 100 + buyer, step, phase, value)  # type: ignore[arg-type]
        for seq, (buyer, step, phase, value) in enumerate(steps, 1)
    )
    return History(scenario, events, tuple(endings), left)


def ended(buyer: int, outcome: Outcome, exitcode: int | None = 0, *, alive: bool = False) -> Ending:
    """Return the ending of a buyer whose process number is 100 more than its own."""
    return Ending(buyer, 100 + buyer, outcome, exitcode, alive)


def race_history() -> History:
    """Return the sale in which buyer 1 reads, buyer 2 reads and writes, and buyer 1 writes the same number."""
    steps = [
        (1, Step.READ, "call", None),
        (1, Step.READ, "return", 1),
        (2, Step.READ, "call", None),
        (2, Step.READ, "return", 1),
        (2, Step.WRITE, "call", 0),
        (2, Step.WRITE, "return", 0),
        (1, PAY, "call", None),
        (1, PAY, "return", None),
        (1, Step.WRITE, "call", 0),
        (1, Step.WRITE, "return", 0),
    ]
    return sale(Scenario(2), steps, [ended(1, Outcome.BOUGHT), ended(2, Outcome.BOUGHT)], 0)


def torn_history() -> History:
    """Return the sale in which buyer 1 looks while buyer 2 has emptied the file."""
    steps = [
        (2, Step.READ, "call", None),
        (2, Step.READ, "return", 2),
        (2, Step.TRUNCATE, "call", 1),
        (1, Step.LOOK, "call", None),
        (1, Step.LOOK, "return", TORN),
        (2, Step.TRUNCATE, "return", 1),
        (2, Step.WRITE, "call", 1),
        (2, Step.WRITE, "return", 1),
    ]
    endings = [ended(1, Outcome.TORN_READ), ended(2, Outcome.BOUGHT)]
    return sale(Scenario(2, tickets=2, store="inplace"), steps, endings, 1)


def stuck_history() -> History:
    """Return the sale in which buyer 1 dies with the lock and buyer 2 waits for ever."""
    steps = [
        (1, Step.ACQUIRE, "call", None),
        (1, Step.ACQUIRE, "return", None),
        (2, Step.ACQUIRE, "call", None),
        (1, Step.READ, "call", None),
    ]
    endings = [ended(1, Outcome.UNFINISHED, -9), ended(2, Outcome.UNFINISHED, None, alive=True)]
    return sale(Scenario(2, lock="mp"), steps, endings, 1)


SALES = {"race": race_history, "torn": torn_history, "stuck": stuck_history}


@pytest.fixture
def race() -> tuple[History, Verdict]:
    """Return the race and its verdict."""
    return race_history(), judge(race_history())


@pytest.fixture
def torn() -> tuple[History, Verdict]:
    """Return the torn read and its verdict."""
    return torn_history(), judge(torn_history())


@pytest.fixture
def stuck() -> tuple[History, Verdict]:
    """Return the deadlock and its verdict."""
    return stuck_history(), judge(stuck_history())


@pytest.fixture(params=SALES)
def any_sale(request: pytest.FixtureRequest) -> tuple[History, Verdict]:
    """Return each of the sales in turn."""
    history = SALES[request.param]()
    return history, judge(history)
