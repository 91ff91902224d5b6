"""The buyers' processes: started one after the other, told when the gate opens, and always brought home."""

import contextlib
import gc
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Any, Self

from booking.errors import BadInputError
from booking.simulation import guard
from booking.simulation.ends import Ends
from booking.simulation.forked import ForkedProcess


@dataclass
class Company:
    """A group of processes with one journal, one gate and one lifeline between them and their parent.

    A context manager: on the way out no process is left alive and none stays uncollected.
    """

    context: BaseContext
    processes: list[guard.Process] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.inbox, self._outbox = self.context.Pipe(duplex=False)
        self._waiting, self._gate = self.context.Pipe(duplex=False)
        self._lifeline, self._life = self.context.Pipe(duplex=False)

    @property
    def start_method(self) -> str:
        """Return fork, spawn or forkserver."""
        return str(self.context.get_start_method())

    @property
    def ends(self) -> Ends:
        """Return what a process that starts now has to be handed."""
        inherited = (self.inbox, self._gate, self._life) if self.start_method == "fork" else ()
        return Ends(self._outbox, self._waiting, self._lifeline, inherited)

    def start(self, target: Callable[[Any], None], argument: object, name: str) -> None:
        """Start one more process; raises BadInputError where the system has no room for it."""
        process = self._made(target, argument, name)
        try:
            with guard.interruptions_deferred():
                self.processes.append(process)
                process.start()
        except OSError as error:
            self.processes.pop()
            raise BadInputError(
                f"the system starts no more than {len(self.processes)} processes here ({error.strerror}); "
                "use fewer buyers"
            ) from None

    def _made(self, target: Callable[[Any], None], argument: object, name: str) -> guard.Process:
        if self.start_method == "fork":
            return ForkedProcess(target, argument, name)
        made: BaseProcess = self.context.Process(  # type: ignore[attr-defined]
            target=target, args=(argument,), name=name, daemon=True
        )
        return made

    def complete(self) -> None:
        """Say that no more processes will start: from now on the inbox ends when they have all ended."""
        self._outbox.close()
        self._waiting.close()
        self._lifeline.close()

    def open_gate(self) -> None:
        """Let everybody in at once: the message makes the gate readable, and nobody takes it away."""
        self._gate.send_bytes(b"open")

    def all_ended(self) -> bool:
        """Return whether no process is alive any more."""
        return all(process.exitcode is not None for process in self.processes)

    def all_end_within(self, seconds: float) -> bool:
        """Wait up to so many seconds and return whether no process is alive any more."""
        deadline = time.monotonic() + seconds
        for process in self.processes:
            process.join(max(0.0, deadline - time.monotonic()))
        return self.all_ended()

    def dismiss(self) -> None:
        """End and collect every process that is still there."""
        guard.reap(self.processes)

    def __enter__(self) -> Self:
        gc.freeze()  # a collection in a forked child would copy every page that it only has to look at
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        gc.unfreeze()
        with guard.interruptions_deferred():
            self.dismiss()
            for end in (self.inbox, self._outbox, self._waiting, self._gate, self._lifeline, self._life):
                end.close()


@contextlib.contextmanager
def room_for(processes: int) -> Iterator[None]:
    """Raise this process's limit of open files meanwhile: each child takes two descriptors of its parent's.

    Raises BadInputError where the system's own limit is too low.
    """
    try:
        import resource  # noqa: PLC0415 - not on Windows, which has no such limit
    except ImportError:
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = 2 * processes + 64
    if hard not in {-1, resource.RLIM_INFINITY} and hard < needed:
        raise BadInputError(f"{processes} buyers need {needed} open files and the limit is {hard}; use fewer buyers")
    if soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
