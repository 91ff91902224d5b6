"""A lock that somebody has written with cells, named by its file: `--lock peterson.py`, or `peterson.py:Peterson`."""

import inspect
import weakref
from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from booking import cells
from booking.errors import BadInputError
from booking.locks import Lock, LockFacts, Reach
from booking.protection import Protection
from booking.scenario import Scenario
from booking.steps import Step
from booking.storage.cell_memory import CellMemory, cell_file
from booking.storage.source import MODULE, executed, parted, read
from booking.stores import Store

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext


class LockedByCells(Protection):
    """The plain purchase under a lock of one's own, whose every access to a cell is a step."""

    alone: ClassVar[bool] = True
    numbered: ClassVar[bool] = True
    facts = LockFacts(permits=None, freed_when_holder_dies=False, reach=Reach.MACHINE)

    def __init__(self, scenario: Scenario, store_kind: type[Store]) -> None:
        super().__init__(scenario, store_kind)
        self.own_lock = lock_of(scenario.lock)

    @property
    def steps(self) -> frozenset[str]:
        """Return the names of the steps of a purchase; real processes record no access, because they spin."""
        return super().steps | {Step.ACQUIRE, Step.RELEASE}

    def lock(self, path: Path, context: "BaseContext") -> Lock:
        """Return a new lock, whose cells lie in memory that all buyers share."""
        return CellLock(path, context, self.scenario)

    def lock_of(self, buyer: int, lock: Lock | None) -> Lock | None:
        """Return the lock as this buyer gets it, which knows the buyer's number."""
        return lock.as_seen_by(buyer) if isinstance(lock, CellLock) else lock


class CellLock(Lock):
    """A lock of cells between real processes; the file with its cells is removed with the parent's object."""

    facts = LockedByCells.facts

    def __init__(self, path: Path, context: "BaseContext", scenario: Scenario) -> None:
        super().__init__(path, context, scenario)
        self.name, self.buyers = scenario.lock, scenario.buyers
        self.me = 0
        self._memory: CellMemory | None = None
        self._lock: object = None
        with ExitStack() as stack:
            self.cells = stack.enter_context(cell_file(lock_of(self.name), self.buyers))
            weakref.finalize(self, stack.pop_all().close)

    def as_seen_by(self, buyer: int) -> "CellLock":
        """Return the lock of this buyer, counted from 1."""
        seen = object.__new__(CellLock)
        vars(seen).update(vars(self), me=buyer - 1)
        return seen

    def acquire(self, timeout: float | None = None) -> bool:
        """Wait for the lock, for as long as its own code does, and return that it is held."""
        del timeout
        self.opened(None).acquire(self.me)  # type: ignore[attr-defined]
        return True

    def release(self) -> None:
        """Give the lock back."""
        self.opened(None).release(self.me)  # type: ignore[attr-defined]

    def opened(self, world: cells.World | None) -> object:
        """Return the lock of this process in this world, None for the shared memory itself; it is made once."""
        if self._lock is None:
            world = world or self.memory()
            self._lock = cells.new_lock(lock_of(self.name), world)
            cells.enter(world)
        return self._lock

    def memory(self) -> CellMemory:
        """Return the cells, mapped into this process."""
        if self._memory is None:
            self._memory = CellMemory(lock_of(self.name), self.buyers, self.cells)
        return self._memory


@lru_cache(maxsize=32)
def lock_of(name: str) -> type:
    """Return the class that FILE or FILE:CLASS names; raise BadInputError."""
    file, kind = parted(name)
    try:
        lock = lock_in(read(Path(file)), file, kind)
    except BadInputError as error:
        raise BadInputError(f"{file}: {error}") from None
    require_lock(lock)
    return lock


def class_of(lock: type | str) -> type:
    """Return a lock's class, which a child process is told by its file where it cannot import it; raise BadInputError.

    "FILE" and "FILE:CLASS" name one.
    """
    if isinstance(lock, str):
        return lock_of(lock)
    require_lock(lock)
    return lock


def lock_in(source: str, file: str, name: str | None) -> type:
    """Return the class in a text that is a lock, the one of this name if there is one; raise BadInputError."""
    module = executed(source, file)
    if name is not None:
        lock = getattr(module, name, None)
        if not isinstance(lock, type) or not is_lock(lock):
            raise BadInputError(f"it has no class {name:.60} with acquire and release")
        return lock
    locks = [kind for kind in vars(module).values() if isinstance(kind, type) and kind.__module__ == MODULE]
    locks = [kind for kind in dict.fromkeys(locks) if is_lock(kind)]
    if not locks:
        raise BadInputError("it has no class with acquire(self, me) and release(self, me)")
    if len(locks) > 1:
        names = ", ".join(kind.__name__ for kind in locks)
        raise BadInputError(f"it has several locks, {names:.200}; name one, as FILE:{locks[0].__name__:.60}")
    return locks[0]


def is_lock(kind: type) -> bool:
    """Return whether a class has the two methods of a lock."""
    return all(callable(getattr(kind, method, None)) for method in ("acquire", "release"))


def require_lock(lock: type) -> None:
    """Raise BadInputError for a class without `acquire(self, me)` and `release(self, me)`."""
    for name in ("acquire", "release"):
        method = inspect.getattr_static(lock, name, None)
        if not inspect.isfunction(method):
            raise BadInputError(f"{lock.__name__} has no method {name}(self, me); a lock needs acquire and release")
        if inspect.isgeneratorfunction(method) or inspect.iscoroutinefunction(method):
            raise BadInputError(f"{lock.__name__}.{name} is a generator or a coroutine; write a plain method")
        try:
            inspect.signature(method).bind(None, 0)
        except TypeError:
            raise BadInputError(f"{lock.__name__}.{name} must take (self, me), and nothing more") from None
