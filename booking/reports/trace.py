"""The sale as a trace for Perfetto and chrome://tracing: a process per buyer, a counter for the tickets left.

The format is "Trace Event Format" (Chromium, 2016): times and durations in microseconds.
"""

import json
from collections.abc import Iterator
from typing import Any

from booking.history.history import History
from booking.history.states import states
from booking.history.verdict import Verdict
from booking.reports.lanes import Kind, Lane, Picture, Span, draw

STORE = 0
"""The process number of the store; buyers have their own numbers from 1, which are unique for certain."""


def render(history: History, verdict: Verdict) -> str:
    """Return the trace as one JSON document."""
    document = {"traceEvents": list(trace_events(history, verdict)), "displayTimeUnit": "ms"}
    return json.dumps(document, separators=(",", ":")) + "\n"


def trace_events(history: History, verdict: Verdict) -> Iterator[dict[str, Any]]:
    """Yield the events of the trace: names first, then bars, arrows, endings and the count."""
    picture = draw(history, verdict)
    times = _times(history)
    yield _name(STORE, "the store", "")
    for lane in picture.lanes:
        yield _name(lane.buyer, lane.name, f"process {lane.pid}" if lane.pid else "")
        yield {"ph": "M", "name": "process_sort_index", "pid": lane.buyer, "args": {"sort_index": lane.buyer}}
    for span in picture.spans:
        yield _bar(span, times)
    yield from _flows(history, picture, times)
    yield from _endings(history, picture.lanes, times)
    yield from _counts(history, times)


def _times(history: History) -> list[float]:
    start = min((event.t_ns for event in history.events), default=0)
    return [(event.t_ns - start) / 1000 for event in history.events]


def _name(process: int, name: str, label: str) -> dict[str, Any]:
    return {"ph": "M", "name": "process_name", "pid": process, "args": {"name": f"{name} {label}".strip()}}


def _bar(span: Span, times: list[float]) -> dict[str, Any]:
    end = max(times) if span.end is None else times[span.end]
    start = times[span.start]
    return _event("X", span.text, span.buyer, start, cat=str(span.kind), dur=round(max(0.0, end - start), 3))


def _flows(history: History, picture: Picture, times: list[float]) -> Iterator[dict[str, Any]]:
    """Yield the two ends of every arrow.

    A flow is tied to the bar that is open at its moment (`bp` "e": the enclosing one), and the steps that it is about
    have just ended then, so each end stands in the middle of its step's bar, where no viewer can miss it.
    """
    sections = (Kind.INSIDE, Kind.UNGUARDED)
    middles = {s.end: (times[s.start] + times[s.end]) / 2 for s in picture.spans if s.end and s.kind not in sections}
    for number, arrow in enumerate(picture.arrows, 1):
        for phase, index, more in (("s", arrow.start, {}), ("f", arrow.end, {"bp": "e"})):
            moment = middles.get(index, times[index])
            yield _event(phase, arrow.text, history.events[index].buyer, moment, cat="witness", id=number, **more)


def _endings(history: History, lanes: tuple[Lane, ...], times: list[float]) -> Iterator[dict[str, Any]]:
    last = {event.buyer: index for index, event in enumerate(history.events)}
    for lane in lanes:
        if lane.buyer in last:
            yield _event("i", lane.ended, lane.buyer, times[last[lane.buyer]], s="p")


def _counts(history: History, times: list[float]) -> Iterator[dict[str, Any]]:
    """Yield the tickets left whenever they change; a half-written file keeps the last count."""
    before: object = None
    for state, time in zip(states(history), times, strict=True):
        if isinstance(state.files[0], int) and state.files[0] != before:
            before = state.files[0]
            yield _event("C", "tickets left", STORE, time, args={"count": state.files[0]})


def _event(phase: str, name: str, process: int, time: float, **more: object) -> dict[str, Any]:
    return {"ph": phase, "name": name, "pid": process, "tid": process, "ts": round(time, 3), **more}
