"""Who serves: a process for each client, or a few made beforehand that serve all clients in turn."""

import json
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection

from booking.errors import InconclusiveError
from booking.office.clerk import END, Closable, Post, serve
from booking.office.visitor import Visitor
from booking.processes.group import Process, ProcessGroup
from booking.purchase import Outcome
from booking.simulation.buyer import Train


@dataclass(eq=False)
class Clerk:
    """One process of the office, seen from the office; it carries out one request at a time.

    `visitor` is whom it serves now, `begun` tells that it has told of a step of this visitor's purchase, and
    `ready` that it has started.
    """

    process: Process
    pipe: Connection
    visitor: Visitor | None = None
    begun: bool = False
    ready: bool = False

    def give(self, visitor: Visitor, pay_s: float) -> None:
        """Hand over the visitor's request; a clerk that was killed shows it by the end of its pipe."""
        assert visitor.request is not None  # noqa: S101 - the office gives what it has just parsed
        self.visitor = visitor
        self.begun = False
        self.send(json.dumps({"do": visitor.request.do, "pay_s": pay_s}).encode())

    def send(self, message: bytes) -> None:
        """Send one message."""
        try:
            self.pipe.send_bytes(message)
        except OSError:
            return  # its pipe has ended, and the office will find that out by reading


@dataclass
class Hiring:
    """All that is needed to start a clerk. `inherited` tells what a fork would take along from the office."""

    group: ProcessGroup
    program: Callable[..., Outcome]
    train: Train
    timeout: float | None
    inherited: Callable[[], Sequence[Closable]]
    hired: Callable[[Clerk], None]

    def hire(self) -> Clerk:
        """Start one more process; raises BadInputError where the system has no room for it."""
        group = self.group
        ours, theirs = group.context.Pipe()
        inherited = (ours, *self.inherited()) if group.start_method == "fork" else ()
        post = Post(self.program, self.train, self.timeout, group.ends, theirs, inherited)
        try:
            group.start(serve, post, "clerk")
        finally:
            theirs.close()
        clerk = Clerk(group.processes[-1], ours)
        self.hired(clerk)
        return clerk

    def collect(self) -> None:
        """Forget the processes that have ended, so that the system forgets them too."""
        self.group.processes[:] = [process for process in self.group.processes if process.exitcode is None]


class Staff(ABC):
    """How clients get a clerk. `clients` is how many may be there at once."""

    def __init__(self, hiring: Hiring, clients: int) -> None:
        self.hiring = hiring
        self.clients = clients
        self.clerks: set[Clerk] = set()

    @abstractmethod
    def open(self) -> None:
        """Get ready before the first client comes."""

    def is_full(self, visitors: int) -> bool:
        """Return whether the next client has to be turned away while so many are there."""
        return visitors >= self.clients

    @abstractmethod
    def welcome(self, visitor: Visitor) -> None:
        """Take in a client; raises BadInputError where the system has no process for it."""

    @abstractmethod
    def clerk_for(self, visitor: Visitor) -> Clerk | None:
        """Return a clerk that is free for this client's request; None lets the request wait its turn."""

    @abstractmethod
    def released(self, clerk: Clerk, visitor: Visitor | None) -> Visitor | None:
        """Take back a clerk and return the client whose request it should carry out next.

        `visitor` is whom it has served, None where it has only just started.
        """

    @abstractmethod
    def farewell(self, visitor: Visitor) -> None:
        """Note that a client has left."""

    def lost(self, clerk: Clerk) -> Visitor | None:
        """Note that a clerk's process has ended, and return the client that nobody can serve any more."""
        self.clerks.discard(clerk)
        return None

    def hire(self) -> Clerk:
        """Start one more process and keep it among the clerks."""
        clerk = self.hiring.hire()
        self.clerks.add(clerk)
        return clerk


class PerClient(Staff):
    """A process for each client, started when it comes and ended when it goes: every client costs a fork."""

    def __init__(self, hiring: Hiring, clients: int) -> None:
        super().__init__(hiring, clients)
        self._own: dict[Visitor, Clerk] = {}

    def open(self) -> None:
        """Do nothing: nobody is there yet."""

    def is_full(self, visitors: int) -> bool:
        """Count the processes too: one may still pay for a client that has left."""
        return max(visitors, len(self.clerks)) >= self.clients

    def welcome(self, visitor: Visitor) -> None:
        """Start this client's process."""
        self._own[visitor] = self.hire()

    def clerk_for(self, visitor: Visitor) -> Clerk | None:
        """Return the client's own process."""
        return self._own[visitor]

    def released(self, clerk: Clerk, visitor: Visitor | None) -> Visitor | None:
        """End the process of a client that left in the middle of its purchase."""
        if visitor is not None and visitor.has_left:
            clerk.send(END)
        return None

    def farewell(self, visitor: Visitor) -> None:
        """End the client's process, unless it is in the middle of a purchase."""
        if visitor in self._own and visitor.request is None:
            self._own[visitor].send(END)

    def lost(self, clerk: Clerk) -> Visitor | None:
        """Return the client whose own process it was."""
        super().lost(clerk)
        owner = next(visitor for visitor, own in self._own.items() if own is clerk)
        del self._own[owner]
        return owner


class Workers(Staff):
    """A few processes made beforehand: a client that says nothing costs a socket, and no process."""

    def __init__(self, hiring: Hiring, clients: int, workers: int) -> None:
        super().__init__(hiring, clients)
        self._workers = workers
        self._idle: deque[Clerk] = deque()
        self._queue: deque[Visitor] = deque()

    def open(self) -> None:
        """Start all processes; each counts as free once it says that it is ready."""
        for _ in range(self._workers):
            self.hire()

    def welcome(self, visitor: Visitor) -> None:
        """Do nothing: a client costs no process until it wants something."""

    def farewell(self, visitor: Visitor) -> None:
        """Do nothing: whoever served the client serves others."""

    def clerk_for(self, visitor: Visitor) -> Clerk | None:
        """Return a free process, else put the client into the queue."""
        if self._idle:
            return self._idle.popleft()
        self._queue.append(visitor)
        return None

    def released(self, clerk: Clerk, visitor: Visitor | None) -> Visitor | None:
        """Return the client that has waited longest; with nobody waiting the process is free."""
        del visitor
        if self._queue:
            return self._queue.popleft()
        self._idle.append(clerk)
        return None

    def lost(self, clerk: Clerk) -> Visitor | None:
        """Replace a process that was killed.

        Raises InconclusiveError where none has ever got ready: the next would not either.
        """
        super().lost(clerk)
        if not clerk.ready and not any(other.ready for other in self.clerks):
            raise InconclusiveError("a process of the office ended before it was ready; use fewer, or try again")
        if clerk in self._idle:
            self._idle.remove(clerk)
        self.hire()
        return None
