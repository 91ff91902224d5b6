"""A sale whose buyers are played by a few processes: `concurrent.futures.ProcessPoolExecutor`.

A process for each buyer does not scale to a hundred thousand; a pool starts a few and hands them one buyer after
the other. Two buyers are under way at once only where two workers are.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from queue import Empty, SimpleQueue
from typing import Any, TypeAlias, cast

from booking.errors import BadInputError, InconclusiveError
from booking.history.history import TIME_WAS_UP, WORKER_DIED, Ending, History
from booking.locks import Lock
from booking.processes import lifeline
from booking.processes.fork import fork_lock
from booking.processes.group import Process
from booking.processes.journal import END, IDLE, NOBODY, READY, Journal, Message
from booking.processes.lifeline import PipeEnds
from booking.processes.signals import mask
from booking.purchase import Outcome
from booking.simulation.buyer import Train, settled
from booking.simulation.desk import RealDesk
from booking.simulation.running import GRACE, IDLE_AFTER, READY_BASE, Plan, RunningSale
from booking.text.words import count_of

MOST_RECORDED = 1_000
"""A pool keeps every step of at most so many buyers. Of more it keeps how they ended, and no events."""
BATCH = 500
"""How many buyers a worker is handed at once if no events are kept; else one."""
_TERMINATED = -15
"""The exit code of the workers that Python ends because another one died."""


@dataclass(frozen=True, kw_only=True)
class WorkerTask:
    """All that a worker is told before its first buyer. `recorded` tells whether every step goes to the journal.

    A multiprocessing lock can only be handed to a process that starts, so it comes with this and not with a batch; or
    it is meant to come with a batch, to see what Python says, and is None here.
    """

    program: Callable[..., Outcome]
    train: Train
    ends: PipeEnds
    recorded: bool


@dataclass(frozen=True)
class Batch:
    """The buyers from number `first` on, by how long each one's payment takes, in seconds."""

    first: int
    pay_s: Sequence[float]
    lock: Lock | None = None
    """The lock, if it is handed over as an argument."""


BatchResult: TypeAlias = tuple[int, Sequence[tuple[Outcome, str | None]]]
"""The worker's process, and how each buyer of a batch ended, with the error of one that could not go on."""

_tasks: list[WorkerTask] = []
"""The one task of this process: a pool hands it to an initialiser, which can only leave it in a global."""


def begin(task: WorkerTask) -> None:
    """Get ready, and wait at the gate."""
    lifeline.become_child(task.ends, task.train.store.sweep_own)
    _tasks[:] = [task]
    Journal(NOBODY, task.ends.journal).record(READY, "call")
    lifeline.wait_for_gate(task.ends.gate, task.ends.lifeline)


def play(batch: Batch) -> BatchResult:
    """Be these buyers, one after the other, and return how they ended."""
    (task,) = _tasks
    if batch.lock is not None:
        task = replace(task, train=replace(task.train, lock=batch.lock))
    return os.getpid(), [_play_one(task, buyer, pay_s) for buyer, pay_s in enumerate(batch.pay_s, batch.first)]


def _play_one(task: WorkerTask, buyer: int, pay_s: float) -> tuple[Outcome, str | None]:
    record = Journal(buyer, task.ends.journal).record if task.recorded else None
    desk = RealDesk(task.train.store, task.train.lock, record or (lambda *_: None), pay_s)
    outcome, error = settled(partial(task.program, desk))
    if record:
        record(END, "return", outcome, error)
    return outcome, error


