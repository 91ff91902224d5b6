"""The ticket office: one process has all sockets and never waits for a client; the others are the buyers.

So a client that is slow, silent, malicious or dead takes no time from another one. Once a line has arrived it is
carried out, whether or not its client is still there: a network does not tell a client that left from a client that
has no more to say.

Why not `socketserver.ForkingTCPServer`, or processes that accept for themselves? The office refuses in words the client
that is one too many, tells a client that its process was killed, and serves a thousand connected clients with a few
processes in turn: only a process that has all sockets and is no buyer can. `ForkingTCPServer` also stops accepting
at its `max_children`, leaves its children behind when it ends, and needs fork.
"""

import itertools
import random
import selectors
import socket
import sys
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from booking.errors import BadInputError, InconclusiveError
from booking.office import connection
from booking.office.connection import Client, Listener, Rules, Worker, await_ready
from booking.office.protocol import Request, StepEvent, encode, failure, format_address, parse_request
from booking.office.screen import Screen
from booking.office.worker import OfficeTask, serve
from booking.processes.group import ProcessGroup
from booking.processes.journal import END, READY, Message, receive
from booking.purchase import Outcome
from booking.scenario import Scenario
from booking.text.words import count_of

_ENDED = "the process that served you was ended; look how many tickets are left"


