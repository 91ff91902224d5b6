"""A sale that swaps, in every report: the failed swap is told, and nothing is made up."""

import pytest

from booking.history.history import Event, History
from booking.history.states import states
from booking.history.verdict import judge
from booking.model.prediction import predict
from booking.reports import REPORTS, report_named
from booking.reports.lanes import Kind, draw
from booking.reports.timeline import LEGEND_SWAP, render
from booking.scenario import Scenario
from booking.steps import PAY

# Buyer 2 reads 1, buyer 1 swaps 1 for 0, so the swap of buyer 2 fails, and then it reads 0.
SCHEDULE = (1, 1, 2, 2, 1, 2, 2)


@pytest.fixture
def history() -> History:
    """Return the sale as the model predicts it."""
    return predict(Scenario(2, lock="cas"), SCHEDULE).history


def test_the_file_changes_with_the_swap_that_succeeds(history: History) -> None:
    """The fifth step writes 0; the sixth, a failed swap, writes nothing. Each step has a call and a return."""
    told = states(history)
    assert [state.files[0] for state in told] == [1] * 9 + [0] * 5
    assert [state.sold for state in told] == [0] * 9 + [1] * 5
    assert told[8].doing == "is swapping, if the count is still 1"
    assert told[9].doing == "has swapped the count for 0"
    assert told[11].doing == "found another count, and did not swap"


def test_a_reader_can_be_faster_than_the_word_of_a_swap(history: History) -> None:
    """A swap may have happened before its return is heard: whoever has read the new count proves it."""
    look, swap = history.events[4:6], history.events[8:10]
    late = (*history.events[:4], swap[0], look[0], look[1]._replace(value=0), swap[1])
    told = states(History(history.scenario, late, history.endings, (0,)))
    assert [state.files[0] for state in told] == [1] * 6 + [0] * 2


def test_who_pays_beside_a_swap_proves_nothing_about_the_file(history: History) -> None:
    """A payment returns no count, so the file still says what was read last."""
    swap = history.events[8:10]
    pay = (Event(9, 0, 2, 0, PAY, "call"), Event(10, 0, 2, 0, PAY, "return"))
    during = (*history.events[:8], swap[0], *pay, swap[1])
    told = states(History(history.scenario, during, history.endings, (0,)))
    assert [state.files[0] for state in told] == [1] * 11 + [0]


def test_the_picture_has_both_swaps(history: History) -> None:
    """One wrote 0, the other failed, and each buyer's unguarded section ends with its last touch of the count."""
    spans = draw(history, judge(history)).spans
    assert [span.text for span in spans if span.kind is Kind.WRITE] == ["swap 0", "swap fails"]
    sections = [(span.buyer, span.start, span.end) for span in spans if span.kind is Kind.UNGUARDED]
    assert sections == [(1, 2, 9), (2, 6, 13)]


def test_the_timeline_marks_them(history: History) -> None:
    """S is a swap, s one that failed, and a legend says so in 80 columns."""
    lines = render(history, judge(history)).splitlines()
    assert f"          {'   '.join(LEGEND_SWAP)}" in lines
    assert max(map(len, lines)) <= 80
    marks = ["".join(filter(str.isalpha, line[10:62])) for line in lines if line.startswith("buyer ")]
    assert marks == ["LRS", "LRsR"]


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_can_show_it(history: History, name: str) -> None:
    """No report stumbles over a step that is younger than itself."""
    assert report_named(name)(history, judge(history))


def test_a_history_file_keeps_it(history: History) -> None:
    """What a failed swap returned survives the way to a file and back."""
    assert History.from_lines(history.to_lines()).events == history.events
