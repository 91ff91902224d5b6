"""A damaged or hostile history: one line that says why, or a whole report. Never a traceback, never half a page."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from sales import SALES, crowd

from booking.errors import BadInputError
from booking.history.history import History
from booking.history.verdict import judge
from booking.reports import REPORTS, report_named

Rows = list[dict[str, Any]]


def each(**changes: object) -> Callable[[Rows], None]:
    """Return a change of these keys in every row that has one of them."""

    def change(rows: Rows) -> None:
        for row in rows:
            row.update({key: value for key, value in changes.items() if key in row})

    return change


def only(phase: str) -> Callable[[Rows], None]:
    """Return a change that drops the events of the other phase."""

    def change(rows: Rows) -> None:
        rows[:] = [row for row in rows if row.get("phase", phase) == phase]

    return change


def renamed(rows: Rows) -> None:
    """Name the lock and the store with what ends a script, begins a formula, and is no character."""
    rows[0]["scenario"] |= {"lock": "</script>\x00\ud800", "store": "=1+1<!--"}


def jumping(rows: Rows) -> None:
    """Let the clock jump between 0 and its last nanosecond."""
    for row in rows:
        if "t_ns" in row:
            row["t_ns"] = row["seq"] % 2 * (2**63 - 1)


def shifted(rows: Rows) -> None:
    """Begin with the second event."""
    del rows[1]


SHOWN = {
    "no returns": only("call"),
    "no calls": only("return"),
    "a missing line": shifted,
    "one moment": each(t_ns=0),
    "a jumping clock": jumping,
    "everything torn": each(value="torn"),
    "everything blocked": each(value="blocked"),
    "no values": each(value=None),
    "below zero": each(value=-5, pid=-1),
    "4,000 digits": each(value=10**4000),
    "releases only": each(step="release"),
    "acquisitions only": each(step="acquire"),
    "an error with markup": each(error="</script><svg onload=alert(1)>\x1b[2J\ud800"),
    "names with markup": renamed,
}

REFUSED = {
    "a time beyond the clock": (each(t_ns=2**63), "is not an event of a sale"),
    "an unknown step": (each(step="steal"), "is not an event of a sale"),
    "no buyers": (lambda rows: rows.__delitem__(slice(-10, None)), "0 endings for 10 buyers"),
    "a later schema": (lambda rows: rows[0].update(schema=2), "has schema 2"),
}


def damaged(change: Callable[[Rows], None]) -> list[str]:
    """Return the lines of a sale of ten after a change."""
    rows = [json.loads(line) for line in crowd(10).to_lines()]
    change(rows)
    return [json.dumps(row) for row in rows]


@pytest.mark.parametrize("report", sorted(REPORTS.keys() - {"png"}))  # that one is the SVG, drawn
@pytest.mark.parametrize("change", SHOWN.values(), ids=SHOWN)
def test_what_can_be_read_can_be_shown(change: Callable[[Rows], None], report: str) -> None:
    """Every report of an odd history can be written to a disk, begins as such a file does, and has no new markup."""
    history = History.from_lines(damaged(change))
    text = report_named(report)(history, judge(history))
    assert isinstance(text, str)
    assert text.encode("utf-8").startswith({"html": b"<!D", "svg": b"<svg", "trace": b"{", "csv": b"seq,"}[report])
    assert report not in {"html", "svg"} or "<svg onload" not in text


@pytest.mark.parametrize(("change", "words"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_is_refused_in_one_line(change: Callable[[Rows], None], words: str) -> None:
    """The line says what is wrong and where."""
    with pytest.raises(BadInputError, match=words) as refusal:
        History.from_lines(damaged(change))
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("name", SALES)
def test_every_beginning_of_a_file_is_refused(name: str) -> None:
    """A file that was cut short at any line is not shown as if it were the whole sale."""
    lines = list(SALES[name]().to_lines())
    refused = 0
    for length in range(len(lines)):
        with pytest.raises(BadInputError):
            History.from_lines(lines[:length])
        refused += 1
    assert refused == len(lines)
