"""The buyers' processes: started one after the other, told when the gate opens, and always brought home."""

import contextlib
import gc
import os
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from booking.errors import BadInputError
from booking.processes import lifeline
from booking.processes.ends import PipeEnds
from booking.processes.forked import ForkedProcess, forking
from booking.processes.pipes import one_way
from booking.processes.signals import masked

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import BaseContext

AT_ONCE = 50
"""Forks while interruptions are held back once, for about 50 ms: to hold them back anew makes each copy more pages."""

_groups: "weakref.WeakSet[ProcessGroup]" = weakref.WeakSet()
"""Those of this process. Two sales may run in two threads, and a fork inherits the pipes of both."""


def _forget_groups() -> None:
    """Close, in a forked child, the ends that belong to the parent: they would keep the pipes open."""
    for group in list(_groups):
        for end in group.parents_ends:
            with contextlib.suppress(OSError):
                end.close()
    _groups.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_groups)


class ProcessGroup:
    """A group of processes with one journal, one gate and one lifeline between them and their parent.

    With `daemon` a process may have no children of its own; a forked one is no daemon, and may.

    A context manager: on the way out no process is left alive and none stays uncollected. Making one raises
    BadInputError where the system has no room for its pipes.
    """

    def __init__(self, context: "BaseContext", *, daemon: bool = True) -> None:
        self.context = context
        self.daemon = daemon
        self.processes: list[lifeline.Process] = []
        self.start_method = str(context.get_start_method())
        try:
            with forking:
                self.inbox, self._outbox = one_way(self.context)
                self._waiting, self._gate = one_way(self.context)
                self._lifeline, self._life = one_way(self.context)
                _groups.add(self)
        except OSError as error:
            raise BadInputError(
                f"the system has no room for the pipes of a sale ({error.strerror}); close some programs"
            ) from None

    @property
    def ends(self) -> PipeEnds:
        """Return what a process that starts now has to be handed."""
        return PipeEnds(self._outbox, self._waiting, self._lifeline)

    @property
    def parents_ends(self) -> "tuple[Connection, Connection, Connection]":
        """Return the ends of the pipes that belong to the parent alone."""
        return self.inbox, self._gate, self._life

    def start(self, target: Callable[[Any], None], argument: object, name: str) -> None:
        """Start one more process; raises BadInputError where the system has no room for it."""
        with masked():
            self._begin(target, argument, name)

    def start_all(self, target: Callable[[Any], None], arguments: Iterable[tuple[object, str]]) -> None:
        """Start a process for each argument and name; raises BadInputError where the system has no room for one."""
        waiting, at_once = iter(arguments), AT_ONCE if self.start_method == "fork" else 1
        while few := list(islice(waiting, at_once)):
            with masked():
                for argument, name in few:
                    self._begin(target, argument, name)

    def _begin(self, target: Callable[[Any], None], argument: object, name: str) -> None:
        begin(self._made(target, argument, name), self.processes)

    def _made(self, target: Callable[[Any], None], argument: object, name: str) -> lifeline.Child:
        if self.start_method == "fork":
            return ForkedProcess(target, argument, name)
        made: lifeline.Child = self.context.Process(  # type: ignore[attr-defined]
            target=target, args=(argument,), name=name, daemon=self.daemon
        )
        return made

    def complete(self) -> None:
        """Say that no more processes will start: from now on the inbox ends when they have all ended."""
        self._outbox.close()
        self._waiting.close()
        self._lifeline.close()

    def open_gate(self) -> None:
        """Let everybody in at once: the message makes the gate readable, and nobody takes it away."""
        with contextlib.suppress(BrokenPipeError):  # nobody is left to be let in
            self._gate.send_bytes(b"open")

    def all_ended(self) -> bool:
        """Return whether no process is alive any more.

        All are asked, because asking collects the dead: a lock may be taken over only from a process that is gone.
        """
        return None not in [process.exitcode for process in self.processes]

    def all_end_within(self, seconds: float) -> bool:
        """Wait up to so many seconds and return whether no process is alive any more."""
        deadline = time.monotonic() + seconds
        for process in self.processes:
            process.join(max(0.0, deadline - time.monotonic()))
        return self.all_ended()

    def kill_all(self) -> None:
        """End and collect every process that is still there."""
        lifeline.reap(self.processes)

    def __enter__(self) -> Self:
        gc.freeze()  # a collection in a forked child would copy every page that it only has to look at
        if self.start_method != "fork":
            _start_tracker()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with masked():
            self.kill_all()
            with forking:
                for end in (*self.parents_ends, self._outbox, self._waiting, self._lifeline):
                    end.close()
                _groups.discard(self)
            gc.unfreeze()


def begin(process: lifeline.Child, among: list[lifeline.Process]) -> None:
    """Start a process and add it to the others; raises BadInputError where the system has no room for it.

    Interruptions have to be masked: a child that starts must not meet Ctrl-C before `lifeline.enter`.
    """
    among.append(process)
    try:
        process.start()
    except OSError as error:
        among.pop()
        raise BadInputError(
            f"the system starts no more than {len(among)} processes here ({error.strerror}); use fewer buyers"
        ) from None


def _start_tracker() -> None:
    """Start the process with which the standard library cleans up after spawned children.

    Left to itself it starts with the first child, and unblocks the signals that the child's start has masked.
    """
    try:
        from multiprocessing import resource_tracker  # noqa: PLC0415 - not on Windows
    except ImportError:
        return
    resource_tracker.ensure_running()


@contextlib.contextmanager
def room_for(processes: int) -> Iterator[None]:
    """Raise this process's limit of open files meanwhile: the standard library keeps two for each process.

    A `ForkedProcess` needs none. Raises BadInputError where the system's own limit is too low.
    """
    if not processes:
        yield
        return
    try:
        import resource  # noqa: PLC0415 - not on Windows, which has no such limit
    except ImportError:
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = 2 * processes + 64
    if hard not in {-1, resource.RLIM_INFINITY} and hard < needed:
        raise BadInputError(
            f"so many buyers need {needed} open files and the limit is {hard}; use fewer, or raise it (ulimit -Hn)"
        )
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
