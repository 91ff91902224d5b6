"""The registries: one line per lock, store and report. Choices, tables and contract tests derive from them."""

from collections import UserDict
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, TypeAlias, TypeVar, cast

from booking.errors import BadInputError
from booking.locks import Lock, LockFacts
from booking.purchase import Desk, Outcome, journey, journey_back
from booking.scenario import PARTITION, Scenario
from booking.stores import Store

if TYPE_CHECKING:
    from booking.history.history import History
    from booking.history.verdict import Verdict

_Kind = TypeVar("_Kind")


class Registry(UserDict[str, type[_Kind]]):
    """Classes by name, each imported from its place, "module.Class", when it is asked for: a sale needs one of many."""

    def __init__(self, places: Mapping[str, str]) -> None:
        super().__init__(cast("Mapping[str, type[_Kind]]", places))

    def __getitem__(self, name: str) -> type[_Kind]:
        """Return the class of this name; raises KeyError."""
        place = cast("type[_Kind] | str", super().__getitem__(name))
        if isinstance(place, str):
            module, _, kind = place.rpartition(".")
            self[name] = getattr(import_module(f"booking.{module}"), kind)
        return super().__getitem__(name)


LOCKS: Registry[Lock] = Registry(
    {
        "none": "locks.none.NoLock",
        "mp": "locks.multiprocessing.MultiprocessingLock",
        "file": "locks.file.FileLock",
        "semaphore": "locks.semaphore.SemaphoreLock",
        "rlock": "locks.rlock.ReentrantLock",
        "flock": "locks.flock.FlockLock",
        "fair": "locks.fair.FairLock",
        "file-soft": "locks.file_soft.SoftLock",
        "cas": "lock_free.cas.CompareAndSwap",
        "cas-naive": "lock_free.cas_naive.NaiveCompareAndSwap",
        PARTITION: "lock_free.partition.PartitionedTickets",
    }
)

STORES: Registry[Store] = Registry(
    {
        "json": "stores.json.JsonStore",
        "inplace": "stores.inplace.InPlaceStore",
        "memory": "stores.memory.MemoryStore",
        "shared": "stores.shared.SharedMemoryStore",
    }
)

REPORTS: dict[str, str] = {
    "html": "booking.reports.page",
    "svg": "booking.reports.svg",
    "trace": "booking.reports.trace",
    "csv": "booking.reports.csv",
}
"""The module of each report: imported when it is asked for, so that a sale without a report pays nothing."""

Report: TypeAlias = "Callable[[History, Verdict], str]"


def lock_named(name: str) -> type[Lock]:
    """Return the lock of this name, ours or one that another package declares under `booking.locks`.

    Raises BadInputError, with the names that there are, for any other.
    """
    return _named(name, LOCKS, Lock, "booking.locks")


def store_named(name: str) -> type[Store]:
    """Return the store of this name, ours or one that another package declares under `booking.stores`.

    Raises BadInputError, with the names that there are, for any other.
    """
    return _named(name, STORES, Store, "booking.stores")


def report_named(name: str) -> Report:
    """Return the function that writes the report of this name; raises BadInputError for any other name."""
    if name not in REPORTS:
        raise BadInputError(f"there is no report {name!r}; use one of {', '.join(REPORTS)}")
    render: Report = import_module(REPORTS[name]).render
    return render


def facts_of(scenario: Scenario) -> LockFacts:
    """Return what the scenario's lock promises in this scenario.

    Raises BadInputError where the lock or the store does not exist, or where the two do not go together.
    """
    if not go_together(scenario.lock, scenario.store):
        able = ", ".join(name for name in STORES if go_together(scenario.lock, name))
        does = "splits the tickets into files" if scenario.is_split else "swaps the count"
        raise BadInputError(
            f"the lock {scenario.lock} {does}, which the store {scenario.store:.60} cannot; use --store {able}"
        )
    if scenario.trains > 1:
        _require_journey(scenario)
    return lock_named(scenario.lock).facts_in(scenario)


def go_together(lock: str, store: str) -> bool:
    """Tell whether a sale can have both; raises BadInputError where there is no such lock or store."""
    kind, place = lock_named(lock), store_named(store)
    if lock == PARTITION:
        return place.outlives_sale and len(place.write_steps) == 1
    return place.can_swap or not kind.swaps


def purchase_in(scenario: Scenario) -> Callable[[Desk], Outcome]:
    """Return what every buyer does on one train: the purchase, unless the lock is another way to buy."""
    return lock_named(scenario.lock).purchase


def purchase_of(scenario: Scenario, buyer: int) -> Callable[..., Outcome]:
    """Return what this buyer does, with a desk for each train: its lock's purchase, or the journey on two trains."""
    if scenario.trains == 1:
        return purchase_in(scenario)
    return journey_back if scenario.turns_back(buyer) else journey


def _require_journey(scenario: Scenario) -> None:
    """Raise BadInputError where this lock or this store is none for two trains."""
    if lock_named(scenario.lock).purchase is not Lock.purchase or scenario.is_split:
        raise BadInputError(
            f"{scenario.lock} is a way to buy on one train, and a journey takes two locks; use --lock mp or --lock none"
        )
    if not store_named(scenario.store).shared:
        raise BadInputError(
            f"with --store {scenario.store} nobody shares a train with anybody; use --store json with --trains 2"
        )


def _named(name: str, ours: Mapping[str, type[_Kind]], base: type, group: str) -> type[_Kind]:
    if name in ours:
        return ours[name]
    from importlib.metadata import entry_points  # noqa: PLC0415 - 50 ms, only for a name that is not ours

    what = base.__name__.lower()
    theirs = entry_points(group=group)
    if name not in theirs.names:
        raise BadInputError(f"there is no {what} {name!r:.60}; use one of {', '.join([*ours, *sorted(theirs.names)])}")
    try:
        found: type[_Kind] = theirs[name].load()
    except Exception as error:  # noqa: BLE001 - what a plug-in raises at import is not ours to know
        raise BadInputError(f"the {what} {name!r} of another package does not load: {error!r:.200}") from None
    if not (isinstance(found, type) and issubclass(found, base)):
        raise BadInputError(f"the {what} {name!r} of another package is no class derived from {base.__qualname__}")
    return found
