"""One queue for all questions: simple, fair, bounded, and lost when somebody dies with its lock.

Buyers put into it and clerks take from it under locks that have no owner. A buyer that is killed while it puts
keeps the one lock for ever, and nobody else's question arrives; a clerk that is killed while it waits keeps the
other. Python's documentation warns of it under `Process.terminate`.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from queue import Empty, Full
from typing import TYPE_CHECKING

from booking.simulation.clerks.channel import (
    EMPTY,
    FULL,
    Answer,
    BuyersSide,
    Channel,
    ClerkDiedError,
    ClerksSide,
    Question,
    Tell,
)

if TYPE_CHECKING:  # it does not exist on a system without semaphores
    from multiprocessing.queues import JoinableQueue

ROOM = 4
"""How many questions the queue holds; a buyer that finds it full waits."""
PATIENCE = 0.1
"""Seconds that a process waits at the queue before it looks whether the parent has closed the counter."""


class QueueChannel(Channel):
    """`multiprocessing.JoinableQueue` for the questions, and a pipe for each buyer's answers.

    `closed` is a pipe that ends when the parent closes the counter without the queue, because the queue may be lost.
    """

    def __init__(self, context: BaseContext, clerks: int) -> None:
        self._context = context
        self._clerks = clerks
        self._line: JoinableQueue[Question | None] = context.JoinableQueue(ROOM)
        self._closed, self._open = context.Pipe(duplex=False)
        self._pipes: list[tuple[Connection, Connection]] = []

    def for_next_buyer(self) -> "QueueToClerks":
        """Make one more pipe for answers and return the buyer's side."""
        self._pipes.append(self._context.Pipe(duplex=False))
        return QueueToClerks(self._line, self._pipes[-1][0], self._closed, [self._open])

    def for_next_clerk(self) -> "QueueToBuyers":
        """Return the side of the next clerk, with all the buyers' answers."""
        return QueueToBuyers(self._line, [answers for _, answers in self._pipes], self._closed, [self._open])

    def finish(self) -> None:
        """Wait until every question is done, and send each clerk a sentinel."""
        self._line.join()
        with suppress(Full):
            for _ in range(self._clerks):
                self._line.put(None, timeout=1)

    def abandon(self) -> None:
        """Close the counter without touching the queue: a process that died may have taken one of its locks along."""
        self._open.close()

    def close(self) -> None:
        """Close the queue and every pipe."""
        self._line.close()
        self._line.join_thread()
        for end in [self._closed, self._open, *(end for pipe in self._pipes for end in pipe)]:
            end.close()


class QueueToClerks(BuyersSide):
    """A buyer's side: the queue, its own pipe for answers, and the pipe that ends with the counter."""

    def __init__(
        self,
        line: "JoinableQueue[Question | None]",
        answers: Connection,
        closed: Connection,
        unused: Sequence[Connection],
    ) -> None:
        super().__init__(unused)
        self._line = line
        self._answers = answers
        self._closed = closed

    def ask(self, question: Question, tell: Tell) -> Answer:
        """Put the question and wait for its answer, or for the end of the counter."""
        self._put(question, tell)
        if self._answers not in wait([self._answers, self._closed]):
            raise ClerkDiedError
        answer: Answer = self._answers.recv()
        return answer

    def leave(self) -> None:
        """Wait for the thread that puts: it gives the queue's lock back a moment after the question has arrived.

        A buyer that ends in that moment takes the lock with it, as if it had been killed.
        """
        self._line.close()
        self._line.join_thread()

    def _put(self, question: Question, tell: Tell) -> None:
        try:
            self._line.put_nowait(question)
        except Full:
            tell(FULL)
        else:
            return
        while not self._closed.poll(0):
            with suppress(Full):
                self._line.put(question, timeout=PATIENCE)
                return
        raise ClerkDiedError


class QueueToBuyers(ClerksSide):
    """A clerk's side: the queue, everybody's pipe for answers, and the pipe that ends with the counter."""

    def __init__(
        self,
        line: "JoinableQueue[Question | None]",
        answers: Sequence[Connection],
        closed: Connection,
        unused: Sequence[Connection],
    ) -> None:
        super().__init__(unused)
        self._line = line
        self._answers = list(answers)
        self._closed = closed

    def questions(self, tell: Tell) -> Iterator[Question]:
        """Yield the questions in the order of the queue, until a sentinel comes or the counter is closed."""
        while (question := self._next(tell)) is not None:
            yield question

    def answer(self, question: Question, answer: Answer) -> None:
        """Say that the task is done, then answer: a buyer that has its answers knows that no task is open."""
        self._line.task_done()
        with suppress(OSError):
            self._answers[question.buyer - 1].send(answer)

    def _next(self, tell: Tell) -> Question | None:
        """Return the next question, None for a sentinel or a closed counter."""
        with suppress(Empty):
            return self._line.get_nowait()
        tell(EMPTY)
        while not self._closed.poll(0):
            with suppress(Empty):
                return self._line.get(timeout=PATIENCE)
        return None
