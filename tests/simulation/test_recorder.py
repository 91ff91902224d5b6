"""What the parent makes of a buyer's messages, without processes."""

import pytest

from booking.processes.journal import FAILED, NOBODY, READY, Message, Value
from booking.purchase import Outcome
from booking.simulation.recorder import Recorder
from booking.steps import CHANGED, PAY, Step


def heard(*said: tuple[str, str, Value]) -> Recorder:
    """Return a recorder that has heard these messages of buyer 1, process 7."""
    recorder = Recorder()
    for word, phase, value in [(READY, "call", None), *said]:
        recorder.take(Message(1, 7, 0, word, phase, value))
    return recorder


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        pytest.param([(Step.READ, "return", 1), (PAY, "call", None)], Outcome.UNFINISHED, id="pays"),
        pytest.param([(Step.WRITE, "call", 0)], Outcome.UNKNOWN, id="writes"),
        pytest.param([(Step.TRUNCATE, "call", 0)], Outcome.UNKNOWN, id="truncates"),
        pytest.param([(Step.WRITE, "call", 0), (Step.WRITE, "return", 0)], Outcome.UNKNOWN, id="has written"),
        pytest.param([(Step.SWAP, "call", 1)], Outcome.UNKNOWN, id="swaps"),
        pytest.param(
            [(Step.SWAP, "call", 1), (Step.SWAP, "return", CHANGED)], Outcome.UNFINISHED, id="swapped nothing"
        ),
    ],
)
def test_a_killed_buyer_is_unknown_only_after_the_call_of_a_write(
    said: list[tuple[str, str, Value]], outcome: Outcome
) -> None:
    """Before that call it certainly holds no ticket; a swap that found another count wrote nothing."""
    assert heard(*said).ending(1, 7, -9, alive=False).outcome is outcome


def test_a_process_that_failed_says_why() -> None:
    """The failure of a process is the error of its buyer."""
    recorder = heard()
    recorder.take(Message(NOBODY, 7, 0, FAILED, "return", None, "ValueError: no (lock.py line 3)"))
    assert recorder.ending(1, 7, 1, alive=False).error == "ValueError: no (lock.py line 3)"
    assert recorder.ending(2, 8, 1, alive=False).error is None
