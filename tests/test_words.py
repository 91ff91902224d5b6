"""Numbers and names as people say them."""

import pytest

from booking.text.words import buyers, columns, wrapped


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ([4], "Buyer 4"),
        ([2, 1], "Buyers 1 and 2"),
        ([1, 3, 4, 5, 9], "Buyers 1, 3-5 and 9"),
        (range(1, 31, 2), "Buyers 1, 3, 5, 7, 9, 11, 13, ... (15 in all)"),
    ],
)
def test_buyers_are_listed_in_runs(numbers: list[int], text: str) -> None:
    """Three and more in a row are a range, and of very many runs the first stand for all."""
    assert buyers(numbers) == text


def test_a_paragraph_breaks_between_words_only() -> None:
    """A command with hyphens stays whole, and a word longer than the screen has a line to itself."""
    long = "booking" + "-" * 90
    assert wrapped("Run it.", long, "Then stop.") == ["Run it.", long, "Then stop."]


def test_a_paragraph_in_chinese_fits_the_columns_and_starts_no_line_with_a_comma() -> None:
    """A Chinese character takes two columns; a line may end after one, but its punctuation stays with it."""
    text = "先读，再付钱，最后写回（write back）。在你付钱的时候，别人也读到了同一个数，于是同一张票卖了两次。"
    lines = wrapped(text, width=20)
    assert all(columns(line) <= 20 and line[0] not in "，。）" for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
