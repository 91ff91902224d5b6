"""The ticket office: one process listens to everybody and never waits for one; others buy.

So a client that is slow, silent, malicious or dead takes nobody else's time. Once a line has arrived, it is
carried out, whether or not its client is still there: a network cannot tell one that left from one that only
has nothing more to say.
"""

import itertools
import json
import random
import time
from functools import partial
from typing import Any

from booking.errors import BadInputError, InconclusiveError
from booking.office.address import Door
from booking.office.clerk import Closable
from booking.office.protocol import Request, Told, encode, failed
from booking.office.rules import Rules
from booking.office.screen import Screen
from booking.office.staff import Clerk, Staff
from booking.office.visitor import Visitor
from booking.office.watching import watching
from booking.scenario import Scenario

TURN = 0.2
"""Seconds between two looks at who has been silent for too long."""

FAREWELL = 2.0
"""Seconds that a client has to read the office's last word."""

MOST_REFUSED = 10
"""Requests of one client that are refused before it is hung up on: its next mistake is its last."""

_ENDED = "the process that served you was ended; look how many tickets are left"


class Office:
    """One office, open. Nothing here waits but the one wait for everybody."""

    staff: Staff

    def __init__(self, scenario: Scenario, rules: Rules, door: Door, screen: Screen) -> None:
        self.door = door
        self._pay = scenario.pay
        self._rules = rules
        self._screen = screen
        self._dice = random.Random(scenario.seed)
        self._watch = watching()
        self._visitors: set[Visitor] = set()
        self._clerks: set[Clerk] = set()
        self._numbers = itertools.count(1)

    def inherited(self) -> list[Closable]:
        """Return everything that a process forked now has to close."""
        sockets = [visitor.socket for visitor in self._visitors]
        return [self.door.socket, self._watch, *sockets, *(clerk.pipe for clerk in self._clerks)]

    def hired(self, clerk: Clerk) -> None:
        """Listen to a new process."""
        self._clerks.add(clerk)
        self._watch.add(clerk.pipe, partial(self._hear_clerk, clerk))

    def serve(self, staff: Staff) -> None:
        """Serve for ever."""
        self.staff = staff
        staff.open()
        self._watch.add(self.door.socket, self._greet)
        self._screen.opens(self.door.address, self._rules.workers)
        look_round = 0.0
        while True:
            self._watch.wait(min(TURN, self._rules.idle / 4))
            now = time.monotonic()
            if now >= look_round:
                self._look_round(now)
                look_round = now + min(TURN, self._rules.idle / 4)

    def close(self) -> None:
        """Hang up on everybody and give the port back."""
        self._watch.close()
        for visitor in self._visitors:
            visitor.socket.close()
        self.door.server_close()

    # Clients come, speak, hear and leave.

    def _greet(self) -> None:
        try:
            connection, place = self.door.get_request()
        except OSError:  # it has hung up already
            return
        visitor = Visitor(next(self._numbers), connection, time.monotonic())
        self._screen.comes(visitor, place)
        present = sum(not other.leaving for other in self._visitors)
        self._visitors.add(visitor)
        self._watch.add(connection, partial(self._hear, visitor))
        if len(self._visitors) > 2 * self._rules.clients:
            self._part(visitor)  # so many are being turned away that this one gets no reason
        elif self.staff.is_full(present):
            self._dismiss(visitor, f"the office is full: it serves {self._rules.clients} at once; try again soon")
        else:
            self._welcome(visitor)

    def _welcome(self, visitor: Visitor) -> None:
        try:
            self.staff.welcome(visitor)
        except BadInputError:
            self._dismiss(visitor, "the office's machine has no room for one more process; try again soon")

    def _hear(self, visitor: Visitor) -> None:
        if not visitor.hear():
            self._part(visitor)
        elif not visitor.leaving:
            self._attend(visitor)

    def _attend(self, visitor: Visitor) -> None:
        """Begin the next request that has arrived; while it is carried out nobody listens to this client."""
        while not visitor.has_left and visitor.request is None and (asked := visitor.next_request()):
            visitor.since = time.monotonic()
            if isinstance(asked, Request):
                self._begin(visitor, asked)
            elif asked.closes or visitor.refused >= MOST_REFUSED:
                self._dismiss(visitor, asked.error, BadInputError.exit_status)
            else:
                visitor.refused += 1
                self._refuse(visitor, asked.error, BadInputError.exit_status)

    def _begin(self, visitor: Visitor, request: Request) -> None:
        self._watch.remove(visitor.socket)
        visitor.request = request
        visitor.again = False
        visitor.name = request.name or visitor.name
        self._assign(visitor)

    def _assign(self, visitor: Visitor) -> None:
        clerk = self.staff.clerk_for(visitor)
        if clerk:
            self._give(clerk, visitor)

    def _give(self, clerk: Clerk, visitor: Visitor) -> None:
        buys = visitor.request is not None and visitor.request.do == "buy"
        clerk.give(visitor, self._dice.uniform(*self._pay) if buys else 0.0)

    def _refuse(self, visitor: Visitor, error: str, exit_status: int = InconclusiveError.exit_status) -> None:
        self._screen.refused(visitor, error)
        self._answer(visitor, failed(error, exit_status))

    def _dismiss(self, visitor: Visitor, error: str, exit_status: int = InconclusiveError.exit_status) -> None:
        """Say why the connection ends, and end it once the client can have read it."""
        self._refuse(visitor, error, exit_status)
        if not visitor.gone:
            visitor.since = time.monotonic()
            visitor.bow_out()
            self.staff.farewell(visitor)

    def _answer(self, visitor: Visitor, document: dict[str, Any]) -> None:
        if not visitor.has_left and not visitor.tell(encode(document)):
            self._part(visitor)

    def _part(self, visitor: Visitor) -> None:
        if not visitor.gone:
            self._watch.remove(visitor.socket)
            self._visitors.discard(visitor)
            visitor.close()
            self.staff.farewell(visitor)
            self._screen.leaves(visitor)

    def _look_round(self, now: float) -> None:
        """Send away who has said nothing for too long, cut off who does not go, collect ended processes."""
        self.staff.hiring.collect()
        for visitor in list(self._visitors):
            silent = now - visitor.since
            if visitor.leaving and silent > FAREWELL:
                self._part(visitor)
            elif not visitor.has_left and visitor.request is None and silent > self._rules.idle:
                self._dismiss(visitor, f"no request for {self._rules.idle:g} s; connect again when you want something")

    # Clerks start, tell, answer and end.

    def _hear_clerk(self, clerk: Clerk) -> None:
        try:
            message = json.loads(clerk.pipe.recv_bytes())
        except (EOFError, OSError):
            self._lose(clerk)
            return
        visitor = clerk.visitor
        if not clerk.ready:  # its first message, which says nothing else
            clerk.ready = True
            if visitor is None:
                self._release(clerk, None)
        elif visitor is None:
            return  # it answers nobody; no clerk does that
        elif "event" in message:
            clerk.begun = True
            self._happened(visitor, message)
        else:
            self._finish(clerk, visitor, message)

    def _happened(self, visitor: Visitor, message: dict[str, Any]) -> None:
        self._screen.happened(visitor, Told(**message["event"]))
        if visitor.request and visitor.request.watch:
            self._answer(visitor, message)

    def _finish(self, clerk: Clerk, visitor: Visitor, answer: dict[str, Any]) -> None:
        """Pass the answer on, let the clerk serve whoever waits, then listen to this client again."""
        self._screen.answered(visitor, answer)
        if visitor.request and visitor.request.watch:
            answer.pop("events", None)
        self._answer(visitor, answer)
        visitor.request = clerk.visitor = None
        self._release(clerk, visitor)
        self._listen_again(visitor)

    def _release(self, clerk: Clerk, visitor: Visitor | None) -> None:
        waiting = self.staff.released(clerk, visitor)
        if waiting:
            self._give(clerk, waiting)

    def _listen_again(self, visitor: Visitor) -> None:
        if not visitor.gone:
            visitor.since = time.monotonic()
            self._watch.add(visitor.socket, partial(self._hear, visitor))
            self._attend(visitor)

    def _lose(self, clerk: Clerk) -> None:
        """Tell the client of a process that has ended, and go on."""
        self._watch.remove(clerk.pipe)
        self._clerks.discard(clerk)
        clerk.pipe.close()
        visitor, clerk.visitor = clerk.visitor, None
        owner = self.staff.lost(clerk)
        if owner is None and visitor is not None and not clerk.begun and not visitor.again:
            visitor.again = True  # nothing has been done for it yet, so nothing can be done twice
            self._assign(visitor)
        else:
            self._fail(visitor, owner)

    def _fail(self, visitor: Visitor | None, owner: Visitor | None) -> None:
        if visitor is not None:
            visitor.request = None
        if owner is not None and not owner.has_left:
            self._dismiss(owner, _ENDED)
        elif owner is None and visitor is not None:
            self._refuse(visitor, _ENDED)
        if visitor is not None:
            self._listen_again(visitor)
