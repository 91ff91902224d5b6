"""A pipe for each buyer: nobody shares anything, so a buyer that is killed disturbs no other.

A clerk goes home when all its buyers have closed their ends.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from typing import cast

from booking.simulation.clerks.channel import Answer, BuyersSide, Channel, ClerkDiedError, ClerksSide, Question, Tell


class PipeChannel(Channel):
    """`multiprocessing.Pipe`, in both directions; the buyers are dealt out among the clerks like cards.

    Each end has one holder. So when a process dies, however it died, the other end is told: EOFError.
    """

    def __init__(self, context: BaseContext, clerks: int) -> None:
        self._context = context
        self._clerks = clerks
        self._hired = 0
        self._clerks_ends: list[Connection] = []
        self._fresh: list[Connection] = []

    def for_next_buyer(self) -> "PipeToClerk":
        """Make one more pipe and return the buyer's end of it."""
        ours, clerks_end = self._context.Pipe()
        self._fresh = [ours]
        self._clerks_ends.append(clerks_end)
        return PipeToClerk(ours, tuple(self._clerks_ends))

    def for_next_clerk(self) -> "PipesToBuyers":
        """Return the ends of every buyer whose turn it is to have this clerk."""
        self._fresh = self._clerks_ends[self._hired :: self._clerks]
        self._hired += 1
        others = [end for end in self._clerks_ends if end not in self._fresh and not end.closed]
        return PipesToBuyers(self._fresh, others)

    def started(self) -> None:
        """Close the ends that were handed out last."""
        for end in self._fresh:
            end.close()

    def close(self) -> None:
        """Close what a start that failed has left open."""
        for end in (*self._fresh, *self._clerks_ends):
            end.close()


class PipeToClerk(BuyersSide):
    """A buyer's own line to its clerk."""

    def __init__(self, pipe: Connection, unused: Sequence[Connection]) -> None:
        super().__init__(unused)
        self._pipe = pipe

    def ask(self, question: Question, tell: Tell) -> Answer:
        """Send the question and wait for its answer, or for the end of the clerk."""
        del tell
        try:
            self._pipe.send(question)
            answer: Answer = self._pipe.recv()
        except (EOFError, OSError):
            raise ClerkDiedError from None
        return answer

    def leave(self) -> None:
        """Close the pipe."""
        self._pipe.close()


class PipesToBuyers(ClerksSide):
    """A clerk's end of every one of its buyers' lines."""

    def __init__(self, pipes: Sequence[Connection], unused: Sequence[Connection]) -> None:
        super().__init__(unused)
        self._pipes = list(pipes)
        self._asking: Connection | None = None

    def questions(self, tell: Tell) -> Iterator[Question]:
        """Yield the questions of whoever speaks; all who have spoken are served before anybody is served again."""
        del tell
        while self._pipes:
            for pipe in cast("list[Connection]", wait(self._pipes)):
                question = self._heard(pipe)
                if question is not None:
                    self._asking = pipe
                    yield question

    def _heard(self, pipe: Connection) -> Question | None:
        try:
            question: Question = pipe.recv()
        except (EOFError, OSError):  # the buyer has ended, in the middle of a message perhaps
            self._pipes.remove(pipe)
            pipe.close()
            return None
        return question

    def answer(self, question: Question, answer: Answer) -> None:
        """Send the answer down the pipe that the question came from."""
        del question
        with suppress(OSError):
            if self._asking is not None:
                self._asking.send(answer)
