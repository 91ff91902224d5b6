"""What the office and its clients say to each other: one JSON object per line, in each direction. Pure.

    {"do": "look"}                                   {"ok": true, "count": 1}
    {"do": "buy", "name": "ann"}                     {"ok": true, "outcome": "bought", "read": 1, "events": [...]}
    {"do": "buy", "name": "ann", "watch": true}      {"event": {"step": "read", "phase": "return", "value": 1}} ...
                                                     {"ok": true, "outcome": "bought", "read": 1}
    anything else                                    {"ok": false, "error": "one sentence", "exit_status": 2}

With `watch` every event is a line of its own, sent while it happens; the last line is the one with "ok".
A JSON object that asks for something impossible is refused and the connection stays. A line that is no JSON
object, or is too long, is refused and the connection is closed: else a web page could post an order, as a line
behind the headers that its browser sends.
"""

import json
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeGuard

from booking.errors import BadInputError, BookingError, DiskError, InconclusiveError
from booking.history.history import BLOCKED, CHANGED, TORN, Phase, Value
from booking.purchase import Outcome
from booking.scenario import MOST_TICKETS
from booking.steps import PAY, Step
from booking.text.words import printable

LONGEST_LINE = 4096
"""Bytes of one request, its line end included."""

LONGEST_NAME = 40
_KEYS = {"look": {"do"}, "buy": {"do", "name", "watch"}}
_WORDS = (None, TORN, BLOCKED, CHANGED)
_STEPS = frozenset(Step) | {PAY}
_ANSWERED = frozenset({Outcome.BOUGHT, Outcome.SOLD_OUT, Outcome.TORN_READ})
_EXAMPLE = '{"do": "look"}'


@dataclass(frozen=True, slots=True)
class Request:
    """What a client wants; `name` may be empty, then the office finds one."""

    do: Literal["look", "buy"]
    name: str = ""
    watch: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a line is not carried out, in one sentence; `closes` tells that the connection ends with it."""

    error: str
    closes: bool


class Told(NamedTuple):
    """One event of a purchase, as a desk records it."""

    step: str
    phase: Phase
    value: Value


@dataclass(frozen=True, slots=True)
class Answer:
    """The last line of what the office says to a request: a count for a look, an outcome for a purchase.

    `read` is the count that the purchase was based on, None where it was torn or never read.
    """

    count: int | None = None
    outcome: Outcome | None = None
    read: Value = None


@dataclass
class Lines:
    """Cuts what arrives into lines; it never holds more than one piece of input and one unfinished line."""

    _rest: bytearray = field(default_factory=bytearray)

    def feed(self, piece: bytes) -> None:
        """Take what has arrived."""
        self._rest += piece

    def take(self) -> bytes | None:
        """Return the next whole line without its line end, None while there is none."""
        line, end, rest = self._rest.partition(b"\n")
        if not end:
            return None
        self._rest = rest
        return bytes(line)

    def __len__(self) -> int:
        return len(self._rest)


def parse_request(line: bytes) -> Request | Refusal:
    """Return what the client wants, or why it cannot have it; no line makes this raise."""
    if len(line) >= LONGEST_LINE:
        return too_long()
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


def too_long() -> Refusal:
    """Return what a client hears whose line does not end."""
    return Refusal(f"a line has at most {LONGEST_LINE} bytes; send one request per line", closes=True)


def encode(document: dict[str, Any]) -> bytes:
    """Return the document as a line, in ASCII, with its line end."""
    return json.dumps(document).encode("ascii") + b"\n"


def asked(request: Request) -> dict[str, Any]:
    """Return what a client sends for this request."""
    if request.do == "look":
        return {"do": "look"}
    return {"do": "buy", "name": request.name, "watch": request.watch}


def event(told: Told) -> dict[str, Any]:
    """Return one event as it stands in a line or in a list of events."""
    return told._asdict()


def failed(error: str, exit_status: int = BadInputError.exit_status) -> dict[str, Any]:
    """Return the answer that says no; `exit_status` is what a client's command ends with."""
    return {"ok": False, "error": error, "exit_status": exit_status}


def parse_reply(line: bytes) -> Told | Answer:
    """Return what the office said in one line.

    Raises the office's own failure where it said no (BadInputError, InconclusiveError or DiskError), and
    BadInputError where this is no office's line.
    """
    document = _object(line)
    if document is not None:
        if document.get("ok") is False and isinstance(document.get("error"), str):
            raise _failure(document)
        reply = _told(document["event"]) if "event" in document else _answer(document)
        if reply is not None:
            return reply
    raise BadInputError(f"what answers there is no ticket office: it said {line[:40].decode('latin-1')!a}")


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


def _told(document: object) -> Told | None:
    match document:
        case {"step": str(step), "phase": "call" | "return" as phase, "value": value} if step in _STEPS and (
            value in _WORDS or _is_count(value)
        ):
            return Told(step, phase, value)
    return None


def _answer(document: dict[str, Any]) -> Answer | None:
    match document:
        case {"ok": True, "count": count} if _is_count(count):
            return Answer(count=count)
        case {"ok": True, "outcome": str(outcome), "read": read} if outcome in _ANSWERED and (
            read is None or _is_count(read)
        ):
            return Answer(outcome=Outcome(outcome), read=read)
    return None


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_TICKETS
