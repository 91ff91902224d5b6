"""A command that meets somebody who kills the processes that sell."""

import pytest
from striking import Striker

from booking.cli import run as command
from booking.history.history import History
from booking.scenario import Scenario
from booking.simulation.sale import simulate


@pytest.fixture
def struck(monkeypatch: pytest.MonkeyPatch) -> tuple[Striker, list[History]]:
    """Let `booking run` meet a striker, and return it with the list of the histories that the command got."""
    striker = Striker()
    histories: list[History] = []

    def watched(scenario: Scenario, **dials: object) -> History:
        histories.append(simulate(scenario, **dials | {"watch": striker}))  # type: ignore[arg-type]
        return histories[-1]

    monkeypatch.setattr(command, "simulate", watched)
    return striker, histories
