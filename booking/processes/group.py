"""A group of child processes: started one after the other, let in together, and never left behind."""

import os
import pickle
import sys
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import reduction
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self, cast

from booking.errors import BadInputError
from booking.processes import signals
from booking.processes.fork import ForkedProcess, fork_lock
from booking.processes.lifeline import Parcel, PipeEnds, run_child

SPARE_DESCRIPTORS = 64
"""How many files a program may open besides those that its processes need."""


class Process(Protocol):
    """What a group has to know of a process, its own child or a child's child."""

    @property
    def pid(self) -> int | None:
        """Its number, None while it has none."""

    @property
    def exitcode(self) -> int | None:
        """How it ended, None while it lives, and -N after signal N ended it."""

    def join(self, timeout: float | None = None) -> None:
        """Wait until it has ended, for at most `timeout` seconds; None waits without a limit."""

    def kill(self) -> None:
        """Make it end (SIGKILL)."""


_groups: "weakref.WeakSet[ProcessGroup]" = weakref.WeakSet()
"""Those of this process. Two sales may run in two threads, and a fork inherits the pipes of both."""


def _forget_groups() -> None:
    """Close, in a forked child, the ends that belong to the parent: they would keep the pipes open."""
    for group in list(_groups):
        for end in group.parents_ends:
            with suppress(OSError):
                end.close()
    _groups.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_groups)


class ProcessGroup:
    """A group of processes with one journal, one gate and one lifeline between them and their parent.

    `ends` is what each process is handed. With `daemon` a process of the standard library may have no children; a
    `ForkedProcess` may. With `library` the standard library's processes are used under fork, too.

    A context manager: on the way out every process is killed and collected. Making one raises BadInputError if the
    system has no room for its pipes.
    """

    def __init__(self, context: BaseContext, *, daemon: bool = True, library: bool = False) -> None:
        self.context = context
        self._daemon = daemon
        self._library = library
        self.processes: list[Process] = []
        self.start_method = str(context.get_start_method())
        try:
            with fork_lock:
                self.inbox, journal = context.Pipe(duplex=False)
                gate, self._gate = context.Pipe(duplex=False)
                lifeline, self._life = context.Pipe(duplex=False)
                _groups.add(self)
        except OSError as error:
            raise BadInputError(
                f"cannot create pipes: {error.strerror}; raise the limit with `ulimit -n`, or close some programs"
            ) from None
        self.parents_ends = self.inbox, self._gate, self._life
        self._childrens_ends = self.ends = PipeEnds(journal, gate, lifeline)

    def start(self, target: Callable[[Any], None], argument: Any, name: str) -> None:  # noqa: ANN401
        """Start one more process. Raise BadInputError if the system has no room for it."""
        self._start(self.processes, target, argument, name)

    def _start(self, among: list[Process], target: Callable[[Any], None], argument: object, name: str) -> None:
        with signals.mask():
            try:
                among.append(self._child(target, Parcel(argument), name))
            except OSError as error:
                raise BadInputError(
                    f"cannot start more than {len(among)} processes ({error.strerror}); use fewer buyers"
                ) from None
            except (pickle.PicklingError, TypeError, AttributeError) as error:  # what pickle and `__getstate__` raise
                raise BadInputError(
                    f"cannot hand over what a process needs ({error}); use --start-method fork"
                ) from None

    def _child(self, target: Callable[[Any], None], parcel: Parcel, name: str) -> Process:
        if self.start_method == "fork" and not self._library:
            forked = ForkedProcess(run_child, (target, parcel, self.ends.journal), name)
            forked.start()
            return forked
        with _duplicate(self.ends.journal) as journal:
            process: Any = self.context.Process(  # type: ignore[attr-defined]
                target=run_child, args=(target, parcel, journal), name=name, daemon=self._daemon
            )
            process.start()
        return cast("Process", process)

    def seal(self) -> None:
        """Say that no more processes will start: from now on the inbox ends when they have all ended."""
        for end in self._childrens_ends:
            end.close()

    def open_gate(self) -> None:
        """Let all processes in at once: the message makes the gate readable, and no process reads it away."""
        with suppress(BrokenPipeError):  # no process is left to be let in
            self._gate.send_bytes(b"open")

    def all_ended(self, processes: Sequence[Process] | None = None) -> bool:
        """Return whether these processes, all if None, have ended.

        All are asked, because asking collects the dead: a lock may be taken over only from a process that is gone.
        """
        return None not in [process.exitcode for process in (self.processes if processes is None else processes)]

    def all_end_within(self, seconds: float, processes: Sequence[Process] | None = None) -> bool:
        """Wait up to so many seconds and return whether these processes, all if None, have ended."""
        deadline = time.monotonic() + seconds
        for process in self.processes if processes is None else processes:
            process.join(max(0.0, deadline - time.monotonic()))
        return self.all_ended(processes)

    def kill_all(self) -> None:
        """Kill and collect every process that is still there."""
        reap(self.processes)

    def __enter__(self) -> Self:
        if self.start_method != "fork":
            _start_tracker()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with signals.mask():
            self.kill_all()
            with fork_lock:
                for end in (*self.parents_ends, *self._childrens_ends):
                    end.close()
                _groups.discard(self)


def reap(processes: Sequence[Process]) -> None:
    """Kill the processes that are still alive and collect all of them, so that no zombie stays.

    They get SIGKILL without being asked first: a child cleans nothing up that the parent does not, and one that is
    stopped or not yet ready would not hear the question.
    """
    with signals.mask():
        for process in processes:
            if process.pid is not None and process.exitcode is None:
                process.kill()
        for process in processes:
            if process.pid is not None:
                process.join()


def _duplicate(end: Connection) -> Connection:
    """Return the end a second time: with spawn a process cannot be handed the same descriptor twice."""
    if sys.platform == "win32":
        return type(end)(reduction.duplicate(end.fileno()), readable=False)
    return type(end)(os.dup(end.fileno()), readable=False)


def _start_tracker() -> None:
    """Start the process with which the standard library cleans up after spawned children.

    Left to itself it starts with the first child, and unblocks the signals that the child's start has masked.
    """
    try:
        from multiprocessing import resource_tracker  # noqa: PLC0415 - not on Windows
    except ImportError:
        return
    resource_tracker.ensure_running()


@contextmanager
def room_for(processes: int) -> Iterator[None]:
    """Raise this process's limit of open files meanwhile: the standard library keeps two open for each process.

    A `ForkedProcess` needs none. Raise BadInputError if the system's hard limit is too low.
    """
    try:
        import resource  # noqa: PLC0415 - not on Windows, which has no such limit
    except ImportError:
        processes = 0
    if not processes:
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = _open_descriptors() + 2 * processes + SPARE_DESCRIPTORS
    if hard not in {-1, resource.RLIM_INFINITY} and hard < needed:
        raise BadInputError(
            f"{processes:,} processes need {needed:,} open files and the limit is {hard:,}; use fewer buyers, or raise "
            "the limit with `ulimit -n`"
        )
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _open_descriptors() -> int:
    """Return how many files this process has open; 3 if the system does not list them."""
    try:
        return len(list(Path("/dev/fd").iterdir()))
    except OSError:
        return 3
