"""Sales small enough to be written down event by event."""

import pytest
from sales import SALES, race_history, stuck_history, torn_history

from booking.history.history import History
from booking.history.verdict import Verdict, judge


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
