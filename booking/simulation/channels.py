"""What lies between buyers and clerks: a question goes one way and its answer comes back.

The parent makes a channel before anybody starts; each process is handed its own side of it and closes what it
inherited of the others', because an end that somebody holds open never ends.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from queue import Empty, Full
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, cast

from booking.errors import InconclusiveError
from booking.history.history import CLERK_DIED
from booking.purchase import Outcome

if TYPE_CHECKING:  # it does not exist on a system without semaphores
    from multiprocessing.queues import JoinableQueue

LOOK = "look"
BUY = "buy"
FULL = "full"
"""Told to the journal by a buyer that found the queue full."""
EMPTY = "empty"
"""Told to the journal by a clerk that found the queue empty."""
ROOM = 4
"""How many questions the queue holds; a buyer that finds it full waits."""
PATIENCE = 0.1
"""Seconds that a process waits at the queue before it looks whether the parent has closed the counter."""

Tell = Callable[[str], None]


class Question(NamedTuple):
    """What a buyer asks of a clerk: LOOK or BUY, and how long its payment takes, in seconds."""

    buyer: int
    word: str
    pay_s: float


class Answer(NamedTuple):
    """How the buyer's purchase ended, None if it goes on, with what went wrong if it could not."""

    outcome: Outcome | None
    error: str | None = None


class ClerkDiedError(InconclusiveError):
    """The clerk that was asked, or one that may have had the question, has ended."""

    def __init__(self) -> None:
        super().__init__(CLERK_DIED)


class Side:
    """One process's side of a channel. `unused` are the ends that a fork inherits and has to close.

    A buyer calls `ask`, which raises ClerkDiedError, and in the end `leave`; a clerk answers each of the `questions`
    before it takes the next. `tell` hears FULL and EMPTY.
    """

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


class PipeToClerk(Side):
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


class PipesToBuyers(Side):
    """A clerk's end of every one of its buyers' lines."""

    def __init__(self, pipes: Sequence[Connection], unused: Sequence[Connection]) -> None:
        super().__init__(unused)
        self._pipes = list(pipes)
        self._asking: Connection | None = None

    def questions(self, tell: Tell) -> Iterator[Question]:
        """Yield the questions; all who have spoken are served before anybody is served again."""
        del tell
        while self._pipes:
            for pipe in cast("list[Connection]", wait(self._pipes)):
                try:
                    question: Question = pipe.recv()
                except (EOFError, OSError):  # the buyer has ended, in the middle of a message perhaps
                    self._pipes.remove(pipe)
                    pipe.close()
                else:
                    self._asking = pipe
                    yield question

    def answer(self, question: Question, answer: Answer) -> None:
        """Send the answer down the pipe that the question came from."""
        del question
        with suppress(OSError):
            if self._asking is not None:
                self._asking.send(answer)


class QueueSide(Side):
    """A side of the queue. `closed` is a pipe that ends when the parent closes the counter without the queue."""

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


class QueueToClerks(QueueSide):
    """A buyer's side: the queue, and its own pipe for answers."""

    def ask(self, question: Question, tell: Tell) -> Answer:
        """Put the question and wait for its answer, or for the end of the counter."""
        self._put(question, tell)
        (answers,) = self._answers
        if answers not in wait([answers, self._closed]):
            raise ClerkDiedError
        answer: Answer = answers.recv()
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


class QueueToBuyers(QueueSide):
    """A clerk's side: the queue, and every buyer's pipe for answers."""

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
        with suppress(Empty):
            return self._line.get_nowait()
        tell(EMPTY)
        while not self._closed.poll(0):
            with suppress(Empty):
                return self._line.get(timeout=PATIENCE)
        return None


class Channel:
    """What the parent keeps: it hands each process its side, then says how far the sale is."""

    def __init__(self, context: BaseContext, clerks: int) -> None:
        self._context = context
        self._clerks = clerks

    def started(self) -> None:
        """Close, in the parent, what only the process that was started last may hold."""

    def finish(self) -> None:
        """Let the clerks go home: every buyer was served."""

    def abandon(self) -> None:
        """Close the counter: a process that died may never answer."""


class PipeChannel(Channel):
    """`multiprocessing.Pipe`, in both directions; the buyers are dealt out among the clerks like cards.

    Nothing is shared, so a buyer that is killed disturbs no other: each end has one holder, and when that dies, the
    other end is told (EOFError). A clerk goes home when all its buyers have closed their ends.
    """

    def __init__(self, context: BaseContext, clerks: int) -> None:
        super().__init__(context, clerks)
        self._hired = 0
        self._clerks_ends: list[Connection] = []
        self._fresh: list[Connection] = []

    def for_next_buyer(self) -> PipeToClerk:
        """Make one more pipe and return the buyer's end of it."""
        ours, clerks_end = self._context.Pipe()
        self._fresh = [ours]
        self._clerks_ends.append(clerks_end)
        return PipeToClerk(ours, tuple(self._clerks_ends))

    def for_next_clerk(self) -> PipesToBuyers:
        """Return the ends of every buyer whose turn it is to have this clerk; all buyers have started."""
        self._fresh = self._clerks_ends[self._hired :: self._clerks]
        self._hired += 1
        others = [end for end in self._clerks_ends if end not in self._fresh and not end.closed]
        return PipesToBuyers(self._fresh, others)

    def started(self) -> None:
        """Close, in the parent, what only the process that was started last may hold."""
        for end in self._fresh:
            end.close()

    def close(self) -> None:
        """Close what a start that failed has left open."""
        for end in (*self._fresh, *self._clerks_ends):
            end.close()


class QueueChannel(Channel):
    """`multiprocessing.JoinableQueue` for the questions, and a pipe for each buyer's answers.

    One queue is simple, fair, bounded, and lost if a process dies with its lock. Buyers put into it and clerks take
    from it under locks that have no owner: a buyer that is killed while it puts keeps the one lock, and no question of
    the others arrives; a clerk that is killed while it waits keeps the other. Python's documentation warns of it under
    `Process.terminate`.
    """

    def __init__(self, context: BaseContext, clerks: int) -> None:
        super().__init__(context, clerks)
        self._line: JoinableQueue[Question | None] = context.JoinableQueue(ROOM)
        self._closed, self._open = context.Pipe(duplex=False)
        self._pipes: list[tuple[Connection, Connection]] = []

    def for_next_buyer(self) -> QueueToClerks:
        """Make one more pipe for answers and return the buyer's side."""
        self._pipes.append(self._context.Pipe(duplex=False))
        return QueueToClerks(self._line, [self._pipes[-1][0]], self._closed, [self._open])

    def for_next_clerk(self) -> QueueToBuyers:
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


BuyersSide: TypeAlias = PipeToClerk | QueueToClerks
ClerksSide: TypeAlias = PipesToBuyers | QueueToBuyers
CHANNELS: dict[str, type[PipeChannel | QueueChannel]] = {"queue": QueueChannel, "pipe": PipeChannel}
