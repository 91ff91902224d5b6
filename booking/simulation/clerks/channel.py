"""What lies between buyers and clerks: a question goes one way and its answer comes back.

One file of this folder is one channel. The parent makes it before anybody starts; each process is handed its own
side of it and closes what it inherited of the others', because an end that somebody holds open never ends.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from typing import Any, NamedTuple

from booking.errors import InconclusiveError
from booking.history.history import CLERK_DIED
from booking.purchase import Outcome

LOOK = "look"
BUY = "buy"
FULL = "full"
"""Told to the journal by a buyer that found the queue full."""
EMPTY = "empty"
"""Told to the journal by a clerk that found the queue empty."""

Tell = Callable[[str], None]


class Question(NamedTuple):
    """What a buyer asks of a clerk: LOOK or BUY, and how long its payment takes, in seconds."""

    buyer: int
    word: str
    pay_s: float


class Answer(NamedTuple):
    """How the buyer's purchase ended, None where it goes on, with what went wrong where it could not."""

    outcome: Outcome | None
    error: str | None = None


class ClerkDiedError(InconclusiveError):
    """The clerk that was asked, or one that may have had the question, has ended."""

    def __init__(self) -> None:
        super().__init__(CLERK_DIED)


class Side:
    """One process's side of a channel. `unused` are the ends that a fork inherits and has to close."""

    def __init__(self, unused: Sequence[Connection]) -> None:
        self._unused = unused

    def close_unused(self) -> None:
        """Close, in this side's own process, what belongs to the others."""
        for end in self._unused:
            end.close()
        self._unused = ()

    def __getstate__(self) -> dict[str, Any]:
        """Drop the others' ends: a spawned process gets only what it is given."""
        return self.__dict__ | {"_unused": ()}


class BuyersSide(Side, ABC):
    """What a buyer asks through."""

    @abstractmethod
    def ask(self, question: Question, tell: Tell) -> Answer:
        """Send the question and wait for its answer; `tell` hears FULL. Raises ClerkDiedError."""

    @abstractmethod
    def leave(self) -> None:
        """Give back what asking may still hold; a process that has all its answers ends only after this."""


class ClerksSide(Side, ABC):
    """What a clerk listens to."""

    @abstractmethod
    def questions(self, tell: Tell) -> Iterator[Question]:
        """Yield each question as it comes, until there will be no more; `tell` hears EMPTY."""

    @abstractmethod
    def answer(self, question: Question, answer: Answer) -> None:
        """Answer the question that was yielded last, if its buyer is still there."""


class Channel(ABC):
    """The parent's part: it hands out the sides in the order of the buyers, then those of the clerks.

    A side is made, its process started, and `started` called; then the next one.
    """

    @abstractmethod
    def __init__(self, context: BaseContext, clerks: int) -> None:
        """Prepare the channel. Raise OSError if the system has no room for it."""

    @abstractmethod
    def for_next_buyer(self) -> BuyersSide:
        """Return the side of the next buyer, from 1."""

    @abstractmethod
    def for_next_clerk(self) -> ClerksSide:
        """Return the side of the next clerk, from 1, when all buyers have started."""

    def started(self) -> None:  # noqa: B027 - only pipes need it
        """Close, in the parent, what only the process that was started last may hold."""

    def finish(self) -> None:  # noqa: B027 - only a queue needs it
        """Let the clerks go home when all buyers have had their answers and ended."""

    def abandon(self) -> None:  # noqa: B027 - only a queue needs it
        """Let everybody stop waiting, because a buyer or a clerk has died."""

    @abstractmethod
    def close(self) -> None:
        """Close everything that the parent holds, when all processes have ended."""
