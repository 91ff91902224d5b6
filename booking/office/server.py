"""The ticket office: one process has all sockets and never waits for a client; the others are the buyers.

So a client that is slow, silent, malicious or dead takes no time from another one. Once a line has arrived it is
carried out, whether or not its client is still there: a network does not tell a client that left from a client that
has no more to say.

Why not `socketserver.ForkingTCPServer`, or processes that accept for themselves? The office refuses in words the client
that is one too many, tells a client that its process was killed, and serves a thousand connected clients with a few
processes in turn: only a process that has all sockets and is no buyer can. `ForkingTCPServer` also stops accepting
at its `max_children`, leaves its children behind when it ends, and needs fork.
"""

import asyncio
import itertools
import random
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from booking.errors import BadInputError, BookingError, InconclusiveError
from booking.office.connection import BACKLOG, Client, Listener, Worker
from booking.office.protocol import LONGEST_LINE, Request, StepEvent, failure, parse_request
from booking.office.screen import Screen
from booking.office.worker import OfficeTask, serve
from booking.processes import signals
from booking.processes.group import ProcessGroup, room_for
from booking.processes.journal import END, READY, Message, receive
from booking.purchase import Outcome
from booking.rules import impossible_at_office
from booking.scenario import Scenario
from booking.simulation.sale import Sale
from booking.text.words import count_of

ROUND = 0.02 if sys.platform == "win32" else 0.1
"""Seconds between two looks at which processes have ended; on Windows, which cannot wait for pipes, at the journal."""
MOST_MISTAKES = 10
"""Requests of one client that are refused; the next mistake ends the connection."""

_ENDED = "the process that served you was ended; look how many tickets are left"


@dataclass(frozen=True)
class Rules:
    """How the office serves. `workers` 0 gives each client its own process.

    `clients` is how many may be connected at once, `idle` how many seconds one may be silent, and `timeout` how many
    seconds a purchase waits for the lock; None waits without a limit.
    """

    workers: int
    clients: int
    idle: float = 30.0
    timeout: float | None = None


def hold_office(  # noqa: PLR0913 - what is sold, how, where, and to whom it is told
    scenario: Scenario,
    rules: Rules,
    listener: Listener,
    *,
    db: str | Path,
    restock: bool,
    tell: Callable[[str], None],
    start_method: str | None = None,
) -> None:
    """Serve clients until Ctrl-C or SIGTERM, which take their usual effect once no process is left.

    `tell` prints each line of the office's screen. With `restock` the store is first set to the scenario's tickets,
    otherwise what is left is sold. `start_method` is fork, spawn or forkserver; None takes the platform's usual one.
    Raise BadInputError for a scenario that no office can sell, and InconclusiveError if the processes do not start.
    """
    sale = Sale.of(scenario, db=db, restock=restock, start_method=start_method)
    refusal = impossible_at_office(sale.protection)
    if refusal is not None:
        raise BadInputError(refusal)
    processes = rules.workers or rules.clients
    with signals.collect() as arrived, sale.opened() as (opened, (train,)):
        screen = Screen(tell, opened)
        try:
            with room_for(rules.clients + 2 * processes), ProcessGroup(sale.context) as group:
                task = partial(OfficeTask, sale.protection.program, train, rules.timeout, group.ends)
                asyncio.run(_Office(opened, rules, screen, group, task).serve(listener, lambda: bool(arrived)))
        finally:
            screen.closes()
            with suppress(BookingError):
                train.store.tidy()


