"""The table: a row for every event, and no cell that a spreadsheet would run."""

import csv
import io

import pytest

from booking.history.history import History
from booking.history.verdict import Verdict
from booking.reports.csv import COLUMNS, escape_formula, render, to_rows

Judged = tuple[History, Verdict]


def test_the_rows_of_a_deadlock(stuck: Judged) -> None:
    """Numbers stay numbers, times are in microseconds from the first event, and an absent value is None.

    How a buyer ended is known with its last event, and not before.
    """
    rows = [tuple(row.values()) for row in to_rows(stuck[0])]
    assert rows == [
        (1, 0.0, 1, 101, "acquire", "call", None, 1, "", 0, None),
        (2, 1.0, 1, 101, "acquire", "return", None, 1, "1", 0, None),
        (3, 2.0, 2, 102, "acquire", "call", None, 1, "1", 0, "unfinished"),
        (4, 3.0, 1, 101, "read", "call", None, 1, "1", 0, "unfinished"),
    ]


def test_the_text_reads_back_as_the_rows(any_sale: Judged) -> None:
    """A header line with the columns, and then every value as text."""
    back = list(csv.DictReader(io.StringIO(render(*any_sale), newline="")))
    rows = [{key: "" if value is None else str(value) for key, value in row.items()} for row in to_rows(any_sale[0])]
    assert back == rows
    assert tuple(back[0]) == COLUMNS


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r"], ids=ascii)
def test_a_text_that_looks_like_a_formula_is_guarded(first: str) -> None:
    """A spreadsheet runs what begins so; behind an apostrophe it is shown."""
    assert escape_formula(f"{first}cmd|' /C calc'!A0") == f"'{first}cmd|' /C calc'!A0"


@pytest.mark.parametrize("value", [-9, 0, None, "torn", "read", ""])
def test_other_values_are_left_alone(value: object) -> None:
    """A negative number is a number."""
    assert escape_formula(value) == value
