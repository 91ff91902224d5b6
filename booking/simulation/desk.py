"""The desk of a real sale: every step happens on the real store with the real lock, and is recorded."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeVar

from booking.errors import InconclusiveError, MalformedStoreError, TornReadError
from booking.locks import Lock
from booking.processes.journal import Record
from booking.purchase import NOT_HELD, require_count
from booking.steps import CHANGED, PAY, TORN, Step, Value
from booking.stores import Store

_Result = TypeVar("_Result")


class RealDesk:
    """What a buyer's process is handed: see `booking.purchase.Desk` for the contract.

    `record` is told of every step before and after it. `pay_s` is how long this buyer's payment takes, in seconds, and
    `timeout` how long it waits for the lock; None waits without a limit. With the lock None there is none.
    """

    def __init__(
        self, store: Store, lock: Lock | None, record: Record, pay_s: float, timeout: float | None = None
    ) -> None:
        self._store = store
        self._record = record
        self._pay_s = pay_s
        self.lock = LockAtDesk(lock, record, timeout)

    def look(self) -> int:
        """Read the count, outside the lock."""
        return self._read(Step.LOOK)

    def read(self) -> int:
        """Read the count that the purchase is based on."""
        return self._read(Step.READ)

    def pay(self) -> None:
        """Sleep for as long as the payment takes."""
        self._record(PAY, "call")
        if self._pay_s:
            time.sleep(self._pay_s)
        self._record(PAY, "return")

    def write(self, count: int) -> None:
        """Write the count, in as many steps as the store takes; raise ValueError for a count that is no number."""
        require_count(count)
        for step, action in self._store.write(count):
            self.perform(step, action, count)

    def swap(self, expected: int, count: int) -> bool:
        """Compare and swap in one step of the store."""
        found: Value = self.perform(
            Step.SWAP, lambda: count if self._store.swap(expected, count) else CHANGED, expected
        )
        return found != CHANGED

    def perform(self, step: Step, action: Callable[[], _Result], value: Value = None) -> _Result:
        """Do one step between its call and its return in the journal."""
        self._record(step, "call", value)
        result = action()
        self._record(step, "return", result if isinstance(result, int | str) else value)
        return result

    def _read(self, step: Step) -> int:
        try:
            return self.perform(step, self._store.read)
        except MalformedStoreError as error:
            self._record(step, "return", TORN)
            raise TornReadError(str(error)) from None


class LockAtDesk:
    """The sale's lock, whose steps are recorded; None takes no step.

    A reentrant lock is taken once, however often its holder takes it: the other times touch nothing that is shared.
    """

    def __init__(self, lock: Lock | None, record: Record, timeout: float | None = None) -> None:
        self._lock = lock
        self._record = record
        self._timeout = timeout
        self._held = 0

    def acquire(self) -> None:
        """Wait for the lock and take it."""
        if self._lock is not None:
            if not (self._held and self._lock.facts.reentrant):
                self._take(self._lock)
            self._held += 1

    def release(self) -> None:
        """Give the lock back; raise RuntimeError if it was not taken."""
        if self._lock is not None:
            if not self._held:
                raise RuntimeError(NOT_HELD)
            self._held -= 1
            if not (self._held and self._lock.facts.reentrant):
                self._give_back(self._lock)

    def abandon(self) -> None:
        """Forget what was not given back, as if this process ended: the system frees some locks, and others not."""
        if self._lock is not None and self._held and self._lock.facts.freed_when_holder_dies:
            self._lock.release()
        self._held = 0

    def _take(self, lock: Lock) -> None:
        self._record(Step.ACQUIRE, "call")
        if not lock.acquire(self._timeout):
            raise InconclusiveError(f"the lock was still held after {self._timeout:g} s")
        self._record(Step.ACQUIRE, "return")

    def _give_back(self, lock: Lock) -> None:
        self._record(Step.RELEASE, "call")
        lock.release()
        self._record(Step.RELEASE, "return")

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
