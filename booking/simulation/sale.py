"""A real sale: N processes, one store, one lock, and the history of what they did."""

import sys
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import replace
from multiprocessing import get_all_start_methods, get_context
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import TYPE_CHECKING

from booking.errors import BadInputError, BookingError
from booking.history.history import History
from booking.locks import Lock
from booking.processes import signals
from booking.processes.fork import fork_lock
from booking.processes.group import ProcessGroup, room_for
from booking.processes.journal import failure_line
from booking.registry import facts_of, lock_named, store_named
from booking.scenario import Scenario
from booking.setup import Setup
from booking.simulation.buyer import SecondTrain
from booking.simulation.modes import descriptors, kind_of_sale, require_kind
from booking.simulation.running import Countdown, Plan, Watcher
from booking.storage.paths import shown, warn_of_shared_folder
from booking.stores import Store
from booking.trains import second_path

if TYPE_CHECKING:
    from booking.simulation.faults.injector import Faults

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

    Raises BadInputError for a store or a name that cannot be used, DiskError where the store cannot be written,
    and InconclusiveError where the buyers' processes do not get ready. A sale that reaches its time-out is a
    history with `timed_out`, not an error. Ctrl-C and SIGTERM end the sale before they take their usual effect.
    No process and no temporary file is left when this returns or raises.
    """
    scenario = scenario or Scenario()
    path, setup = store_path(db), setup or Setup()
    store = store_at(path, scenario, durable=durable)
    _require_possible(setup, scenario)  # refused, if it has to be, before the store is touched
    context = context_named(start_method)
    require_kind(setup, scenario, context)
    _require_terms(scenario, restock=restock, timeout=timeout)
    with signals.collect() as arrived:
        scenario = stocked(store, scenario, restock=restock, context=context)
        lock = lock_made(scenario, path, context)
        second = second_train(scenario, path, context, durable=durable)
        with (
            room_for(descriptors(setup, scenario, context)),
            group_for(setup, scenario, context) as group,
            _faults_in(setup, scenario, context) as faults,
        ):
            pay_s = payment_times(scenario)
            plan = Plan(scenario, store, lock, group, pay_s, setup, second, faults, watch, countdown, arrived)
            return kind_of_sale(setup)(plan).hold(timeout or generous_timeout(scenario))


def _require_terms(scenario: Scenario, *, restock: bool, timeout: float | None) -> None:
    """Raise BadInputError for a time-out that is none, and for journeys on what two trains have left."""
    if scenario.trains > 1 and not restock:
        raise BadInputError("what is left on two trains may differ; leave out --keep-stock with --trains 2")
    if timeout is not None and not timeout > 0:
        raise BadInputError(f"timeout is {timeout!r}; use a number of seconds above 0")


def _require_possible(setup: Setup, scenario: Scenario) -> None:
    """Raise BadInputError where the lock, the store and the dials do not go together."""
    if not setup.faults and setup.offices == 1:
        setup.require_fit(scenario)
        facts_of(scenario)
        return
    from booking.simulation.faults.injector import require_possible  # noqa: PLC0415 - few sales strike their buyers

    require_possible(setup, scenario)


def _faults_in(setup: Setup, scenario: Scenario, context: BaseContext) -> "AbstractContextManager[Faults | None]":
    if not setup.faults:
        return nullcontext()
    from booking.simulation.faults.injector import faults_in  # noqa: PLC0415 - few sales strike their buyers

    return faults_in(setup, scenario, context)


def group_for(setup: Setup, scenario: Scenario, context: BaseContext) -> ProcessGroup:
    """Return the group of a sale: the buyers' processes are its children, or those of its offices."""
    if setup.offices == 1:
        return ProcessGroup(context)
    from booking.simulation.trees import Trees  # noqa: PLC0415 - few sales have several

    return Trees(context, scenario, setup.offices)


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


def store_at(path: Path, scenario: Scenario, *, durable: bool = False) -> Store:
    """Return the scenario's store at `path`, for its parent: a split one where every buyer has a share."""
    store = whole_store_at(path, scenario, durable=durable)
    if not scenario.is_split:
        return store
    from booking.lock_free.shares import PartitionedStore  # noqa: PLC0415 - few sales split their tickets

    return PartitionedStore(store, scenario)


def whole_store_at(path: Path, scenario: Scenario, *, durable: bool = False) -> Store:
    """Return the scenario's store at `path` without shares, as each of two trains has one."""
    store = store_named(scenario.store)(path, durable=durable)
    store.expects_swaps = lock_named(scenario.lock).swaps
    return store


def second_train(scenario: Scenario, path: Path, context: BaseContext, *, durable: bool = False) -> SecondTrain | None:
    """Return the second train, its store beside `path` and filled; None for a sale with one.

    Raises BadInputError, and leaves the file as it is, where it holds no count.
    """
    if scenario.trains == 1:
        return None
    beside = second_path(path)
    store = whole_store_at(beside, scenario, durable=durable)
    stocked(store, scenario, restock=True, context=context)
    return SecondTrain(store, lock_made(scenario, beside, context))


def lock_made(scenario: Scenario, path: Path, context: BaseContext) -> Lock:
    """Return the scenario's lock for the store at `path`; raises BadInputError where the system has none to give."""
    try:
        with fork_lock:  # making one may import a library, and a fork in the middle of an import leaves half of it
            return lock_named(scenario.lock)(path, context, scenario)
    except BookingError:
        raise
    except Exception as error:  # noqa: BLE001 - a lock of another package may raise anything
        raise BadInputError(f"cannot make the lock {scenario.lock} ({failure_line(error)}); use --lock file") from None


def stocked(store: Store, scenario: Scenario, *, restock: bool, context: BaseContext | None = None) -> Scenario:
    """Fill the store, a new one too, and return the scenario with what is for sale.

    The sale's processes come from `context`, None stands for the system's usual one.

    Raises BadInputError, and leaves the file as it is, where it holds no count, and where what is left shall be sold
    of a store that is new with every sale.
    """
    if not restock:
        require_lasting(store)
    left = store.prepare(context or context_named(None))
    if left is not None and not restock:
        scenario = replace(scenario, tickets=left)
    if left is None or restock or scenario.is_split:  # what is left has to be dealt out, too
        store.put(scenario.tickets)
    return scenario


def require_lasting(store: Store) -> None:
    """Raise BadInputError where nobody finds the count who is no process of one and the same sale."""
    if not store.outlives_sale:
        raise BadInputError(f"{store.where} is there for one sale and its own processes only; use --store json")


def context_named(start_method: str | None) -> BaseContext:
    """Return the processes' context: every lock and pipe of a sale comes from the same one.

    Raises BadInputError for a start method that this platform does not have.
    """
    methods = get_all_start_methods()
    start_method = start_method or (
        "fork" if sys.platform == "linux" else "spawn"
    )  # macOS libraries may abort in forks
    if start_method not in methods:
        raise BadInputError(f"there is no start method {start_method!r} here; use one of {', '.join(methods)}")
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
