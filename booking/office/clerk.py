"""What runs in a process of the office: take a request from the pipe, carry it out, send what happens.

The purchase is the one of every other world, on a real desk. A spawned process imports this module, so nothing
here may import the command line.
"""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any, Protocol

from booking.errors import BookingError, InconclusiveError, TornReadError
from booking.history.history import Phase, Value
from booking.office.protocol import Told, event, failed
from booking.processes import lifeline
from booking.processes.journal import PARENT_GONE
from booking.processes.lifeline import PipeEnds
from booking.purchase import Outcome
from booking.simulation.buyer import Train
from booking.simulation.desk import RealDesk
from booking.steps import Step
from booking.stores import Store

READY = b"{}"
"""The first message of a clerk."""

END = b""
"""The last message to a clerk."""


class Closable(Protocol):
    """Anything with a descriptor."""

    def close(self) -> None:
        """Give the descriptor back."""


@dataclass(frozen=True)
class Post:
    """All that a clerk is told before it starts.

    `timeout` is how long a purchase waits for the lock, in seconds; None waits for ever. `inherited` is what a
    fork gets from the office and has to close: with the clients' sockets open here, no client would see the
    office hang up.
    """

    program: Callable[..., Outcome]
    train: Train
    timeout: float | None
    ends: PipeEnds
    pipe: Connection
    inherited: Sequence[Closable] = ()


def serve(post: Post) -> None:
    """Carry out one request after the other until the office says END or is gone."""
    for thing in post.inherited:
        thing.close()
    lifeline.become_child(post.ends, post.train.store.sweep_own)
    _send(post.pipe, READY)
    while request := _received(post.pipe):
        answer = _looked(post.train.store) if request["do"] == "look" else _bought(post, request["pay_s"])
        _send(post.pipe, json.dumps(answer).encode())


def _looked(store: Store) -> dict[str, Any]:
    try:
        return {"ok": True, "count": store.read()}
    except BookingError as error:
        return failed(str(error), error.exit_status)


def _bought(post: Post, pay_s: float) -> dict[str, Any]:
    telling = _Telling(post.pipe)
    desk = RealDesk(post.train.store, post.train.lock, telling, pay_s, post.timeout)
    try:
        outcome = post.program(desk)
    except TornReadError:
        outcome = Outcome.TORN_READ
    except InconclusiveError as error:
        return failed(f"{error}; try again, or reopen the office if one of its processes was killed", error.exit_status)
    except BookingError as error:
        return failed(str(error), error.exit_status)
    except Exception as error:  # noqa: BLE001 - the lock or the store of another package may raise anything
        return failed(f"{type(error).__name__}: {error}", BookingError.exit_status)
    return {"ok": True, "outcome": outcome, "read": telling.read, "events": telling.events}


@dataclass
class _Telling:
    """Sends each event as it happens and keeps them all for the answer."""

    pipe: Connection
    events: list[dict[str, Any]] = field(default_factory=list)
    read: Value = None

    def __call__(self, word: str, phase: Phase, value: Value = None, /) -> None:
        if word == Step.READ and isinstance(value, int):
            self.read = value
        self.events.append(event(Told(word, phase, value)))
        _send(self.pipe, json.dumps({"event": self.events[-1]}).encode())


def _received(pipe: Connection) -> dict[str, Any] | None:
    try:
        message = pipe.recv_bytes()
    except (EOFError, OSError):
        return None
    request: dict[str, Any] | None = json.loads(message) if message != END else None
    return request


def _send(pipe: Connection, message: bytes) -> None:
    try:
        pipe.send_bytes(message)
    except OSError:  # the office is gone, and nobody is left to tell
        os._exit(PARENT_GONE)
