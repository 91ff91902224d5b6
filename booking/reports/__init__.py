"""Reports: one file is one way to show a history. Each is a function of the history and its verdict."""

from importlib import import_module
from typing import TYPE_CHECKING, TypeAlias

from booking.errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from booking.history.history import History
    from booking.history.verdict import Verdict

REPORTS: dict[str, str] = {
    "html": "booking.reports.page",
    "svg": "booking.reports.svg",
    "png": "booking.reports.png",
    "trace": "booking.reports.trace",
    "csv": "booking.reports.csv",
}
"""The module of each report: imported when it is asked for, so that a sale without a report pays nothing."""

Report: TypeAlias = "Callable[[History, Verdict], str | bytes]"


def report_named(name: str) -> Report:
    """Return the function that writes the report of this name; raise BadInputError for any other name."""
    if name not in REPORTS:
        raise BadInputError(f"there is no report {name!r}; use one of {', '.join(REPORTS)}")
    render: Report = import_module(REPORTS[name]).render
    return render