class _Office:
    """An open office. `task` makes what a new process is handed, from the pipe on which it gets its requests."""

    def __init__(
        self, scenario: Scenario, rules: Rules, screen: Screen, group: ProcessGroup, task: "partial[OfficeTask]"
    ) -> None:
        self._pay = scenario.pay
        self._dice = random.Random(scenario.seed)
        self._rules = rules
        self._screen = screen
        self._group = group
        self._task = task
        self._numbers = itertools.count(1)
        self._clients: set[Client] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._workers: dict[int | None, Worker] = {}
        self._free: asyncio.Queue[Worker] = asyncio.Queue()
        """The workers that serve all clients in turn and have nothing to do."""

    async def serve(self, listener: Listener, stop: Callable[[], bool]) -> None:
        """Serve until `stop` returns true; it is asked several times a second."""
        for _ in range(self._rules.workers):
            self._free.put_nowait(self._start_worker())
        self._await_ready()
        if sys.platform != "win32":
            asyncio.get_running_loop().add_reader(self._group.inbox.fileno(), self._hear_workers)
        server = await asyncio.start_server(self._accept, sock=listener.socket, limit=LONGEST_LINE, backlog=BACKLOG)
        self._screen.opens(listener, self._rules.workers)
        while not stop():
            await asyncio.sleep(ROUND)
            self._bury_workers()
        server.close()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._meet(Client(next(self._numbers), reader, writer)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _meet(self, client: Client) -> None:
        """Serve one client, from its coming to its leaving."""
        self._screen.tell(f"{client.label} comes from {client.origin}")
        is_full = self._is_full()
        self._clients.add(client)
        try:
            if len(self._clients) <= 2 * self._rules.clients:  # else so many are turned away that it gets no reason
                await self._converse(client, is_full=is_full)
        except BookingError as error:
            client.leaving = True
            self._refuse(client, error)
            await client.see_off()
        finally:
            self._clients.discard(client)
            client.hang_up()
        self._screen.tell(f"{client.label} leaves")

    def _is_full(self) -> bool:
        """Count processes too: those of clients that have left may not have ended yet."""
        present = sum(not client.leaving for client in self._clients)
        return max(present, 0 if self._rules.workers else len(self._workers)) >= self._rules.clients

    async def _converse(self, client: Client, *, is_full: bool) -> None:
        """Respond until the client hangs up. Raise BookingError if it is sent away, with the reason."""
        if is_full:
            raise InconclusiveError(f"the office is full: it serves {self._rules.clients} at once; try again soon")
        own = None if self._rules.workers else self._start_own_worker()
        mistakes = 0
        try:
            while (line := await self._next_line(client)) is not None:
                request = parse_request(line)
                if isinstance(request, Request):
                    client.send(await self._response(client, request, own))
                    continue
                mistake = BadInputError(request.error)
                mistakes += 1
                if request.closes or mistakes > MOST_MISTAKES:
                    raise mistake
                self._refuse(client, mistake)
        finally:
            if own:
                own.send(None)

    def _start_own_worker(self) -> Worker:
        try:
            return self._start_worker()
        except BadInputError:
            raise InconclusiveError("the office's machine has no room for one more process; try again soon") from None

    async def _next_line(self, client: Client) -> bytes | None:
        try:
            async with asyncio.timeout(self._rules.idle):
                return await client.next_line()
        except TimeoutError:
            raise InconclusiveError(
                f"no request for {self._rules.idle:g} s; connect again when you want something"
            ) from None

    def _refuse(self, client: Client, error: BookingError) -> None:
        self._screen.tell(f"{client.label} is refused: {error}")
        client.send(failure(str(error), error.exit_status))

    async def _response(self, client: Client, request: Request, own: Worker | None) -> dict[str, Any]:
        """Have a request carried out, show what came of it, and return that.

        Raise InconclusiveError if the client's own process has ended.
        """
        client.name, client.watch, client.events = request.name or client.name, request.watch, []
        message = await (self._in_turn(client, request) if own is None else own.carry_out(client, self._pay_s(request)))
        if message is not None:
            return self._result(client, message)
        if own:
            raise InconclusiveError(_ENDED)
        self._screen.tell(f"{client.label} is refused: {_ENDED}")
        return failure(_ENDED, InconclusiveError.exit_status)

    async def _in_turn(self, client: Client, request: Request) -> Message | None:
        """Have a request carried out by the next worker that is free; None if that one ends before."""
        for _ in range(2):  # if a worker ends and has done nothing yet, nothing can be done twice
            while (worker := await self._free.get()).has_ended:
                pass
            message = await worker.carry_out(client, self._pay_s(request))
            if message is not None:
                self._free.put_nowait(worker)
            if message is not None or client.events:
                return message
        return None

    def _pay_s(self, request: Request) -> float | None:
        return self._dice.uniform(*self._pay) if request.do == "buy" else None

    def _result(self, client: Client, message: Message) -> dict[str, Any]:
        value = message.value
        if message.error is not None:
            self._screen.tell(f"{client.label} is refused: {message.error}")
            return failure(message.error, value if isinstance(value, int) else InconclusiveError.exit_status)
        if isinstance(value, int):
            self._screen.tell(f"{client.label} looks and sees {count_of(value, 'ticket')}")
            return {"ok": True, "count": value}
        self._screen.ended(client.label, Outcome(str(value)), present=client.is_present)
        events = {} if client.watch else {"events": [event.to_json() for event in client.events]}
        return {"ok": True, "outcome": value, "read": client.read} | events

    def _start_worker(self) -> Worker:
        """Start one more process. Raise BadInputError if the system has no room for it."""
        try:
            theirs, ours = self._group.context.Pipe(duplex=False)
        except OSError as error:
            raise BadInputError(f"cannot create a pipe: {error.strerror}; use fewer --clients") from None
        with theirs:
            self._group.start(serve, self._task(theirs), "worker")
        process = self._group.processes[-1]
        return self._workers.setdefault(process.pid, Worker(process, ours))

    def _await_ready(self) -> None:
        """Wait until all processes are ready. Raise InconclusiveError if one ends before."""
        ready = 0
        while ready < len(self._workers):
            if self._group.inbox.poll(ROUND):
                message = receive(self._group.inbox)
                if message.word != READY:
                    raise InconclusiveError(f"a process of the office could not start: {message.error}")
                ready += 1
            elif any(process.exitcode is not None for process in self._group.processes):
                raise InconclusiveError("a process of the office ended before it was ready; use fewer, or try again")

    def _hear_workers(self) -> None:
        while self._group.inbox.poll(0):
            message = receive(self._group.inbox)
            worker = self._workers.get(message.pid)
            if worker is None or worker.client is None or message.word == READY:
                continue
            if message.word == END:
                worker.finish(message)
            elif message.error is None:
                self._happened(worker.client, message)

    def _happened(self, client: Client, message: Message) -> None:
        event = StepEvent(message.word, message.phase, message.value)  # type: ignore[arg-type]
        client.events.append(event)
        self._screen.happened(client.label, event)
        if client.watch:
            client.send({"event": event.to_json()})

    def _bury_workers(self) -> None:
        """Hear and forget processes that have ended, and replace those that serve all clients."""
        ended = [worker for worker in self._workers.values() if worker.process.exitcode is not None]
        self._hear_workers()  # what they said before they ended
        for worker in ended:
            del self._workers[worker.process.pid]
            self._group.processes.remove(worker.process)
            worker.finish(None)
            if self._rules.workers:
                self._free.put_nowait(self._start_worker())
