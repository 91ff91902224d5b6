"""What the office and its clients say to each other: one JSON object per line, in each direction. Pure.

    {"do": "look"}                                   {"ok": true, "count": 1}
    {"do": "buy", "name": "ann"}                     {"ok": true, "outcome": "bought", "read": 1, "events": [...]}
    {"do": "buy", "name": "ann", "watch": true}      {"event": {"step": "read", "phase": "return", "value": 1}} ...
                                                     {"ok": true, "outcome": "bought", "read": 1}
    anything else                                    {"ok": false, "error": "one sentence", "exit_status": 2}

With `watch` every event is a line, sent when it happens; the last line is the one with "ok".
A JSON object that asks for something impossible is refused and the connection stays open. A line that is not a JSON
object, or is too long, is refused and the connection is closed: otherwise a web page could post a request, as a line
after the headers that its browser sends.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeGuard

from booking.errors import BadInputError, BookingError, DiskError, InconclusiveError
from booking.purchase import Outcome
from booking.scenario import MOST_TICKETS
from booking.steps import BLOCKED, CHANGED, PAY, TORN, Phase, Step, Value
from booking.text.words import printable

LOOPBACK = "127.0.0.1"
HIGHEST_PORT = 65535
LONGEST_LINE = 4096
"""Bytes of one request, its line end included."""

LONGEST_NAME = 40
_KEYS = {"look": {"do"}, "buy": {"do", "name", "watch"}}
_WORDS = (None, TORN, BLOCKED, CHANGED)
_STEPS = frozenset(Step) | {PAY}
_OUTCOMES = frozenset({Outcome.BOUGHT, Outcome.SOLD_OUT, Outcome.TORN_READ})
_EXAMPLE = '{"do": "look"}'


@dataclass(frozen=True, slots=True)
class Request:
    """What a client wants; `name` may be empty, then the office calls it by a number."""

    do: Literal["look", "buy"]
    name: str = ""
    watch: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return what the client sends."""
        return {"do": "look"} if self.do == "look" else asdict(self)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a line is not carried out, in one sentence; `closes` tells that the connection ends with it."""

    error: str
    closes: bool


@dataclass(frozen=True, slots=True)
class StepEvent:
    """One event of a purchase, as a desk records it."""

    step: str
    phase: Phase
    value: Value

    def to_json(self) -> dict[str, Any]:
        """Return the event as it stands in a line or in a list of events."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Response:
    """The last line of the response to a request: a count for a look, an outcome for a purchase.

    `read` is the count that the purchase was based on, None if it was torn or never read.
    """

    count: int | None = None
    outcome: Outcome | None = None
    read: Value = None


def parse_request(line: bytes) -> Request | Refusal:
    """Return what the client wants, or why it cannot have it; no line makes this raise."""
    if len(line) >= LONGEST_LINE:
        return Refusal(f"a line has at most {LONGEST_LINE} bytes; send one request per line", closes=True)
    document = _object(line)
    if document is None:
        return Refusal(f"a request is one JSON object in a line, such as {_EXAMPLE}", closes=True)
    do = document.get("do")
    if not (isinstance(do, str) and do in _KEYS):
        return Refusal('"do" has to be "look" or "buy"', closes=False)
    unknown = sorted(set(document) - _KEYS[do])
    if unknown:
        return Refusal(f'"{do}" has no key {unknown[0]!a:.40}; leave it out', closes=False)
    return _look_or_buy(do, document.get("name", ""), document.get("watch", False))


def _look_or_buy(do: str, name: object, watch: object) -> Request | Refusal:
    if not isinstance(name, str) or (name and not printable(name)):
        return Refusal('"name" has to be a text with letters in it', closes=False)
    if not isinstance(watch, bool):
        return Refusal('"watch" has to be true or false', closes=False)
    return Request("look" if do == "look" else "buy", printable(name)[:LONGEST_NAME], watch)


def parse_address(text: str) -> tuple[str, int]:
    """Return host and port of "127.0.0.1:5000" or "[::1]:5000". Raise BadInputError for anything else."""
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") if host.startswith("[") else host
    if not host or not printable(host) == host or not (port.isascii() and port.isdigit()) or len(port) > 5:  # noqa: PLR2004
        raise BadInputError(f"--at is {text!a:.60}; use HOST:PORT, for example {LOOPBACK}:5000")
    if not 1 <= int(port) <= HIGHEST_PORT:
        raise BadInputError(f"port {int(port)} does not exist; use the one that the office printed")
    return host, int(port)


def format_address(host: str, port: int) -> str:
    """Return an address as people write it; the inverse of `parse_address`."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def encode(document: dict[str, Any]) -> bytes:
    """Return the document as a line, in ASCII, with its line end."""
    return json.dumps(document).encode("ascii") + b"\n"


def failure(error: str, exit_status: int = BadInputError.exit_status) -> dict[str, Any]:
    """Return the response that says no; `exit_status` is that of the client's command."""
    return {"ok": False, "error": error, "exit_status": exit_status}


def parse_response(line: bytes) -> StepEvent | Response:
    """Return what the office said in one line.

    Raise the office's own failure if it said no (BadInputError, InconclusiveError or DiskError), and BadInputError
    if the line is not one of an office.
    """
    document = _object(line)
    if document and document.get("ok") is False and isinstance(document.get("error"), str):
        raise _failure(document)
    response = _event_or_response(document)
    if response is None:
        raise BadInputError(f"what answers there is no ticket office: it said {line[:40].decode('latin-1')!a}")
    return response


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _failure(document: dict[str, Any]) -> BookingError:
    kinds = {kind.exit_status: kind for kind in (BadInputError, InconclusiveError, DiskError)}
    status = document.get("exit_status")
    kind = kinds.get(status, InconclusiveError) if isinstance(status, int) else InconclusiveError
    return kind(f"the office says: {printable(document['error'])[:1000]}")


def _event_or_response(document: dict[str, Any] | None) -> StepEvent | Response | None:
    match document:
        case {"event": {"step": str(step), "phase": "call" | "return" as phase, "value": value}} if step in _STEPS and (
            value in _WORDS or _is_count(value)
        ):
            return StepEvent(step, phase, value)
        case {"ok": True, "count": count} if _is_count(count):
            return Response(count=count)
        case {"ok": True, "outcome": str(outcome), "read": read} if outcome in _OUTCOMES and (
            read is None or _is_count(read)
        ):
            return Response(outcome=Outcome(outcome), read=read)
    return None


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_TICKETS