class Office:
    """An open office. `task` makes what a new process is handed, from the pipe on which it gets its requests."""

    def __init__(  # noqa: PLR0913, PLR0917 - its parts
        self,
        scenario: Scenario,
        rules: Rules,
        listener: Listener,
        screen: Screen,
        group: ProcessGroup,
        task: "partial[OfficeTask]",
    ) -> None:
        self._pay = scenario.pay
        self._dice = random.Random(scenario.seed)
        self._rules = rules
        self._listener = listener
        self._screen = screen
        self._group = group
        self._task = task
        self._selector = selectors.DefaultSelector()
        self._numbers = itertools.count(1)
        self._clients: set[Client] = set()
        self._workers: dict[int | None, Worker] = {}
        self._waiting: deque[Client] = deque()

    def serve(self, stop: Callable[[], bool]) -> None:
        """Serve until `stop` returns true; it is asked several times a second."""
        for _ in range(self._rules.workers):
            self._start_worker(None)
        await_ready(self._group, len(self._workers))
        self._selector.register(self._listener.socket, selectors.EVENT_READ, self._accept)
        if sys.platform != "win32":
            self._selector.register(self._group.inbox, selectors.EVENT_READ, self._hear_workers)
        self._screen.opens(self._listener, self._rules.workers)
        round_s, due = min(connection.ROUND, self._rules.idle / 4), 0.0
        while not stop():
            for key, _ in self._selector.select(connection.POLL if sys.platform == "win32" else round_s):
                key.data()
            if sys.platform == "win32":
                self._hear_workers()
            if time.monotonic() >= due:
                self._look_round()
                due = time.monotonic() + round_s

    def close(self) -> None:
        """Hang up on every client and give the port back."""
        self._selector.close()
        for client in self._clients:
            client.hang_up()
        self._listener.server_close()

    # Clients come, speak, hear and leave.

    def _accept(self) -> None:
        try:
            accepted, place = self._listener.get_request()
        except OSError:  # the client has hung up already
            return
        client = Client(next(self._numbers), accepted, time.monotonic())
        self._screen.tell(f"{client.label} comes from {format_address(*place[:2])}")
        is_full = self._is_full()
        self._clients.add(client)
        self._watch(client)
        if len(self._clients) > 2 * self._rules.clients:
            self._close(client)  # so many are being turned away that this one gets no reason
        elif is_full:
            self._dismiss(client, f"the office is full: it serves {self._rules.clients} at once; try again soon")
        elif not self._rules.workers:
            try:
                client.worker = self._start_worker(client)
            except BadInputError:
                self._dismiss(client, "the office's machine has no room for one more process; try again soon")

    def _is_full(self) -> bool:
        """Count processes too: one may still be paying for a client that has left."""
        present = sum(not client.leaving for client in self._clients)
        owned = sum(worker.owner is not None for worker in self._workers.values())
        return max(present, owned) >= self._rules.clients

    def _watch(self, client: Client) -> None:
        if client.socket not in self._selector.get_map():
            self._selector.register(client.socket, selectors.EVENT_READ, partial(self._read, client))

    def _unwatch(self, client: Client) -> None:
        if client.socket in self._selector.get_map():
            self._selector.unregister(client.socket)

    def _read(self, client: Client) -> None:
        """Take what has arrived; half a line at the end of a connection is forgotten."""
        piece = client.receive()
        if piece is None:
            return
        client.ignored += len(piece) * client.leaving
        if not piece or client.ignored > connection.MOST_IGNORED:
            self._close(client)
        elif not client.leaving:
            client.lines.feed(piece)
            self._attend(client)

    def _attend(self, client: Client) -> None:
        """Begin the next request that has arrived; while it is carried out the client's socket is not read."""
        while not client.has_left and client.request is None and (line := client.lines.take()) is not None:
            client.since = time.monotonic()
            request = parse_request(line)
            if isinstance(request, Request):
                self._begin(client, request)
            elif request.closes or client.mistakes >= connection.MOST_MISTAKES:
                self._dismiss(client, request.error, BadInputError.exit_status)
            else:
                client.mistakes += 1
                self._refuse(client, request.error, BadInputError.exit_status)

    def _begin(self, client: Client, request: Request) -> None:
        self._unwatch(client)
        client.request, client.events, client.retried = request, [], False
        client.name = request.name or client.name
        self._waiting.append(client)
        self._dispatch()

    def _refuse(self, client: Client, error: str, exit_status: int = InconclusiveError.exit_status) -> None:
        self._screen.tell(f"{client.label} is refused: {error}")
        self._send(client, failure(error, exit_status))

    def _dismiss(self, client: Client, error: str, exit_status: int = InconclusiveError.exit_status) -> None:
        """Say why the connection ends, and end it once the client can have read that.

        What it still sends is read and forgotten, or it would never see the last response.
        """
        self._refuse(client, error, exit_status)
        if not client.gone:
            client.since = time.monotonic()
            client.leaving = True
            with suppress(OSError):
                client.socket.shutdown(socket.SHUT_WR)
            self._watch(client)
            self._release_worker(client)

    def _send(self, client: Client, document: dict[str, Any]) -> None:
        """Send a line; a client that does not read its responses is not waited for."""
        if not client.has_left and not client.send(encode(document)):
            self._close(client)

    def _close(self, client: Client) -> None:
        if not client.gone:
            client.gone = True
            self._unwatch(client)
            self._clients.discard(client)
            client.hang_up()
            self._release_worker(client)
            self._screen.tell(f"{client.label} leaves")

    def _look_round(self) -> None:
        """Send away clients that were silent for too long, cut off those that do not go, notice ended processes."""
        now = time.monotonic()
        for client in list(self._clients):
            silent_s = now - client.since
            if client.leaving and silent_s > connection.FAREWELL:
                self._close(client)
            elif not client.has_left and client.request is None and silent_s > self._rules.idle:
                self._dismiss(client, f"no request for {self._rules.idle:g} s; connect again when you want something")
        ended = [worker for worker in self._workers.values() if worker.process.exitcode is not None]
        self._hear_workers()  # what they said before they ended
        for worker in ended:
            self._lose(worker)

    # Processes start, are given requests, tell, respond and end.

    def _start_worker(self, owner: Client | None) -> Worker:
        """Start one more process. Raise BadInputError if the system has no room for it."""
        try:
            theirs, ours = self._group.context.Pipe(duplex=False)
        except OSError as error:
            raise BadInputError(f"cannot create a pipe: {error.strerror}; use fewer --clients") from None
        with theirs:
            self._group.start(serve, self._task(theirs), "worker")
        worker = Worker(self._group.processes[-1], ours, owner)
        self._workers[worker.process.pid] = worker
        return worker

    def _dispatch(self) -> None:
        """Give the requests that wait, oldest first, to processes that are free."""
        free = [worker for worker in self._workers.values() if worker.client is None]
        for client in list(self._waiting):
            worker = next((worker for worker in free if worker.owner in {None, client}), None)
            if worker and client.request:
                free.remove(worker)
                self._waiting.remove(client)
                worker.client = client
                pay_s = self._dice.uniform(*self._pay) if client.request.do == "buy" else None
                worker.send((client.number, pay_s))

    def _hear_workers(self) -> None:
        while self._group.inbox.poll(0):
            message = receive(self._group.inbox)
            worker = self._workers.get(message.pid)
            if worker and worker.client and message.word != READY:
                self._hear(worker, worker.client, message)

    def _hear(self, worker: Worker, client: Client, message: Message) -> None:
        if message.word == END:
            self._finish(worker, client, message)
        elif message.phase in {"call", "return"} and message.error is None:
            event = StepEvent(message.word, message.phase, message.value)  # type: ignore[arg-type]
            client.events.append(event)
            self._screen.happened(client.label, event)
            if client.request and client.request.watch:
                self._send(client, {"event": event.to_json()})

    def _finish(self, worker: Worker, client: Client, message: Message) -> None:
        """Pass the result on, let the process serve the next, then listen to this client again."""
        self._send(client, self._response(client, message))
        worker.client = None
        if worker.owner and worker.owner.has_left:
            worker.send(None)
        self._dispatch()
        self._listen_again(client)

    def _response(self, client: Client, message: Message) -> dict[str, Any]:
        """Return the result of a request, and show it."""
        value = message.value
        if message.error is not None:
            self._screen.tell(f"{client.label} is refused: {message.error}")
            return failure(message.error, value if isinstance(value, int) else InconclusiveError.exit_status)
        if isinstance(value, int):
            self._screen.tell(f"{client.label} looks and sees {count_of(value, 'ticket')}")
            return {"ok": True, "count": value}
        self._screen.ended(client.label, Outcome(str(value)), present=not client.has_left)
        response = {"ok": True, "outcome": value, "read": client.read}
        if client.request and client.request.watch:
            return response
        return response | {"events": [event.to_json() for event in client.events]}

    def _listen_again(self, client: Client) -> None:
        client.request = None
        if not client.gone:
            client.since = time.monotonic()
            self._attend(client)
            if client.request is None and not client.gone:
                self._watch(client)

    def _release_worker(self, client: Client) -> None:
        """End the client's own process, unless it is in the middle of a purchase."""
        if client.worker and client.worker.client is None:
            client.worker.send(None)

    def _lose(self, worker: Worker) -> None:
        """Forget a process that has ended, replace it, and tell its client."""
        del self._workers[worker.process.pid]
        self._group.processes.remove(worker.process)
        worker.requests.close()
        client, owner = worker.client, worker.owner
        if owner is not None:
            owner.request = None
            if not owner.has_left:
                self._dismiss(owner, _ENDED)
            return
        self._start_worker(None)
        if client and not client.events and not client.retried:
            client.retried = True  # nothing has been done for it yet, so nothing can be done twice
            self._waiting.appendleft(client)
        elif client:
            self._refuse(client, _ENDED)
            self._listen_again(client)
        self._dispatch()
