"""Reading a history back from its lines: strictly, because whoever edits one by hand wants to hear of it."""

import json
import math
import reprlib
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from booking.errors import BadInputError
from booking.history import BLOCKED, CHANGED, SCHEMA, TORN, Ending, Event, History
from booking.purchase import Outcome
from booking.scenario import Scenario
from booking.staging import Staging, Struck
from booking.steps import PAY, Step

_STEP_NAMES = frozenset(Step) | {PAY}
_HEADER_KEYS = {"scenario", "stock_left", "elapsed_s", "timed_out", "start_method", "versions"}
_OPTIONAL_KEYS = {"notes", "staging", "struck", "second_left"}


def parsed(lines: Iterable[str]) -> History:
    """Return the history that `History.to_lines` wrote; raises BadInputError with the number of the line."""
    header: dict[str, Any] | None = None
    events: list[Event] = []
    endings: list[Ending] = []
    for number, line in enumerate(lines, 1):
        document = _object(line, number)
        if header is None:
            header = _header(document)
        elif "step" in document:
            events.append(_event(document, number))
        else:
            endings.append(_ending(document, number))
    if header is None:
        raise BadInputError("the history is empty; write one with `booking run --history FILE`")
    history = History(**header, events=tuple(events), endings=tuple(endings))
    _require_whole_sale(history)
    return history


def _object(line: str, number: int) -> dict[str, Any]:
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise BadInputError(f"line {number} of the history is not a JSON object; the file may be cut short")
    return document


def _header(document: dict[str, Any]) -> dict[str, Any]:
    schema = document.pop("schema", None)
    if not _is_whole(schema) or schema != SCHEMA:
        raise BadInputError(f"the history has schema {reprlib.repr(schema)}; this program reads schema {SCHEMA}")
    try:
        _require(document.keys() - _OPTIONAL_KEYS == _HEADER_KEYS and isinstance(document["scenario"], dict))
        _require(document["stock_left"] is None or _is_whole(document["stock_left"]))
        _require(_is_seconds(document["elapsed_s"]) and isinstance(document["timed_out"], bool))
        _require(isinstance(document["start_method"], str) and isinstance(document["versions"], dict))
        _require(all(isinstance(value, str) for value in document["versions"].values()))
        notes = document.pop("notes", [])
        _require(isinstance(notes, list) and all(isinstance(note, str) for note in notes))
        staging, struck = document.pop("staging", {}), document.pop("struck", [])
        _require(isinstance(staging, dict) and isinstance(struck, list))
        blows = tuple(_struck(blow) for blow in struck)
        second = document.pop("second_left", None)
        _require(second is None or _is_whole(second))
    except (AttributeError, KeyError, TypeError, ValueError):
        raise BadInputError("line 1 is not the header of a history; write one with --history FILE") from None
    return document | {
        "scenario": Scenario.from_json(document["scenario"]),
        "notes": tuple(notes),
        "staging": Staging.from_json(staging),
        "struck": blows,
        "second_left": second,
    }


def _struck(document: dict[str, Any]) -> Struck:
    blow = Struck.from_json(document)
    _require(all(_is_whole(part) for part in (blow.buyer, blow.pid, blow.t_ns)) and blow.step in _STEP_NAMES)
    _require(isinstance(blow.alive_right_after, bool))
    _require(blow.landed_after_s is None or _is_seconds(blow.landed_after_s))
    return blow


def _event(document: dict[str, Any], number: int) -> Event:
    try:
        event = Event(**document)
        _require(all(_is_whole(part) for part in event[:4]) and event.seq >= 0 and 0 <= event.t_ns < 1 << 63)
        _require(event.step in _STEP_NAMES and event.phase in {"call", "return"})
        _require(event.value in {None, TORN, BLOCKED, CHANGED} or _is_whole(event.value))
        _require(_is_whole(event.train))
    except (TypeError, ValueError):
        raise BadInputError(f"line {number} is not an event of a sale: {reprlib.repr(document)}") from None
    return event


def _ending(document: dict[str, Any], number: int) -> Ending:
    try:
        ending = Ending(**document | {"outcome": Outcome(document["outcome"])})
        _require(_is_whole(ending.buyer) and _is_whole(ending.pid) and isinstance(ending.alive, bool))
        _require(ending.exitcode is None or _is_whole(ending.exitcode))
        _require(ending.error is None or isinstance(ending.error, str))
    except (KeyError, TypeError, ValueError, RecursionError):
        raise BadInputError(f"line {number} is no event and no ending: {reprlib.repr(document)}") from None
    return ending


def _require(fact: bool) -> None:  # noqa: FBT001 - reads as a sentence where it is used
    if not fact:
        raise ValueError


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_seconds(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf


def _require_whole_sale(history: History) -> None:
    buyers = range(1, history.scenario.buyers + 1)
    if [ending.buyer for ending in history.endings] != list(buyers):
        raise BadInputError(
            f"the history has {len(history.endings)} endings for {history.scenario.buyers} buyers; "
            "the file may be cut short"
        )
    if any(after.seq <= before.seq for before, after in pairwise(history.events)):
        raise BadInputError("the events of the history are not in order; their seq has to grow from line to line")
    away = {event.train for event in history.events} - set(range(1, history.scenario.trains + 1))
    if away:
        raise BadInputError(f"the history names train {min(away)}; the sale has {history.scenario.trains} (trains)")
    strangers = {event.buyer for event in history.events} - set(buyers)
    if strangers:
        raise BadInputError(f"the history names buyer {min(strangers)}; the sale has 1 to {len(buyers)}")
