"""The sale as a table, a row for every event: for a data frame, or as comma-separated values for a spreadsheet."""

import csv
import io
from typing import Any

from booking.history.history import Event, History
from booking.history.states import Moment, moments
from booking.history.verdict import Verdict

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
SECOND_COLUMNS = ("train", "second_file", "second_lock_holders")
"""Behind the others in a sale of journeys on two trains: which one was touched, and the second one's file and lock."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def render(history: History, verdict: Verdict) -> str:
    """Return the table as comma-separated values: RFC 4180, with a header line."""
    del verdict
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS if history.scenario.trains == 1 else COLUMNS + SECOND_COLUMNS)
    writer.writeheader()
    writer.writerows({name: guarded(value) for name, value in row.items()} for row in to_rows(history))
    return text.getvalue()


def to_rows(history: History) -> list[dict[str, Any]]:
    """Return a dictionary for each event, in order.

    `t_us` is in microseconds from the first event. `file`, `lock_holders` (numbers with spaces between them) and
    `sold` tell what was true right after the event. `outcome` is how the event's buyer ended, in its last row only.
    None is an absent value.
    """
    start = min((event.t_ns for event in history.events), default=0)
    last = {event.buyer: event.seq for event in history.events}
    outcomes = {last.get(ending.buyer): str(ending.outcome) for ending in history.endings}
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
            "outcome": outcomes.get(event.seq),
            **(_second(event, moment) if history.scenario.trains > 1 else {}),
        }
        for event, moment in zip(history.events, moments(history), strict=True)
    ]


def _second(event: Event, moment: Moment) -> dict[str, Any]:
    values = (event.train, moment.second_file, " ".join(map(str, moment.second_holders)))
    return dict(zip(SECOND_COLUMNS, values, strict=True))


def guarded(value: object) -> object:
    """Return the value, a text that a spreadsheet would run as a formula behind an apostrophe (OWASP, "CSV injection").

    Numbers are left alone: a negative one is a number, not a formula.
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
