"""A lock that is written with cells, at the scripted desk: each access of `acquire` and `release` is a step."""

import sys
from collections.abc import Callable, Hashable
from types import MethodType, TracebackType
from typing import Self

from booking import cells
from booking.cells import Access, Value
from booking.grading.code import NO_CODE, HiddenError, KnownCode, code_of
from booking.grading.moments import Moments
from booking.model.operation import Operation, Result
from booking.purchase import NOT_HELD
from booking.steps import Step


class OwnCode:
    """The class of a lock, and all code that it runs; without any, nothing of it is seen."""

    def __init__(self, kind: type) -> None:
        self.kind = kind
        try:
            self.known = code_of(kind)
        except HiddenError:
            self.known = NO_CODE
        self.file = kind.acquire.__code__.co_filename  # type: ignore[attr-defined]

    def scripted(
        self, me: int, buyers: int, take: Callable[[Operation], Result], is_over: Callable[[], bool]
    ) -> "ScriptedCells":
        """Return the lock of one buyer, which takes its steps by `take` and none when the buyer is on its way out."""
        return ScriptedCells(self, me, buyers, take, is_over)

    def memory(self, buyers: int) -> dict[str, int]:
        """Return the first value, packed, of each cell, by the name that the explorer gives it."""
        return {
            prefixed(cells.cell_text(self.kind, *cell)): bits
            for cell, bits in cells.cells_in(self.kind, buyers).items()
        }


def prefixed(cell: str) -> str:
    """Return the name of a cell of a lock in the explorer's world, which has a cell for the count as well."""
    return f"cell {cell}" if cell else ""


class ScriptedCells:
    """The lock of one buyer, and the world that it is in.

    `name` is what the desk's lock is called. `calls` counts those of `acquire` and `release` that have returned, and
    `held` how often it is acquired and not released.
    """

    def __init__(
        self, code: OwnCode, me: int, buyers: int, take: Callable[[Operation], Result], is_over: Callable[[], bool]
    ) -> None:
        self.name = "lock"
        self.buyers = buyers
        self.calls = self.held = 0
        self._code = code
        self._me = me
        self._take = take
        self._is_over = is_over
        self._moments: Moments | None = None
        self._lock = cells.new_lock(code.kind, self)

    def access(self, access: Access) -> Value:
        """Take one step."""
        name = cells.cell_text(self._code.kind, access.name, access.at) if access.name else ""
        told = self._take(Operation(Step.ACCESS, prefixed(name), access=access))
        told = told if isinstance(told, int) else 0
        if self._moments is not None:
            self._moments.told.append(told)
        return cells.unpack(told)

    def state(self) -> Hashable | None:
        """Return what is equal only if the lock's code goes on alike; None if that is hidden."""
        known: KnownCode = self._code.known
        moments = self._moments or Moments(known.facts, lambda _: None)
        moments.lock = self._lock
        if not known.facts or known.have_changed():
            return None
        try:
            private = moments.private_memory()
        except HiddenError:
            return None
        call = None if self._moments is None else self._moments.state()
        if self._moments is not None and call is None:
            return None
        return self._me, self.calls, self.held, private, call

    def acquire(self) -> None:
        """Run the lock's own code."""
        self._call("acquire")
        self.held += 1

    def release(self) -> None:
        """Run the lock's own code; raise RuntimeError if the buyer has not acquired."""
        if self._is_over():
            return
        if not self.held:
            raise RuntimeError(NOT_HELD)
        self.held -= 1
        self._call("release")

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _call(self, method: str) -> None:
        self._moments = Moments(self._code.known.facts, lambda _: None)
        self._moments.lock = self._lock
        tracing = sys.gettrace()
        cells.enter(self)
        try:
            if self._code.known.facts:
                sys.settrace(self._moments.trace)  # type: ignore[arg-type]
            MethodType(getattr(self._code.kind, method), self._lock)(self._me)
        finally:
            sys.settrace(tracing)
            cells.leave()
            self._moments.is_over = True
            self._moments.forget()
            self._moments = None
        self.calls += 1
