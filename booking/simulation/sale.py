"""A real sale: N processes, one store, one lock, and the history of what they did."""

import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from multiprocessing import get_all_start_methods, get_context
from multiprocessing.context import BaseContext
from pathlib import Path

from booking import files
from booking.errors import BadInputError, BookingError, InconclusiveError
from booking.history import Ending, History
from booking.locks import Lock
from booking.registries import lock_named, store_named
from booking.scenario import Scenario
from booking.simulation.buyer import Invitation, attend
from booking.simulation.company import Company, room_for
from booking.simulation.guard import GRACE
from booking.simulation.journal import Message, receive
from booking.simulation.recorder import Recorder
from booking.stores import Store
from booking.version import __version__

DEFAULT_STORE = Path("data") / "db.json"
IDLE = 0.1
"""Seconds without a message after which the parent looks whether the buyers are still alive."""

READY_BASE = 30.0
READY_EACH = 1.0
"""Seconds that the buyers have to get ready: a number for all, and one more for each of them."""

Watcher = Callable[[Message], None]


def simulate(  # noqa: PLR0913 - each is one dial of a sale, and all but the first are named
    scenario: Scenario | None = None,
    *,
    db: str | Path = DEFAULT_STORE,
    restock: bool = True,
    start_method: str | None = None,
    timeout: float | None = None,
    durable: bool = False,
    watch: Watcher | None = None,
) -> History:
    """Hold one sale with real processes and return its history; `judge` it to learn what went wrong.

    `db` is the store's file, created where it is absent. With `restock` it is first set to the scenario's
    tickets, else what is left is sold. `start_method` is fork, spawn or forkserver; None takes fork where the
    platform has it. `timeout` is in seconds from the opening of the gate; None allows generously for the
    payments. `durable` waits for the disk at every write. `watch` is called in this process with every message
    as it arrives; the buyers do not wait for it.

    In a script, call it under `if __name__ == "__main__":`, because spawned buyers import the script again.

    Raises BadInputError for a store or a name that cannot be used, DiskError where the store cannot be written,
    and InconclusiveError where the buyers' processes do not get ready. A sale that reaches its time-out is a
    history with `timed_out`, not an error. No process is left when this returns or raises.
    """
    scenario = scenario or Scenario()
    path = Path(db).resolve()
    store = store_named(scenario.store)(path, durable=durable)
    lock_kind = lock_named(scenario.lock)
    context = context_named(start_method)
    if timeout is not None and not timeout > 0:
        raise BadInputError(f"timeout is {timeout!r}; use a number of seconds above 0")
    scenario = stocked(store, scenario, restock=restock)
    lock = lock_kind(path, context, scenario)
    with room_for(scenario.buyers), Company(context) as company:
        sale = _Sale(scenario, store, lock, company, watch)
        return sale.hold(timeout or generous_timeout(scenario))


def stocked(store: Store, scenario: Scenario, *, restock: bool) -> Scenario:
    """Fill the store, creating its file where it is absent, and return the scenario with what is for sale.

    Raises BadInputError, and leaves the file as it is, where it holds no count.
    """
    if not store.path.exists():
        files.make_folder(store.path.parent)
        store.put(scenario.tickets)
        return scenario
    files.sweep(store.path)
    left = store.read()
    if not restock:
        return replace(scenario, tickets=left)
    store.put(scenario.tickets)
    return scenario


def context_named(start_method: str | None) -> BaseContext:
    """Return the processes' context: every lock and pipe of a sale comes from the same one.

    Raises BadInputError for a start method that this platform does not have.
    """
    methods = get_all_start_methods()
    if start_method is None:
        start_method = "fork" if "fork" in methods else "spawn"
    if start_method not in methods:
        raise BadInputError(f"there is no start method {start_method!r} here; use one of {', '.join(methods)}")
    return get_context(start_method)


