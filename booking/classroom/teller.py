"""The process behind the counter: it holds one round after the other with real buyers, and tells what they do.

It is a process of its own, so that buyers are forked from a small parent without sockets and threads, and so that the
web server never waits for a sale. In a free round every press starts a buyer's process, which buys as fast as it can.
In a stepped round the buyers' processes are there from the start, and each takes a step when it is told to.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, TypeAlias

from booking.errors import BookingError
from booking.history.history import History
from booking.processes import lifeline
from booking.processes.journal import END, Message
from booking.processes.lifeline import PipeEnds
from booking.replayer.gated_buyers import Controller
from booking.scenario import Scenario
from booking.setup import Setup
from booking.simulation.recorder import Recorder
from booking.simulation.running import IDLE_AFTER, Plan, RunningSale, count_left, versions
from booking.simulation.sale import Sale, payment_times

LAST_CALL = 3.0
"""Seconds beyond all payments that buyers have to end after a round was closed; then they are ended."""

Order: TypeAlias = tuple[str, Any]
"""What the server orders: "open" and "open-stepped" with a scenario, "buy" and "step" with a buyer, and "close"."""
News: TypeAlias = tuple[str, Any]
"""What the teller tells: "opened", "message" with a buyer's, "over" with the history's lines, "failed" and why."""


@dataclass(frozen=True, kw_only=True)
class TellerTask:
    """All that the teller is told. `db` is the store's file."""

    db: Path
    ends: PipeEnds
    orders: Connection
    news: Connection


def serve(task: TellerTask) -> None:
    """Hold the rounds that are ordered, until the server hangs up."""
    lifeline.become_child(task.ends, lambda: None)
    while True:
        try:
            order, scenario = task.orders.recv()
        except (EOFError, OSError):
            return
        if order not in _ROUNDS:
            continue  # meant for a round that has ended meanwhile
        try:
            history = _ROUNDS[order](task, scenario)
            task.news.send(("over", None if history is None else "\n".join(history.to_lines())))
        except BookingError as error:
            task.news.send(("failed", str(error)))


class FreeRound(RunningSale):
    """A sale that buyers join while it goes on. `plan.scenario.buyers` is the most that may come."""

    def __init__(self, plan: Plan, orders: Connection) -> None:
        super().__init__(plan)
        self._orders = orders

    def _start(self) -> None:
        """Start nobody: the buyers come one by one."""

    def _listen(self, timeout: float) -> bool:
        """Start a buyer for each press; after the last call wait until all have ended; return whether some did not."""
        deadline: float | None = None
        while deadline is None or (time.monotonic() < deadline and not self.plan.group.all_ended()):
            inbox = self.plan.group.inbox
            ready = wait([inbox, self._orders] if deadline is None else [inbox], IDLE_AFTER)
            if inbox in ready:
                self._next()
            if self._orders in ready and not self._obey(*self._orders.recv()):
                deadline = time.monotonic() + timeout
            if not ready:
                self._tell_of_the_dead()
        while self.plan.group.inbox.poll(0):
            self._next()
        return not self.plan.group.all_ended()

    def _obey(self, order: str, buyer: int) -> bool:
        if order == "buy":
            self._start_buyer(self._task(buyer, self.plan.pay_s[0]))
        return order != "close"

    def _tell_of_the_dead(self) -> None:
        """Tell how those ended who were killed, because they can no longer do it."""
        for buyer, process in enumerate(self.plan.group.processes, 1):
            if process.exitcode is not None and buyer not in self.recorder.ended:
                pid = process.pid or 0
                ending = self.recorder.ending(buyer, pid, process.exitcode, alive=False)
                error = f"its process ended with exit code {process.exitcode}"
                message = Message(buyer, pid, time.monotonic_ns(), END, "return", str(ending.outcome), error)
                self.recorder.take(message)
                self._tell(message)


def _hold_free(task: TellerTask, scenario: Scenario) -> History | None:
    """Hold a free round and return its history, None if nobody came."""
    sale = Sale.of(scenario, setup=Setup(gate="none"), db=task.db)
    with sale.opened() as (stocked, trains), sale.group() as group:
        plan = Plan(
            scenario=stocked,
            protection=sale.protection,
            trains=trains,
            group=group,
            pay_s=payment_times(stocked),
            setup=sale.setup,
            watch=_teller(task.news),
        )
        task.news.send(("opened", None))
        history = FreeRound(plan, task.orders).hold(LAST_CALL + stocked.pay[1] * (stocked.tickets + 1))
    came = len(history.endings)
    return replace(history, scenario=replace(stocked, buyers=came)) if came else None


def _hold_stepped(task: TellerTask, scenario: Scenario) -> History:
    """Hold a round in which every buyer takes a step when it is told to, and return its history."""
    sale = Sale.of(scenario, db=task.db)
    with sale.opened() as (stocked, trains), _prepared(sale) as controller:
        controller.start(sale.protection, trains)
        recorder, started_ns, tell = Recorder(), time.monotonic_ns(), _teller(task.news)
        task.news.send(("opened", None))
        for buyer in _steps(task.orders):
            if buyer not in recorder.ended:
                seen = len(recorder.events)
                controller.permit(buyer, recorder)
                _tell_step(recorder, seen, buyer, tell)
        endings = tuple(
            recorder.ending(buyer, controller.process(buyer).pid or 0, None, alive=buyer not in recorder.ended)
            for buyer in range(1, stocked.buyers + 1)
        )
        return History(
            scenario=stocked,
            events=tuple(recorder.events),
            endings=endings,
            counts_left=tuple(count_left(train.store) for train in trains),
            elapsed_s=(time.monotonic_ns() - started_ns) / 1e9,
            start_method=controller.group.start_method,
            versions=versions(),
        )


@contextmanager
def _prepared(sale: Sale) -> Iterator[Controller]:
    with sale.group() as group:
        controller = Controller(group)
        try:
            yield controller
        finally:
            controller.close()


def _steps(orders: Connection) -> Iterator[int]:
    """Yield the buyers that are told to take a step, until the round is closed."""
    while True:
        order, buyer = orders.recv()
        if order == "close":
            return
        if order == "step":
            yield buyer


def _tell_step(recorder: Recorder, seen: int, buyer: int, tell: Callable[[Message], None]) -> None:
    """Tell what a step did, as the buyer's own messages would."""
    for event in recorder.events[seen:]:
        tell(Message(event.buyer, event.pid, event.t_ns, event.step, event.phase, event.value))
    if buyer in recorder.ended:
        tell(recorder.ended[buyer])


def _teller(news: Connection) -> Callable[[Message], None]:
    return lambda message: news.send(("message", tuple(message)))


_ROUNDS: dict[str, Callable[[TellerTask, Scenario], History | None]] = {
    "open": _hold_free,
    "open-stepped": _hold_stepped,
}
