"""What sales came to: their verdicts counted, the worst of them whole, an exit status, and how it is printed."""

import os
from collections import Counter
from typing import Any

from booking.errors import DiskError, InconclusiveError
from booking.history.history import History
from booking.history.verdict import SOUND, UNKNOWN, Anomaly, Verdict, judge
from booking.reports import processes
from booking.reports.timeline import conclusion
from booking.text.words import WIDTH, count_of, wrapped


class Sales:
    """What sales came to: the verdict of each, and the whole of the worst, so that a million fit into memory.

    `elapsed_s` is the time of all in seconds, `timed_out` tells whether any of them was, `deserted` whether any left
    a buyer without an answer, and `errors` are the buyers that could not go on, with what each said.
    """

    worst: History
    verdict: Verdict

    def __init__(self) -> None:
        self.verdicts: list[Verdict] = []
        self.elapsed_s = 0.0
        self.timed_out = False
        self.deserted = False
        self.errors: list[tuple[int, str]] = []

    def take(self, history: History) -> None:
        """Judge one more sale."""
        verdict = judge(history)
        if not self.verdicts or severity(verdict.name) > severity(self.verdict.name):
            self.worst, self.verdict = history, verdict
        self.verdicts.append(verdict)
        self.elapsed_s += history.elapsed_s
        self.timed_out |= history.timed_out
        self.deserted |= any(ending.deserted for ending in history.endings)
        self.errors += [
            (ending.buyer, ending.error) for ending in history.endings if ending.error and not ending.deserted
        ]


def severity(name: str) -> int:
    """Return how bad a verdict is: 0 for sound, more for worse."""
    return [SOUND, UNKNOWN, *reversed(Anomaly)].index(name)


def status_of(sales: Sales, expected: str | None) -> int:
    """Return the exit status: what was expected decides, then what stopped a sale.

    Raises DiskError where a buyer could not go on.
    """
    if sales.errors:
        buyer, error = sales.errors[0]
        others = f" ({count_of(len(sales.errors) - 1, 'more buyer')})" if sales.errors[1:] else ""
        raise DiskError(f"buyer {buyer} failed: {error}{others}")
    if expected == sales.verdict.name:
        return 0
    if sales.verdict.name == UNKNOWN or (expected is None and (sales.timed_out or sales.deserted)):
        return InconclusiveError.exit_status
    return 0 if expected is None else 1


def document(sales: Sales, *, repeated: bool) -> dict[str, Any]:
    """Return what `--json` prints: the sale, or the worst of them with the counts of all."""
    document = {
        "scenario": sales.worst.scenario.to_json(),
        **sales.verdict.to_json(),
        "elapsed_s": sales.elapsed_s,
        "start_method": sales.worst.start_method,
        "cores": os.cpu_count(),
        "timed_out": sales.timed_out,
        "notes": list(sales.worst.notes),
        "staging": sales.worst.setup.to_json(),
        "processes": processes.process_rows(sales.worst),
        "faults": processes.fault_rows(sales.worst),
    }
    if not repeated:
        return document
    return document | {
        "runs": len(sales.verdicts),
        "oversold_runs": sum(verdict.oversold > 0 for verdict in sales.verdicts),
        "sold": [verdict.sold for verdict in sales.verdicts],
    }


def counted(sales: Sales) -> list[str]:
    """Return what many sales came to, in three lines and the worst verdict."""
    scenario = sales.worst.scenario
    runs = len(sales.verdicts)
    oversold = sum(verdict.oversold > 0 for verdict in sales.verdicts)
    names = Counter(verdict.name for verdict in sales.verdicts)
    sold = Counter(verdict.sold for verdict in sales.verdicts)
    return [
        *wrapped(
            f"{count_of(runs, 'sale')} of {count_of(scenario.tickets, 'ticket')} to "
            f"{count_of(scenario.buyers, 'buyer')}, lock {scenario.lock}: oversold in {oversold:,} of {runs:,}."
        ),
        *wrapped(
            "Tickets sold: "
            + ", ".join(f"{tickets:,} in {count_of(sold[tickets], 'sale')}" for tickets in sorted(sold))
        ),
        *wrapped("Verdicts: " + ", ".join(f"{name} in {count_of(names[name], 'sale')}" for name in sorted(names))),
        "",
        *conclusion(sales.verdict),
    ]


def around(history: History) -> list[str]:
    """Return what there is to say about clerks, workers and processes, behind an empty line."""
    rows = [*history.notes, *processes.lines(history)]
    lines = [line for row in rows for line in (wrapped(row) if len(row) > WIDTH else [row])]
    return ["", *lines] if lines else []
