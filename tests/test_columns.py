"""Steps as text: a column per buyer where they fit, a list where they do not."""

import pytest

from booking.history.schedule import DIES, WIDTH, Cell, columns, step_text
from booking.steps import BLOCKED, TORN


def test_each_buyer_has_a_column() -> None:
    """Only the buyers that occur have one; the ends stand below."""
    assert columns([Cell(7, "look 1"), Cell(2, "look 1"), Cell(7, DIES)], {2: "bought", 7: "dead"}) == [
        "step  buyer 2         buyer 7",
        "   1                  look 1",
        "   2  look 1",
        "   3                  dies",
        " end  bought          dead",
    ]


def test_without_ends_there_is_no_last_line() -> None:
    """Nothing is said of what is not known."""
    assert columns([Cell(1, "look 1")]) == ["step  buyer 1", "   1  look 1"]


@pytest.mark.parametrize("buyers", range(1, 13))
def test_no_line_is_too_long(buyers: int) -> None:
    """Up to six buyers stand side by side within 80 columns; more are listed."""
    lines = columns([Cell(buyer, "write 100") for buyer in range(1, buyers + 1)], {1: "torn read"})
    assert max(map(len, lines)) <= WIDTH
    assert (f"buyer {buyers} write 100" in lines[buyers]) == (buyers > 6)


def test_a_long_count_is_listed() -> None:
    """A count that does not fit its column is not cut."""
    cells = [Cell(buyer, "write 999999999") for buyer in range(1, 7)]
    assert columns(cells)[6] == "   6  buyer 6 write 999999999"


@pytest.mark.parametrize(
    ("step", "value", "text"),
    [
        ("look", 1, "look 1"),
        ("read", TORN, "read torn"),
        ("write", 0, "write 0"),
        ("truncate", 0, "truncate"),
        ("acquire", None, "acquire"),
        ("acquire", BLOCKED, "blocked"),
        ("release", None, "release"),
    ],
)
def test_a_step_is_a_word_or_two(step: str, value: int | str | None, text: str) -> None:
    """The value stands where one was read or written."""
    assert step_text(step, value) == text
