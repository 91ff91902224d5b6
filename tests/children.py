"""Processes of the tests: each holds an object and does with it what the test says, one call at a time."""

from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Any, Self

DEADLINE = 30.0
"""Seconds after which an answer counts as never: far more than any loaded machine needs."""


def obey(subject: object, pipe: Connection) -> None:
    """Answer each request, the name of a method and its arguments, until the other end is closed."""
    while True:
        try:
            name, arguments = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send(getattr(subject, name)(*arguments))
        except Exception as error:  # noqa: BLE001 - the test decides what was expected
            pipe.send(error)


@dataclass
class Child:
    """One process with its own copy of an object, asked through a pipe."""

    process: BaseProcess
    pipe: Connection

    def tell(self, name: str, *arguments: object) -> None:
        """Start a call in the child without waiting for it."""
        self.pipe.send((name, arguments))

    def answer(self, within: float = DEADLINE) -> Any:  # noqa: ANN401 - whatever the method returns
        """Return what the call returned, or raised, within so many seconds; None where it did not."""
        return self.pipe.recv() if self.pipe.poll(within) else None

    def ask(self, name: str, *arguments: object) -> Any:  # noqa: ANN401
        """Call a method in the child and return its answer."""
        self.tell(name, *arguments)
        return self.answer()

    def kill(self) -> None:
        """End the process with SIGKILL and wait until it is gone."""
        self.process.kill()
        self.process.join()  # without a limit it asks the system, not a pipe that a grandchild may keep open


@dataclass
class Family:
    """The processes of one test, all reaped on the way out."""

    processes: list[BaseProcess] = field(default_factory=list)

    def run(self, context: BaseContext, target: Callable[..., None], *arguments: object) -> BaseProcess:
        """Start a process that runs `target`."""
        process: BaseProcess = context.Process(target=target, args=arguments, daemon=True)  # type: ignore[attr-defined]
        process.start()
        self.processes.append(process)
        return process

    def child(self, context: BaseContext, subject: object) -> Child:
        """Start a process that holds `subject` and obeys."""
        ours, theirs = context.Pipe()
        process = self.run(context, obey, subject, theirs)
        theirs.close()
        return Child(process, ours)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.join()
