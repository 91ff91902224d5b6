"""The client's side: connect, send one request, receive the response."""

import socket

from booking.errors import BadInputError, InconclusiveError
from booking.office.protocol import Request, Response, encode, format_address, parse_response
from booking.processes.journal import Record
from booking.purchase import Outcome

LONGEST_REPLY = 1 << 16
"""Bytes of one line of the office, its line end included."""

Address = tuple[str, int]


def look_at(office: Address, *, timeout: float) -> int:
    """Return how many tickets the office has left.

    `timeout` is how long the office may be silent, in seconds. Raise BadInputError if no office answers at this
    address, InconclusiveError if it is silent for too long or hangs up, and the office's own failure if it has one.
    """
    count = _ask(office, Request("look"), timeout, _ignore).count
    if count is None:
        raise BadInputError(f"what answers at {format_address(*office)} is no ticket office; check the port")
    return count


def buy_at(office: Address, name: str, *, timeout: float, tell: Record) -> Outcome:
    """Buy one ticket at the office and return how it ended; `tell` is called with every event as it happens.

    `timeout` and the failures are those of `look_at`.
    """
    outcome = _ask(office, Request("buy", name, watch=True), timeout, tell).outcome
    if outcome is None:
        raise BadInputError(f"what answers at {format_address(*office)} is no ticket office; check the port")
    return outcome


def _ask(office: Address, request: Request, timeout: float, tell: Record) -> Response:
    with _connect(office, timeout) as connection, connection.makefile("rb") as lines:
        try:
            connection.sendall(encode(request.to_json()))
            while (line := lines.readline(LONGEST_REPLY)).endswith(b"\n"):
                response = parse_response(line[:-1])
                if isinstance(response, Response):
                    return response
                tell(response.step, response.phase, response.value)
        except TimeoutError:
            raise InconclusiveError(f"{_silence(office, timeout)}; {_remedy(request)}") from None
        except OSError:
            pass  # the same as a connection that ends
    raise InconclusiveError(f"the office at {format_address(*office)} hung up before it answered; {_remedy(request)}")


def _ignore(word: str, phase: str, value: object = None, /) -> None:
    """Do nothing: a look has no events."""


def _connect(office: Address, timeout: float) -> socket.socket:
    try:
        return socket.create_connection(office, timeout)
    except TimeoutError:
        raise InconclusiveError(f"{_silence(office, timeout)}; check the address, or use a longer --timeout") from None
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not an address"
        raise BadInputError(
            f"no office answers at {format_address(*office)} ({reason}); "
            "start one with `booking office`, or check the address"
        ) from None


def _silence(office: Address, timeout: float) -> str:
    return f"the office at {format_address(*office)} said nothing for {timeout:g} s"


def _remedy(request: Request) -> str:
    return "try again" if request.do == "look" else "you may or may not have a ticket: look how many are left"
