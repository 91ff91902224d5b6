"""What the explorer finds on paper is made to happen: each witness, replayed with real processes."""

from pathlib import Path

import pytest

from booking.explorer import explore
from booking.replayer.stage import replay
from booking.scenario import Scenario


@pytest.mark.parametrize(
    ("scenario", "crashes", "anomaly"),
    [
        pytest.param(Scenario(2), 0, "oversold", id="two buyers"),
        pytest.param(Scenario(10), 0, "oversold", id="ten buyers"),
        pytest.param(Scenario(5, 3), 0, "oversold", id="three tickets"),
        pytest.param(Scenario(3, 1, "semaphore", permits=2), 0, "oversold", id="two permits"),
        pytest.param(Scenario(2, 2, "none"), 0, "lost update", id="lost update"),
        pytest.param(Scenario(2, 1, "mp", "inplace"), 0, "torn read", id="torn read"),
        pytest.param(Scenario(2, 1, "file", "inplace"), 1, "torn read", id="torn by a death"),
        pytest.param(Scenario(3, 1, "mp"), 1, "deadlock", id="deadlock"),
    ],
)
def test_a_witness_can_be_replayed(db: Path, scenario: Scenario, crashes: int, anomaly: str) -> None:
    """The shortest witness and the one with the fewest switches show on real processes what they are to show."""
    found = explore(scenario, crashes=crashes)
    for witness in (found.shortest, found.fewest_switches):
        assert witness is not None
        done = replay(witness.schedule, scenario, db=db)
        assert (witness.anomaly, done.verdict.name) == (anomaly, anomaly)
        assert done.history.counts_left == witness.counts_left
        db.write_text('{"count": 1}')  # a torn store is not ours to repair
