"""The registries: one line per lock and store. Choices, tables and contract tests derive from them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from booking.errors import BadInputError
from booking.lock_free.cas import CompareAndSwap, NaiveCompareAndSwap
from booking.lock_free.partition import Partition
from booking.locks import Lock, NoLock
from booking.locks.filelock import FileLock, SoftLock
from booking.locks.kernel import FairLock, FlockLock, InheritedLock, LockfLock
from booking.locks.multiprocessing import MultiprocessingLock, ReentrantLock, SemaphoreLock
from booking.protection import Locked, Protection
from booking.rules import impossible
from booking.scenario import PARTITION, Scenario, names_file
from booking.stores import Store
from booking.stores.file import InPlaceStore, JsonStore
from booking.stores.memory import MemoryStore, SharedMemoryStore
from booking.text.words import nearest

_Kind = TypeVar("_Kind")

LOCKS: dict[str, type[Lock | Protection]] = {
    "none": NoLock,
    "mp": MultiprocessingLock,
    "file": FileLock,
    "semaphore": SemaphoreLock,
    "rlock": ReentrantLock,
    "flock": FlockLock,
    "lockf": LockfLock,
    "fair": FairLock,
    "file-soft": SoftLock,
    "inherited": InheritedLock,
    "cas": CompareAndSwap,
    "cas-naive": NaiveCompareAndSwap,
    PARTITION: Partition,
}

STORES: dict[str, type[Store]] = {
    "json": JsonStore,
    "inplace": InPlaceStore,
    "memory": MemoryStore,
    "shared": SharedMemoryStore,
}


def protection_of(scenario: Scenario) -> Protection:
    """Return the protection that the scenario's lock and store form.

    Raise BadInputError for a name that does not exist, and for a lock, a store and trains that do not go together.
    """
    protection = _resolved(scenario)
    refusal = impossible(protection)
    if refusal is not None:
        raise BadInputError(refusal)
    return protection


def under(lock: str, scenario: Scenario) -> Scenario:
    """Return the scenario under this lock, with one permit if the lock does not read how many there are."""
    locked = replace(scenario, lock=lock)
    return locked if _resolved(locked).facts.permits == locked.permits else replace(locked, permits=1)


def go_together(lock: str, store: str) -> bool:
    """Return whether a sale can have both; raise BadInputError for a name that does not exist."""
    return _resolved(Scenario(lock=lock, store=store)).misfit() is None


def lock_named(name: str) -> type[Lock | Protection]:
    """Return the lock of this name, ours or one that another package declares under `booking.locks`.

    Raise BadInputError, with the existing names, for any other.
    """
    return _named(name, LOCKS, "lock", (Lock, Protection))


def store_named(name: str) -> type[Store]:
    """Return the store of this name, ours or one that another package declares under `booking.stores`.

    Raise BadInputError, with the existing names, for any other.
    """
    return _named(name, STORES, "store", (Store,))


def _resolved(scenario: Scenario) -> Protection:
    kind, store = lock_named(scenario.lock), store_named(scenario.store)
    return Locked(scenario, store, kind) if issubclass(kind, Lock) else kind(scenario, store)


def _named(name: str, ours: Mapping[str, type[_Kind]], what: str, bases: tuple[type, ...]) -> type[_Kind]:
    if name in ours:
        return ours[name]
    if what == "lock" and names_file(name):
        from booking.locks.own import LockedByCells  # noqa: PLC0415 - only for a lock that is named by its file

        return LockedByCells  # type: ignore[return-value]
    from importlib.metadata import entry_points  # noqa: PLC0415 - 50 ms, only for a name that is not ours

    theirs = entry_points(group=f"booking.{what}s")
    if name not in theirs.names:
        names = [*ours, *sorted(theirs.names)]
        raise BadInputError(f"there is no {what} {name!r:.60}{nearest(name, names)}; use one of {', '.join(names)}")
    try:
        found: type[_Kind] = theirs[name].load()
    except Exception as error:  # noqa: BLE001 - what a plug-in raises at import is not ours to know
        raise BadInputError(f"the {what} {name!r} of another package does not load: {error!r:.200}") from None
    if not (isinstance(found, type) and issubclass(found, bases)):
        raise BadInputError(f"the {what} {name!r} of another package is no class derived from {bases[0].__qualname__}")
    return found
