"""The trace: the events that Perfetto and chrome://tracing read."""

import json

from booking.history.history import History
from booking.history.verdict import Verdict
from booking.reports.trace import render, trace_events

Judged = tuple[History, Verdict]


def test_the_trace_of_the_race(race: Judged) -> None:
    """Bars in microseconds on processes named after the buyers, one arrow, two endings, and the count 1 then 0."""
    events = list(trace_events(*race))
    assert [e["args"]["name"] for e in events if e["name"] == "process_name"] == [
        "the store",
        "buyer 1 process 101",
        "buyer 2 process 102",
    ]
    assert [(e["pid"], e["name"], e["ts"], e["dur"]) for e in events if e["ph"] == "X"] == [
        (1, "critical section, not protected", 0, 9),
        (1, "read 1", 0, 1),
        (1, "pay", 6, 1),
        (1, "write 0", 8, 1),
        (2, "critical section, not protected", 2, 3),
        (2, "read 1", 2, 1),
        (2, "write 0", 4, 1),
    ]
    assert [(e["ph"], e["pid"], e["ts"], e["id"]) for e in events if e["ph"] in "sf"] == [
        ("s", 1, 0.5, 1),
        ("f", 2, 4.5, 1),
    ]
    assert [(e["pid"], e["name"]) for e in events if e["ph"] == "i"] == [(1, "bought a ticket"), (2, "bought a ticket")]
    assert [(e["ts"], e["args"]["count"]) for e in events if e["ph"] == "C"] == [(0, 1), (5, 0)]


def test_bars_of_one_buyer_nest(any_sale: Judged) -> None:
    """Two bars of a process lie one inside the other or apart, else a viewer drops one."""
    bars = [(e["pid"], e["ts"], e["ts"] + e["dur"]) for e in trace_events(*any_sale) if e["ph"] == "X"]
    crossing = [(one, two) for one in bars for two in bars if one[0] == two[0] and one[1] < two[1] < one[2] < two[2]]
    assert crossing == []


def test_every_event_has_what_the_format_asks_for(any_sale: Judged) -> None:
    """Phase, name and process always; a time for all but names."""
    document = json.loads(render(*any_sale))
    assert document["displayTimeUnit"] == "ms"
    assert [e for e in document["traceEvents"] if not {"ph", "name", "pid"} <= e.keys()] == []
    assert [e for e in document["traceEvents"] if e["ph"] != "M" and not e["ts"] >= 0] == []
