"""The sale as a table, a row for every event: for a data frame, or as comma-separated values for a spreadsheet."""

import csv
import io
from typing import Any

from booking.history import History
from booking.moments import moments
from booking.verdict import Verdict

COLUMNS = (
    "seq",
    "t_us",
    "buyer",
    "pid",
    "step",
    "phase",
    "value",
    "file",
    "lock_holders",
    "sold",
    "outcome",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def render(history: History, verdict: Verdict) -> str:
    """Return the table as comma-separated values: RFC 4180, with a header line."""
    del verdict
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    writer.writerows({name: guarded(value) for name, value in row.items()} for row in to_rows(history))
    return text.getvalue()


def to_rows(history: History) -> list[dict[str, Any]]:
    """Return a dictionary for each event, in order.

    `t_us` is in microseconds from the first event. `file`, `lock_holders` (numbers with spaces between them) and
    `sold` tell what was true right after the event. `outcome` is how the event's buyer ended. None is an absent
    value.
    """
    start = min((event.t_ns for event in history.events), default=0)
    outcomes = {ending.buyer: str(ending.outcome) for ending in history.endings}
    return [
        {
            "seq": event.seq,
            "t_us": (event.t_ns - start) / 1000,
            "buyer": event.buyer,
            "pid": event.pid,
            "step": event.step,
            "phase": event.phase,
            "value": event.value,
            "file": moment.file,
            "lock_holders": " ".join(map(str, moment.holders)),
            "sold": moment.sold,
            "outcome": outcomes.get(event.buyer),
        }
        for event, moment in zip(history.events, moments(history), strict=True)
    ]


def guarded(value: object) -> object:
    """Return the value, a text that a spreadsheet would run as a formula behind an apostrophe (OWASP, "CSV injection").

    Numbers are left alone: a negative one is a number, not a formula.
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
