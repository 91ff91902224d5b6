"""What one step does to a cell: the one function that the model, the explorer and the judge ask."""

import pytest

from booking.steps import CHANGED, TORN, Step, Value, apply


@pytest.mark.parametrize(
    ("asked", "after", "result"),
    [
        pytest.param((Step.LOOK, 3, None, None), 3, 3, id="look"),
        pytest.param((Step.READ, TORN, None, None), TORN, TORN, id="torn-read"),
        pytest.param((Step.TRUNCATE, 3, 2, None), TORN, None, id="truncate"),
        pytest.param((Step.WRITE, TORN, 2, None), 2, None, id="write"),
        pytest.param((Step.SWAP, 3, 2, 3), 2, 2, id="swap"),
        pytest.param((Step.SWAP, 4, 2, 3), 4, CHANGED, id="swap-of-a-changed-count"),
        pytest.param((Step.ACQUIRE, 3, None, None), 3, None, id="acquire"),
        pytest.param((Step.RELEASE, 3, None, None), 3, None, id="release"),
    ],
)
def test_a_step(asked: tuple[Step, Value, Value, Value], after: Value, result: Value) -> None:
    """Reads return the cell, writes change it, a swap does both or neither, and a lock leaves it alone."""
    assert apply(*asked) == (after, result)
