"""The protocol: whatever a line holds, it is understood or refused, and what one side writes the other reads."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking.errors import BadInputError, BookingError, DiskError, InconclusiveError
from booking.office.protocol import (
    LONGEST_LINE,
    Refusal,
    Request,
    Response,
    StepEvent,
    encode,
    failure,
    format_address,
    parse_address,
    parse_request,
    parse_response,
)
from booking.purchase import Outcome

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(["do", "name", "watch", "event", "ok", "error", "outcome", "read", "count", "exit_status"])


@given(st.binary(max_size=200) | st.dictionaries(KEYS, JSON, max_size=4).map(lambda d: json.dumps(d).encode()))
def test_any_line_is_a_request_or_a_refusal(line: bytes) -> None:
    """No line makes the office fail, and a name that it accepts can be printed."""
    request = parse_request(line)
    assert isinstance(request, Request | Refusal)
    if isinstance(request, Request):
        assert request.do in {"look", "buy"}
        assert request.name == "" or (request.name.isprintable() and len(request.name) <= 40)


@given(st.binary(max_size=200) | st.dictionaries(KEYS, JSON, max_size=4).map(lambda d: json.dumps(d).encode()))
def test_any_reply_is_understood_or_reported(line: bytes) -> None:
    """No line of a stranger makes the client fail in any other way than with one line for the user."""
    try:
        reply = parse_response(line)
    except BookingError as error:
        assert str(error).isprintable()  # noqa: PT017 - both ways are fine
    else:
        assert isinstance(reply, StepEvent | Response)


@pytest.mark.parametrize(
    ("line", "closes"),
    [
        pytest.param(b"", True, id="empty"),
        pytest.param(b"GET / HTTP/1.1\r", True, id="a-web-browser"),
        pytest.param(b"[]", True, id="no-object"),
        pytest.param(b"\xff\xfe", True, id="not-utf-8"),
        pytest.param(b"[" * 4000, True, id="deeply-nested"),
        pytest.param(b'{"do":' + b"9" * 4080 + b"}", False, id="one-huge-number"),
        pytest.param(b'{"do": "look"}'.ljust(LONGEST_LINE), True, id="too-long-by-one"),
        pytest.param(b"{}", False, id="nothing-to-do"),
        pytest.param(b'{"do": ["look"]}', False, id="do-is-a-list"),
        pytest.param(b'{"do": "reset"}', False, id="unknown-verb"),
        pytest.param(b'{"do": "look", "name": "ann"}', False, id="a-key-of-another-verb"),
        pytest.param(b'{"do": "buy", "price": 1}', False, id="unknown-key"),
        pytest.param(b'{"do": "buy", "name": 7}', False, id="name-is-a-number"),
        pytest.param(rb'{"do": "buy", "name": "\u001b\u0007"}', False, id="name-of-control-characters"),
        pytest.param(b'{"do": "buy", "watch": 1}', False, id="watch-is-a-number"),
    ],
)
def test_refused_lines(line: bytes, closes: bool) -> None:  # noqa: FBT001
    """A line that is no request is refused in one sentence; one that is no JSON object ends the connection."""
    refusal = parse_request(line)
    assert isinstance(refusal, Refusal)
    assert refusal.closes == closes
    assert refusal.error.isprintable()


def test_the_longest_line_is_understood() -> None:
    """4 KiB with its line end is a line; see the corpus above for one byte more."""
    assert parse_request(b'{"do": "look"}'.ljust(LONGEST_LINE - 1)) == Request("look")


@pytest.mark.parametrize(
    "request_", [Request("look"), Request("buy"), Request("buy", "ann"), Request("buy", "Ä", watch=True)]
)
def test_the_office_reads_what_a_client_writes(request_: Request) -> None:
    """Every request survives the way to the office."""
    assert parse_request(encode(request_.to_json()).rstrip(b"\n")) == request_


def test_names_lose_what_could_move_a_cursor() -> None:
    """A name cannot send commands to the terminal of the office, nor fill its screen."""
    line = json.dumps({"do": "buy", "name": "\x1b[2Jann\r\n" + "x" * 100}).encode()
    assert parse_request(line) == Request("buy", ("[2Jann" + "x" * 100)[:40])


def test_the_client_reads_what_the_office_writes() -> None:
    """Events and answers survive the way to the client."""
    event = StepEvent("read", "return", 1)
    assert parse_response(encode({"event": event.to_json()})) == event
    assert parse_response(encode({"ok": True, "count": 3})) == Response(count=3)
    bought = {"ok": True, "outcome": Outcome.BOUGHT, "read": 1, "events": []}
    assert parse_response(encode(bought)) == Response(outcome=Outcome.BOUGHT, read=1)


@pytest.mark.parametrize("kind", [BadInputError, InconclusiveError, DiskError])
def test_a_failure_keeps_its_exit_status(kind: type[BookingError]) -> None:
    """A failure of the office is the same failure at the client, and its text cannot move a cursor."""
    with pytest.raises(kind, match="the office says: the lock is held"):
        parse_response(encode(failure("the lock \x1bis held", kind.exit_status)))


@pytest.mark.parametrize("text", ["127.0.0.1:1", "[::1]:65535", "localhost:5000"])
def test_addresses_are_read_as_they_are_written(text: str) -> None:
    """HOST:PORT with the brackets of IPv6."""
    assert format_address(*parse_address(text)) == text


@pytest.mark.parametrize("text", ["", ":", "5000", ":5000", "host:", "host:0", "host:65536", "host:1e3", "host:\u0663"])
def test_bad_addresses_are_refused(text: str) -> None:
    """What is no HOST:PORT is refused with an example or the remedy."""
    with pytest.raises(BadInputError, match="use"):
        parse_address(text)
