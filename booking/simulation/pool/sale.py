"""A sale whose buyers are played by a few processes: `concurrent.futures.ProcessPoolExecutor`.

A process for each buyer does not scale to a hundred thousand; a pool starts a few and hands them one buyer after
the other. Two buyers are under way at once only where two workers are.
"""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import suppress
from multiprocessing.connection import wait
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from typing import Any, cast

from booking.errors import BadInputError, InconclusiveError
from booking.history.history import TIME_WAS_UP, WORKER_DIED, Ending, History
from booking.processes.fork import fork_lock
from booking.processes.group import Process
from booking.processes.journal import IDLE, NOBODY, Message
from booking.processes.signals import mask
from booking.purchase import Outcome
from booking.simulation.pool.worker import Batch, Played, WorkerTask, begin, play
from booking.simulation.running import GRACE, IDLE_AFTER, READY_BASE, Plan, RunningSale
from booking.text.words import count_of

MOST_RECORDED = 1_000
"""Of so many buyers at most a pool keeps every step. Of more it keeps how they ended, and no events."""
BATCH = 500
"""How many buyers a worker is handed at once where no events are kept; else one."""
_TERMINATED = -15
"""The exit code of the workers that Python ends because another one died."""


class PoolSale(RunningSale):
    """A sale under way on a pool of `setup.workers` processes, which are the company's."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self._answers: dict[int, tuple[int, Outcome, str | None]] = {}
        self._futures: dict[Future[Played], Batch] = {}
        self._is_broken = False
        self._timed_out = False

    def hold(self, timeout: float) -> History:
        """Hold the sale; the pool is gone when this returns or raises."""
        context = cast("BaseContext", _Watched(self.plan.group.context, self.plan.group.processes))
        self._recorded = self.plan.scenario.buyers <= MOST_RECORDED
        self._waiting = list(self._batches())
        self._woken, self._waker = self.plan.group.context.Pipe(duplex=False)
        task = WorkerTask(self.plan.store, self.plan.lock, self.plan.group.ends, self._recorded)
        workers = min(self.plan.setup.workers, len(self._waiting))
        self._pool = ProcessPoolExecutor(workers, mp_context=context, initializer=begin, initargs=(task,))
        try:
            return super().hold(timeout)
        finally:
            self._pool.shutdown(wait=True, cancel_futures=True)  # its workers have been dismissed
            self._close()

    def _close(self) -> None:
        """Close what each process of the standard library keeps open until nobody refers to it any more."""
        self._woken.close()
        self._waker.close()
        while self.plan.group.processes:
            process = self.plan.group.processes.pop()
            if isinstance(process, BaseProcess):
                process.close()

    def _batches(self) -> Iterator[Batch]:
        size = 1 if self._recorded else BATCH
        for start in range(0, len(self.plan.pay_s), size):
            yield Batch(start + 1, self.plan.pay_s[start : start + size])

    def _open(self) -> int:
        """Hand in what can be handed in, and open the gate when the workers are ready."""
        if self.plan.setup.gate == "none":
            self.plan.group.open_gate()
        if self.plan.setup.submit == "sync":
            self._submit()
        else:
            while self._waiting:
                self._submit()
        self._gather()
        self._count_down()
        opened_ns = time.monotonic_ns()
        self.plan.group.open_gate()
        return opened_ns

    def _submit(self) -> None:
        self._heed()
        batch = self._waiting.pop(0)
        with fork_lock, mask(), suppress(BrokenExecutor):  # a broken pool is found by `_collect`
            try:
                future = self._pool.submit(play, batch)
            except OSError as error:
                raise BadInputError(
                    f"the system starts no {self.plan.setup.workers} workers ({error.strerror}); use fewer"
                ) from None
            self._futures[future] = batch
            future.add_done_callback(lambda _: self._waker.send_bytes(b"done"))
            return
        self._is_broken = True

    def _gather(self) -> None:
        """Wait until a worker is ready for each batch that was handed in, or all are."""
        ready: set[int] = set()
        needed = min(self.plan.setup.workers, len(self._futures))
        deadline = time.monotonic() + READY_BASE
        while len(ready) < needed and not self._is_broken and time.monotonic() < deadline:
            self._hear(IDLE_AFTER)
            ready = self.recorder.ready_pids
            self._collect()
        if not ready:
            raise InconclusiveError(
                'no worker got ready; a script has to call simulate() under `if __name__ == "__main__":`'
            )

    def _listen(self, timeout: float) -> bool:
        """Collect the answers as they come and hand in what waits; return whether the time was up before the end."""
        deadline = time.monotonic() + timeout
        while (self._futures or self._waiting) and not self._is_broken:
            if (left := deadline - time.monotonic()) <= 0:
                self._timed_out = True
                return True
            if not self._futures:
                self._submit()
            self._hear(min(left, IDLE_AFTER))
            self._collect()
        self._send_home()
        self._hear(0)
        return False

    def _hear(self, seconds: float) -> None:
        """Take the messages that are there; wait for one, or for an answer, for at most so many seconds."""
        self._heed()
        if not wait([self.plan.group.inbox, self._woken], seconds) and self.plan.watch and self._recorded:
            self.plan.watch(Message(NOBODY, 0, time.monotonic_ns(), IDLE, "call", None))
        while self._woken.poll(0):
            self._woken.recv_bytes()
        while self.plan.group.inbox.poll(0):
            self._next()

    def _collect(self) -> None:
        for future in [future for future in self._futures if future.done()]:
            batch = self._futures.pop(future)
            try:
                played = future.result()
            except BrokenExecutor:
                self._is_broken = True
                continue
            for buyer, outcome in enumerate(played.outcomes, batch.first):
                self._answers[buyer] = played.pid, outcome, played.errors.get(buyer)

    def _send_home(self) -> None:
        """Let the workers end by themselves; a stopped one is made to."""
        impatience = threading.Timer(GRACE, self.plan.group.kill_all)
        impatience.start()
        self._pool.shutdown(wait=True, cancel_futures=True)
        impatience.cancel()

    def _endings(self) -> tuple[Ending, ...]:
        exits = {process.pid: process.exitcode for process in self.plan.group.processes}
        seen = {event.buyer: event.pid for event in self.recorder.events}
        return tuple(
            self._answered(buyer) or self._unanswered(buyer, seen.get(buyer, 0), exits)
            for buyer in range(1, self.plan.scenario.buyers + 1)
        )

    def _answered(self, buyer: int) -> Ending | None:
        if buyer in self._answers:
            pid, outcome, error = self._answers[buyer]
            return Ending(buyer, pid, outcome, error=error)
        if buyer in self.recorder.ended:
            return self.recorder.ending(buyer, self.recorder.ended[buyer].pid, 0, alive=False)
        return None

    def _unanswered(self, buyer: int, pid: int, exits: dict[int | None, int | None]) -> Ending:
        """Return the ending of a buyer in doubt: without events nobody knows whether it had begun to write."""
        in_doubt = buyer in self.recorder.wrote or not self._recorded
        outcome = Outcome.UNKNOWN if in_doubt else Outcome.UNFINISHED
        return Ending(buyer, pid, outcome, exits.get(pid), error=TIME_WAS_UP if self._timed_out else WORKER_DIED)

    def _notes(self) -> tuple[str, ...]:
        """Say how the buyers were handed in, and what became of the pool."""
        workers, buyers = count_of(self.plan.setup.workers, "worker"), count_of(self.plan.scenario.buyers, "buyer")
        notes = [f"{workers} of a pool played {buyers}: {_SUBMITTED[self.plan.setup.submit]}"]
        if not self._recorded:
            notes.append(
                f"A pool keeps no events of more than {count_of(MOST_RECORDED, 'buyer')}, only how they ended."
            )
        ended = self.plan.group.processes if self._is_broken else []
        notes += [
            f"A worker (process {process.pid}) died (exit code {process.exitcode}), so Python ended the pool."
            for process in ended
            if process.exitcode not in {0, None, _TERMINATED}
        ]
        return tuple(notes)


_SUBMITTED = {
    "async": "all were handed in at once, and their answers collected afterwards.",
    "sync": (
        "each was handed in only when the one before it had its answer. So they came one after the other, "
        "and no race could show."
    ),
}


class _Watched:
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