def generous_timeout(scenario: Scenario) -> float:
    """Return how many seconds a sale may take before it counts as stuck: all its payments in a row, and 30."""
    payments = min(scenario.buyers, scenario.tickets + 1)
    return 30 + 0.1 * scenario.buyers + payments * scenario.pay[1]


def payment_times(scenario: Scenario) -> list[float]:
    """Return how long each buyer's payment takes, in seconds, drawn with the scenario's seed."""
    dice = random.Random(scenario.seed)
    return [dice.uniform(*scenario.pay) for _ in range(scenario.buyers)]


def count_left(store: Store) -> int | None:
    """Return the count in the store, None where it holds none any more."""
    try:
        return store.read()
    except BookingError:
        return None


def versions() -> dict[str, str]:
    """Return the versions that a history names, so that it can be compared with one from elsewhere."""
    return {"booking": __version__, "python": sys.version.split()[0], "platform": sys.platform}


@dataclass
class _Sale:
    """One sale under way."""

    scenario: Scenario
    store: Store
    lock: Lock
    company: Company
    watch: Watcher | None
    recorder: Recorder = field(default_factory=Recorder)
    timed_out: bool = False

    def hold(self, timeout: float) -> History:
        """Start everybody, open the gate when all are ready, and listen until all have ended."""
        self._start()
        self._gather()
        opened_ns = time.monotonic_ns()
        self.company.open_gate()
        self._record(timeout)
        endings = self._endings()
        self.company.dismiss()
        files.sweep(self.store.path, dead={ending.pid for ending in endings})
        last_ns = max((m.t_ns for m in self.recorder.ended.values()), default=time.monotonic_ns())
        return History(
            scenario=self.scenario,
            events=tuple(self.recorder.events),
            endings=endings,
            stock_left=count_left(self.store),
            elapsed_s=(last_ns - opened_ns) / 1e9,
            timed_out=self.timed_out,
            start_method=self.company.start_method,
            versions=versions(),
        )

    def _start(self) -> None:
        for buyer, pay_s in enumerate(payment_times(self.scenario), 1):
            invitation = Invitation(buyer, self.store, self.lock, pay_s, self.company.ends)
            self.company.start(attend, invitation, f"buyer-{buyer}")
        self.company.complete()

    def _gather(self) -> None:
        """Wait until every buyer is ready; one that was killed on the way is not waited for."""
        buyers, ready = self.scenario.buyers, self.recorder.ready
        for message in self._messages(READY_BASE + READY_EACH * buyers):
            if len(ready) == buyers or (message is None and self._missing_are_dead()):
                return
        if len(ready) < buyers and not self._missing_are_dead():
            raise InconclusiveError(
                f"only {len(ready)} of {buyers} buyers got ready; use fewer buyers or a quieter machine"
            )

    def _missing_are_dead(self) -> bool:
        missing = set(range(1, self.scenario.buyers + 1)) - self.recorder.ready
        return all(self.company.processes[buyer - 1].exitcode is not None for buyer in missing)

    def _record(self, timeout: float) -> None:
        """Take messages until every buyer has ended or the time is up."""
        for message in self._messages(timeout):
            if message is None and self.company.all_ended():
                return
        self.timed_out = not self.company.all_end_within(GRACE if self._all_answered() else 0)

    def _all_answered(self) -> bool:
        return len(self.recorder.ended) == self.scenario.buyers

    def _messages(self, patience: float) -> Iterator[Message | None]:
        """Yield what the buyers say, None when they are silent, until all have ended or patience is over."""
        deadline = time.monotonic() + patience
        while (left := deadline - time.monotonic()) > 0:
            if not self.company.inbox.poll(min(left, IDLE)):
                yield None
                continue
            try:
                message = receive(self.company.inbox)
            except EOFError:
                return
            self.recorder.take(message)
            if self.watch:
                self.watch(message)
            yield message

    def _endings(self) -> tuple[Ending, ...]:
        return tuple(
            self.recorder.ending(buyer, process.pid or 0, process.exitcode, alive=process.exitcode is None)
            for buyer, process in enumerate(self.company.processes, 1)
        )
