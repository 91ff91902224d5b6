"""A real sale: N processes, one store, one lock, and the history of what they did."""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from multiprocessing import get_all_start_methods, get_context
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import TYPE_CHECKING

from booking.errors import BadInputError
from booking.history.history import History
from booking.processes import signals
from booking.processes.group import ProcessGroup, room_for
from booking.protection import Protection
from booking.registry import protection_of
from booking.rules import impossible
from booking.scenario import Scenario
from booking.setup import Setup
from booking.simulation.buyer import Train, new_lock
from booking.simulation.claim import claim
from booking.simulation.running import Countdown, Plan, RunningSale, Watcher
from booking.storage import files
from booking.storage.paths import shown, train_path, warn_of_shared_folder
from booking.stores import Store
from booking.text.words import nearest

if TYPE_CHECKING:
    from booking.simulation.faults import Faults

DEFAULT_STORE = Path("data") / "db.json"


def simulate(  # noqa: PLR0913 - each is one dial of a sale, and all but the first are named
    scenario: Scenario | None = None,
    *,
    setup: Setup | None = None,
    db: str | Path = DEFAULT_STORE,
    restock: bool = True,
    start_method: str | None = None,
    timeout: float | None = None,
    durable: bool = False,
    watch: Watcher | None = None,
    countdown: Countdown | None = None,
) -> History:
    """Hold one sale with real processes and return its history; `judge` it to learn what went wrong.

    `setup` are the dials around the buyers. `db` is the store's file, created where it is absent. With `restock` it
    is first set to the scenario's tickets, else what is left is sold. `start_method` is fork, spawn or forkserver;
    None takes fork on Linux and spawn elsewhere. `timeout` is in seconds from the opening of the gate; None allows
    generously for the payments. `durable` waits for the disk at every write. `watch` is called in this process with
    every message as it arrives, and in silence twenty times a second with IDLE; the buyers do not wait for it.
    `countdown` is told, as often, how many seconds are left until the gate opens.

    In a script, call it under `if __name__ == "__main__":`, because spawned buyers import the script again.

    Raise BadInputError for a store or a name that cannot be used, DiskError if the store cannot be written,
    and InconclusiveError if the buyers' processes do not get ready. A sale that reaches its time-out is a
    history with `timed_out`, not an error. Ctrl-C and SIGTERM end the sale before they take their usual effect.
    No process and no temporary file is left when this returns or raises.
    """
    sale = Sale.of(
        scenario or Scenario(),
        setup=setup or Setup(),
        db=db,
        restock=restock,
        start_method=start_method,
        durable=durable,
    )
    if timeout is not None and not timeout > 0:
        raise BadInputError(f"timeout is {timeout!r}; use a number of seconds above 0")
    with (
        signals.collect() as arrived,
        sale.opened() as (stocked, trains),
        room_for(sale.descriptors),
        sale.group() as group,
        sale.faults() as faults,
    ):
        plan = Plan(
            scenario=stocked,
            protection=sale.protection,
            trains=trains,
            group=group,
            pay_s=payment_times(stocked),
            setup=sale.setup,
            faults=faults,
            watch=watch,
            countdown=countdown,
            arrived=arrived,
        )
        return _kind_of(sale.setup)(plan).hold(timeout or generous_timeout(stocked))


