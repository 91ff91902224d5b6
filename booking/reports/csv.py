"""The sale as a table, a row for every event: for a data frame, or as comma-separated values for a spreadsheet."""

import csv
import io
from itertools import chain
from typing import Any

from booking.history.history import History
from booking.history.states import states
from booking.history.verdict import Verdict

COLUMNS = ("seq", "t_us", "buyer", "pid", "step", "phase", "value", "file", "lock_holders", "sold", "outcome")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def render(history: History, verdict: Verdict) -> str:
    """Return the table as comma-separated values: RFC 4180, with a header line."""
    del verdict
    text = io.StringIO()
    writer = csv.DictWriter(text, columns(history))
    writer.writeheader()
    writer.writerows({name: escape_formula(value) for name, value in row.items()} for row in to_rows(history))
    return text.getvalue()


def columns(history: History) -> tuple[str, ...]:
    """Return the names of the columns; with several trains each further one has its file and lock behind the others."""
    trains = history.scenario.trains
    further = (name for n in range(2, trains + 1) for name in (f"file_{n}", f"lock_holders_{n}"))
    return COLUMNS if trains == 1 else (*COLUMNS, "train", *further)


def to_rows(history: History) -> list[dict[str, Any]]:
    """Return a dictionary for each event, in order.

    `t_us` is in microseconds from the first event. `file`, `lock_holders` (numbers with spaces between them) and
    `sold` tell what was true right after the event. `outcome` is how the event's buyer ended, in its last row only.
    None is an absent value.
    """
    start = min((event.t_ns for event in history.events), default=0)
    last = {event.buyer: event.seq for event in history.events}
    outcomes = {last.get(ending.buyer): str(ending.outcome) for ending in history.endings}
    names, rows = columns(history), []
    for event, state in zip(history.events, states(history), strict=True):
        holders = [" ".join(map(str, held)) for held in state.holders]
        happened = (event.seq, (event.t_ns - start) / 1000, *event[2:7])
        after = (state.files[0], holders[0], state.sold, outcomes.get(event.seq))
        further = (event.train, *chain.from_iterable(zip(state.files[1:], holders[1:], strict=True)))
        several = further if history.scenario.trains > 1 else ()
        rows.append(dict(zip(names, (*happened, *after, *several), strict=True)))
    return rows


def escape_formula(value: object) -> object:
    """Return the value, a text that a spreadsheet would run as a formula behind an apostrophe (OWASP, "CSV injection").

    Numbers are left alone: a negative one is a number, not a formula.
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
