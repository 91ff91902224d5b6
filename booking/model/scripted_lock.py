"""A lock of ours at the scripted desk."""

from collections.abc import Callable
from types import TracebackType
from typing import Self

from booking.locks import LockFacts
from booking.model.operation import Operation, Result
from booking.purchase import NOT_HELD
from booking.steps import Step


class ScriptedLock:
    """A lock that takes steps as its `facts` say; with None it stops no buyer and takes no step.

    `held` are the locks that the buyer holds. A reentrant lock that its holder takes again, so many more times as
    `again` says, takes no step for that: it touches nothing that is shared.
    """

    def __init__(
        self,
        name: str,
        facts: LockFacts | None,
        held: list[str],
        take: Callable[[Operation], Result],
        is_over: Callable[[], bool],
    ) -> None:
        self.name = name
        self.again = 0
        self._facts = facts
        self._held = held
        self._take = take
        self._is_over = is_over

    def acquire(self) -> None:
        """Take the lock."""
        if self._facts is None:
            return
        if self._facts.reentrant and self.name in self._held:
            self.again += 1
            return
        self._take(Operation(Step.ACQUIRE, self.name))
        self._held.append(self.name)

    def release(self) -> None:
        """Give the lock back; raise RuntimeError if it is not held."""
        if self._facts is None or self._is_over():
            return
        if self.again:
            self.again -= 1
            return
        if self.name not in self._held:
            raise RuntimeError(NOT_HELD)
        self._take(Operation(Step.RELEASE, self.name))
        self._held.remove(self.name)

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