@dataclass(frozen=True)
class Sale:
    """A sale that can be held: what `scenario` and `setup` name, resolved once.

    `protection` is what the lock's name stands for, `context` makes the processes, and `stores` has the parent's
    store of each train. With `restock` each is first set to the scenario's tickets.
    """

    scenario: Scenario
    setup: Setup
    protection: Protection
    context: BaseContext
    stores: tuple[Store, ...]
    restock: bool

    @classmethod
    def of(  # noqa: PLR0913 - all but the first have defaults
        cls,
        scenario: Scenario,
        *,
        db: str | Path,
        setup: Setup | None = None,
        restock: bool = True,
        start_method: str | None = None,
        durable: bool = False,
    ) -> "Sale":
        """Return the sale; raise BadInputError, before anything is touched, if it cannot be held."""
        path, setup, protection = store_path(db), setup or Setup(), protection_of(scenario)
        context = context_named(start_method)
        refusal = impossible(protection, setup, restock=restock, start_method=context.get_start_method() or "")
        if refusal is not None:
            raise BadInputError(refusal)
        places = [train_path(path, train) for train in range(1, scenario.trains + 1)]
        stores = tuple(protection.store(place, durable=durable) for place in places)
        return cls(scenario, setup, protection, context, stores, restock)

    @contextmanager
    def opened(self) -> Iterator[tuple[Scenario, tuple[Train, ...]]]:
        """Claim the stores, fill them, and yield the scenario with what is for sale, and the trains with their locks.

        Raise BadInputError, and leave the files as they are, if one is in use by a sale beside which this one cannot
        be, or holds no count.
        """
        with ExitStack() as stack:
            for store in self.stores:
                if store.outlives_sale:
                    files.make_folder(store.path.parent)
                stack.enter_context(claimed(store, alone=self.protection.alone))
            scenario = self.scenario
            for store in self.stores:
                scenario = self._stocked(store)
            yield scenario, self.trains()

    def trains(self) -> tuple[Train, ...]:
        """Return the stores with new locks."""
        return tuple(
            Train(store, new_lock(self.protection, store.path, self.context), number)
            for number, store in enumerate(self.stores, 1)
        )

    def group(self) -> ProcessGroup:
        """Return the group of the buyers: its processes are its own children, or those of its process trees."""
        if self.setup.trees == 1:
            return ProcessGroup(self.context)
        from booking.simulation.trees import Trees  # noqa: PLC0415 - few sales have several

        return Trees(self.context, self.protection, self.setup.trees)

    def faults(self) -> "AbstractContextManager[Faults | None]":
        """Return the faults of the sale, None if there are none."""
        if not self.setup.faults:
            return nullcontext()
        from booking.simulation.faults import faults_in  # noqa: PLC0415 - few sales strike their buyers

        return faults_in(self.setup, self.protection, self.context)

    @property
    def descriptors(self) -> int:
        """Return for how many processes the parent keeps files open: the standard library's, and a clerk's channel."""
        setup, buyers = self.setup, self.scenario.buyers
        library = 0 if self.context.get_start_method() == "fork" else (setup.pool or buyers + setup.clerks)
        return library + (0 if setup.channel == "direct" else buyers + setup.clerks)

    def _stocked(self, store: Store) -> Scenario:
        left = store.prepare(self.context)
        tickets = self.scenario.tickets if left is None or self.restock else left
        if left is None or self.restock or self.protection.shares:  # what is left has to be dealt out, too
            store.put(tickets)
        return replace(self.scenario, tickets=tickets)


def claimed(store: Store, *, alone: bool = False) -> AbstractContextManager[None]:
    """Return the claim on the store's file; a store that does not outlive its sale needs none."""
    return claim(store.path, alone=alone) if store.outlives_sale else nullcontext()


def _kind_of(setup: Setup) -> type[RunningSale]:
    """Return the kind of sale; a plain sale does not pay for the import of the others."""
    if setup.pool:
        from booking.simulation.pool import PoolSale  # noqa: PLC0415

        return PoolSale
    if setup.channel != "direct":
        from booking.simulation.clerks import SaleWithClerks  # noqa: PLC0415

        return SaleWithClerks
    return RunningSale


def store_path(db: str | Path) -> Path:
    """Return the file that `db` names, symbolic links followed, and warn if other users could swap it.

    Raise BadInputError if it cannot name a file.
    """
    try:
        path = Path(db).resolve()
        with suppress(FileNotFoundError, NotADirectoryError):
            path.stat()  # refuses what `resolve` lets pass: a name that is too long, and since 3.13 a circle of links
    except (OSError, RuntimeError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it names no file"
        raise BadInputError(f"cannot use {shown(db):.200}: {why}; name a JSON file") from None
    warn_of_shared_folder(path)
    return path


def context_named(start_method: str | None) -> BaseContext:
    """Return the processes' context: every lock and pipe of a sale comes from the same one.

    Raise BadInputError for a start method that this platform does not have.
    """
    methods = get_all_start_methods()
    start_method = start_method or ("fork" if sys.platform == "linux" else "spawn")  # libraries of macOS may not fork
    if start_method not in methods:
        near = nearest(start_method, methods)
        raise BadInputError(f"there is no start method {start_method!r} here{near}; use one of {', '.join(methods)}")
    return get_context(start_method)


def generous_timeout(scenario: Scenario) -> float:
    """Return how many seconds a sale may take before it counts as stuck: all its payments in a row, and 30."""
    payments = min(scenario.buyers, scenario.tickets + 1)
    return 30 + 0.1 * scenario.buyers + payments * scenario.pay[1]


def payment_times(scenario: Scenario) -> list[float]:
    """Return how long each buyer's payment takes, in seconds, drawn with the scenario's seed."""
    low, high = scenario.pay
    if low == high:
        return [low] * scenario.buyers
    import random  # noqa: PLC0415 - 2 ms, and mostly all payments take the same time

    dice = random.Random(scenario.seed)
    return [dice.uniform(*scenario.pay) for _ in range(scenario.buyers)]
