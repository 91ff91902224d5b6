"""A command that meets somebody who kills the processes that sell."""

import os
import select
from collections.abc import Iterator

import pytest
from programs import PATIENCE
from striking import Striker

from booking.cli import run as command
from booking.history.history import History
from booking.scenario import Scenario
from booking.simulation.desk import RealDesk
from booking.simulation.sale import simulate
from booking.steps import Value


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


@pytest.fixture
def standing(
    struck: tuple[Striker, list[History]], monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Striker, list[History]]]:
    """Let the blow land in its step: every clerk that has begun it stands still until somebody is hit."""
    striker, (blow, loud), begin = struck[0], os.pipe(), RealDesk.__init__
    striker.afterwards = lambda: os.write(loud, b"!")

    def patient(desk: RealDesk, *arguments: object) -> None:
        begin(desk, *arguments)  # type: ignore[arg-type]
        record = desk._record

        def recorded(step: str, phase: str, value: Value = None) -> None:
            record(step, phase, value)
            if (step, phase) == (striker.word, "call"):
                select.select([blow], [], [], PATIENCE)

        desk._record = recorded

    monkeypatch.setattr(RealDesk, "__init__", patient)
    yield struck
    os.close(blow)
    os.close(loud)