class PoolSale(RunningSale):
    """A sale on a pool of processes, which belong to the group."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self._group, self._setup, self._buyers = plan.group, plan.setup, plan.scenario.buyers
        self._recorded = self._buyers <= MOST_RECORDED
        size = 1 if self._recorded else BATCH
        starts = range(0, self._buyers, size)
        self._size, self._starts = size, starts
        self._waiting: deque[Batch] = deque()
        self._answers: dict[int, Ending] = {}
        self._under_way: dict[Future[BatchResult], Batch] = {}
        self._done: SimpleQueue[Future[BatchResult]] = SimpleQueue()
        self._is_broken = False
        self._timed_out = False

    def hold(self, timeout: float) -> History:
        """Hold the sale; the pool is gone when this returns or raises."""
        program, train, pay_s = self.plan.protection.program, self.plan.trains[0], self.plan.pay_s
        with ExitStack() as stack:
            lock = None
            if self._setup.hand_over != "initializer":
                lock = train.lock if self._setup.hand_over == "argument" else stack.enter_context(self._managed_lock())
                train = replace(train, lock=None)
            batches = (Batch(start + 1, pay_s[start : start + self._size], lock) for start in self._starts)
            self._waiting.extend(batches)
            task = WorkerTask(program=program, train=train, ends=self._group.ends, recorded=self._recorded)
            self._pool = ProcessPoolExecutor(
                min(self._setup.pool, len(self._waiting)),
                mp_context=cast("BaseContext", _ListingContext(self._group.context, self._group.processes)),
                initializer=begin,
                initargs=(task,),
            )
            stack.callback(self._close)
            return super().hold(timeout)

    def _close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
        while self._group.processes:  # the library keeps files open until no reference to a process is left
            process = self._group.processes.pop()
            if isinstance(process, BaseProcess):
                process.close()

    @contextmanager
    def _managed_lock(self) -> Iterator[Lock | None]:
        """Start a manager process, which holds the lock, and yield what stands for it elsewhere."""
        from multiprocessing.managers import SyncManager  # noqa: PLC0415 - 20 ms, and few pools have one

        with fork_lock, mask():
            manager = SyncManager(ctx=self._group.context)
            manager.start(lifeline.become_child, (self._group.ends, int))
        with manager:
            yield self.plan.protection.lock(self.plan.trains[0].store.path, cast("BaseContext", manager))

    def _start(self) -> None:
        self._submit()
        while self._waiting and self._setup.submit == "async":
            self._submit()

    def _submit(self) -> None:
        self._check_interrupted()
        batch = self._waiting.popleft()
        with fork_lock, mask():
            try:
                future = self._pool.submit(play, batch)
            except BrokenExecutor:
                self._is_broken = True
                return
            except OSError as error:
                raise BadInputError(f"cannot start {self._setup.pool} workers ({error.strerror}); use fewer") from None
        self._under_way[future] = batch
        future.add_done_callback(self._done.put)

    def _gather(self) -> None:
        needed = min(self._setup.pool, len(self._under_way))
        deadline = time.monotonic() + READY_BASE
        while len(self.recorder.ready_pids) < needed and not self._is_broken and time.monotonic() < deadline:
            self._group.inbox.poll(IDLE_AFTER)
            self._hear(0)
        if not self.recorder.ready_pids:
            raise InconclusiveError(
                'no worker got ready; a script has to call simulate() under `if __name__ == "__main__":`'
            )

    def _listen(self, timeout: float) -> bool:
        """Collect the answers as they come and hand in what waits; return whether the time was up before the end."""
        deadline = time.monotonic() + timeout
        while (self._under_way or self._waiting) and not self._is_broken:
            if (left := deadline - time.monotonic()) <= 0:
                self._timed_out = True
                return True
            if not self._under_way:
                self._submit()
            self._hear(min(left, IDLE_AFTER))
        self._end_workers()
        self._hear(0)
        return False

    def _hear(self, seconds: float) -> None:
        """Collect the answers that are there, waiting for the first at most so many seconds, then the messages."""
        self._check_interrupted()
        try:
            self._collect(self._done.get(timeout=seconds) if seconds else self._done.get_nowait())
            while True:
                self._collect(self._done.get_nowait())
        except Empty:
            pass
        if seconds and self.plan.watch and self._recorded and not self._group.inbox.poll(0):
            self.plan.watch(Message(NOBODY, 0, time.monotonic_ns(), IDLE, "call", None))
        while self._group.inbox.poll(0):
            self._next()

    def _collect(self, future: Future[BatchResult]) -> None:
        batch = self._under_way.pop(future)
        try:
            pid, played = future.result()
        except BrokenExecutor:
            self._is_broken = True
            return
        except RuntimeError as refusal:  # Python does not pickle the lock
            raise BadInputError(
                f"Python cannot hand over the lock as an argument: RuntimeError: {refusal}; use --hand-over initializer"
            ) from None
        for buyer, (outcome, error) in enumerate(played, batch.first):
            self._answers[buyer] = Ending(buyer, pid, outcome, error=error)

    def _end_workers(self) -> None:
        limit = threading.Timer(GRACE, self._group.kill_all)
        limit.start()
        self._pool.shutdown(wait=True, cancel_futures=True)
        limit.cancel()

    def _endings(self) -> tuple[Ending, ...]:
        exits = {process.pid: process.exitcode for process in self._group.processes}
        seen = {event.buyer: event.pid for event in self.recorder.events}
        return tuple(
            self._answers.get(buyer) or self._unanswered(buyer, seen.get(buyer, 0), exits)
            for buyer in range(1, self._buyers + 1)
        )

    def _unanswered(self, buyer: int, pid: int, exits: dict[int | None, int | None]) -> Ending:
        """Return the ending of a buyer in doubt: without events it is unknown whether it had begun to write."""
        if buyer in self.recorder.ended:
            return self.recorder.ending(buyer, self.recorder.ended[buyer].pid, 0, alive=False)
        in_doubt = buyer in self.recorder.wrote or not self._recorded
        outcome = Outcome.UNKNOWN if in_doubt else Outcome.UNFINISHED
        return Ending(buyer, pid, outcome, exits.get(pid), error=TIME_WAS_UP if self._timed_out else WORKER_DIED)

    def _notes(self) -> tuple[str, ...]:
        workers, buyers = count_of(self._setup.pool, "worker"), count_of(self._buyers, "buyer")
        notes = [f"{workers} of a pool played {buyers}: {_SUBMITTED[self._setup.submit]}"]
        if not self._recorded:
            notes.append(
                f"A pool keeps no events of more than {count_of(MOST_RECORDED, 'buyer')}, only how they ended."
            )
        notes += [
            f"A worker (process {process.pid}) died (exit code {process.exitcode}), so Python ended the pool."
            for process in self._group.processes
            if self._is_broken and process.exitcode not in {0, None, _TERMINATED}
        ]
        return tuple(notes)


_SUBMITTED = {
    "async": "all were handed in at once, and their answers collected afterwards.",
    "sync": "each was handed in only when the one before it had its answer. So they came one after the other, "
    "and no race could show.",
}


class _ListingContext:
    """A context that lists the processes it makes: the pool has no verb to end a worker before Python 3.14."""

    def __init__(self, context: BaseContext, processes: list[Process]) -> None:
        self._context = context
        self._processes = processes

    def Process(self, *args: Any, **kwargs: Any) -> Process:  # noqa: ANN401, N802 - the context's own verb
        """Make a process and keep it."""
        process: Process = self._context.Process(*args, **kwargs)  # type: ignore[attr-defined]
        self._processes.append(process)
        return process

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the context has
        return getattr(self._context, name)
