"""The sale as a table, a row for every event: for a data frame, or as comma-separated values for a spreadsheet."""

import csv
import io
from typing import Any

from booking.history.history import Event, History
from booking.history.states import State, states
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
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def render(history: History, verdict: Verdict) -> str:
    """Return the table as comma-separated values: RFC 4180, with a header line."""
    del verdict
    text = io.StringIO()
    writer = csv.DictWriter(text, columns(history))
    writer.writeheader()
    writer.writerows({name: guarded(value) for name, value in row.items()} for row in to_rows(history))
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
    return [
        {
            "seq": event.seq,
            "t_us": (event.t_ns - start) / 1000,
            "buyer": event.buyer,
            "pid": event.pid,
            "step": event.step,
            "phase": event.phase,
            "value": event.value,
            "file": state.files[0],
            "lock_holders": " ".join(map(str, state.holders[0])),
            "sold": state.sold,
            "outcome": outcomes.get(event.seq),
            **(_trains(event, state) if history.scenario.trains > 1 else {}),
        }
        for event, state in zip(history.events, states(history), strict=True)
    ]


def _trains(event: Event, state: State) -> dict[str, Any]:
    """Return the columns of a sale on several trains: the train touched, and each further train's file and lock."""
    others = zip(state.files[1:], state.holders[1:], strict=True)
    found = [(f"file_{n}", file, f"lock_holders_{n}", holders) for n, (file, holders) in enumerate(others, 2)]
    columns: dict[str, Any] = {"train": event.train}
    for file_name, file, lock_name, holders in found:
        columns |= {file_name: file, lock_name: " ".join(map(str, holders))}
    return columns


def guarded(value: object) -> object:
    """Return the value, a text that a spreadsheet would run as a formula behind an apostrophe (OWASP, "CSV injection").

    Numbers are left alone: a negative one is a number, not a formula.
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
