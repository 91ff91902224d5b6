"""One queue for all questions: simple, fair, bounded, and lost when somebody dies with its lock.

Buyers put into it and clerks take from it under locks that have no owner. A buyer that is killed while it puts
keeps the one lock for ever, and nobody else's question arrives; a clerk that is killed while it waits keeps the
other. Python's documentation warns of it under `Process.terminate`.
"""

import threading
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

ROOM = 4
"""How many questions the queue holds; a buyer that finds it full waits."""
PATIENCE = 0.1
"""Seconds after which one who waits at the queue looks up, to see whether the others are still there."""
CLOSING = 1.0
"""Seconds that the queue's own thread has to send what is left."""

if TYPE_CHECKING:
    from multiprocessing.queues import JoinableQueue


class QueueChannel(Channel):
    """`multiprocessing.JoinableQueue` for the questions, and a pipe for each buyer's answers.

    Every clerk holds one end of a pipe of its own, its pulse, which ends when the clerk does. `shut` ends when the
    parent closes the counter without the queue, because the queue may be lost.
    """

    def __init__(self, context: BaseContext, clerks: int) -> None:
        self._context = context
        self._clerks = clerks
        self._hired = 0
        self._line: JoinableQueue[Question | None] = context.JoinableQueue(ROOM)
        pairs = [context.Pipe(duplex=False) for _ in range(clerks)]
        self._pulses, self._hearts = [pulse for pulse, _ in pairs], [heart for _, heart in pairs]
        self._shut, self._shutter = context.Pipe(duplex=False)
        self._answers: list[Connection] = []
        self._fresh: Connection | None = None
        self._used = False

    def for_next_buyer(self) -> "QueueToClerks":
        """Make one more pipe for answers and return the buyer's side."""
        self._fresh, answers = self._context.Pipe(duplex=False)
        self._answers.append(answers)
        return QueueToClerks(self._line, self._fresh, self._pulses, [*self._answers, *self._hearts, self._shutter])

    def for_next_clerk(self) -> "QueueToBuyers":
        """Return the side of the next clerk: all the buyers' answers, and its own heart."""
        self._fresh = heart = self._hearts[self._hired]
        self._hired += 1
        others = [other for other in self._hearts[self._hired :] if other is not heart]
        return QueueToBuyers(self._line, self._answers, heart, self._shut, [*others, self._shutter])

    def started(self) -> None:
        """Close the end that was handed out last."""
        if self._fresh is not None:
            self._fresh.close()
        if self._hired == self._clerks:
            for answers in self._answers:
                answers.close()

    def finish(self, *, clean: bool) -> None:
        """Wait until every question is done and send each clerk a sentinel, or shut the counter without the queue.

        Where a buyer or a clerk has died the queue is not touched any more: one of its locks may be lost.
        """
        if clean:
            self._line.join()
            self._used = True
            with suppress(Full):
                for _ in range(self._clerks):
                    self._line.put(None, timeout=1)
                return
        self._shutter.close()

    def close(self) -> None:
        """Close the queue and every pipe.

        The queue's own thread is waited for, but not for ever: it waits itself for a lock that a killed process may
        have taken along.
        """
        if not self._used:
            self._line.cancel_join_thread()
        self._line.close()
        joining = threading.Thread(target=self._line.join_thread, daemon=True)
        joining.start()
        joining.join(CLOSING)
        ends = [*self._pulses, *self._hearts, self._shut, self._shutter, *self._answers]
        for end in [*ends, *([self._fresh] if self._fresh else [])]:
            end.close()


class QueueToClerks(BuyersSide):
    """A buyer's side: the queue, its own pipe for answers, and the pulses of all clerks."""

    def __init__(
        self,
        line: "JoinableQueue[Question | None]",
        answers: Connection,
        pulses: Sequence[Connection],
        unused: Sequence[Connection],
    ) -> None:
        super().__init__(unused)
        self._line = line
        self._answers = answers
        self._pulses = list(pulses)

    def ask(self, question: Question, tell: Tell) -> Answer:
        """Put the question and wait for its answer, or for the end of a clerk: it may have had the question."""
        self._put(question, tell)
        ready = wait([self._answers, *self._pulses])
        if self._answers not in ready:
            raise ClerkDiedError
        try:
            answer: Answer = self._answers.recv()
        except (EOFError, OSError):
            raise ClerkDiedError from None
        return answer

    def leave(self) -> None:
        """Wait for the thread that puts: it gives the queue's lock back a moment after the question has arrived.

        A buyer that is quicker, and ends in that moment, takes the lock with it, as if it had been killed.
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
        while not wait(self._pulses, 0):
            with suppress(Full):
                self._line.put(question, timeout=PATIENCE)
                return
        raise ClerkDiedError


class QueueToBuyers(ClerksSide):
    """A clerk's side: the queue, everybody's pipe for answers, and its own heart, which it only has to hold."""

    def __init__(
        self,
        line: "JoinableQueue[Question | None]",
        answers: Sequence[Connection],
        heart: Connection,
        shut: Connection,
        unused: Sequence[Connection],
    ) -> None:
        super().__init__(unused)
        self._line = line
        self._answers = list(answers)
        self._heart = heart
        self._shut = shut

    def questions(self, tell: Tell) -> Iterator[Question]:
        """Yield the questions in the order of the queue, until a sentinel comes or the counter is shut."""
        while (question := self._next(tell)) is not None:
            yield question

    def answer(self, question: Question, answer: Answer) -> None:
        """Say that the task is done, then answer: who has all answers knows that no task is open."""
        self._line.task_done()
        with suppress(OSError):
            self._answers[question.buyer - 1].send(answer)

    def _next(self, tell: Tell) -> Question | None:
        """Return the next question, None for a sentinel or a counter that was shut: nobody waits for the rest."""
        first = True
        while not wait([self._shut], 0):
            with suppress(Empty):
                return self._line.get_nowait() if first else self._line.get(timeout=PATIENCE)
            if first:
                tell(EMPTY)
            first = False
        return None
