"""Waiting for many sockets and pipes at once, and calling what belongs to each that has something to read."""

import os
import select
import selectors
from collections.abc import Callable, Iterable
from multiprocessing.connection import Connection, wait
from socket import socket
from typing import TypeAlias

AGAIN = 0.02
"""Seconds between two looks at the sockets where the system cannot wait for them and for pipes."""

Source: TypeAlias = socket | Connection
Call: TypeAlias = Callable[[], None]


class Watching:
    """A set of sources with a call for each; a source is removed before it is closed."""

    def __init__(self) -> None:
        self._calls: dict[Source, Call] = {}

    def add(self, source: Source, call: Call) -> None:
        """Call this whenever the source has something to read, or has ended; a source is added once."""
        self._calls[source] = call

    def remove(self, source: Source) -> None:
        """Watch this source no longer; one that is not watched is left alone."""
        self._calls.pop(source, None)

    def wait(self, seconds: float) -> None:
        """Wait at most so long, then make the calls of all that can be read."""
        for source in self._readable(seconds):
            call = self._calls.get(source)
            if call:  # else an earlier call of this round has removed it
                call()

    def close(self) -> None:
        """Give back what the system lent for this."""

    def _readable(self, seconds: float) -> Iterable[Source]:
        # Windows waits for pipes, or for sockets, but not for both: so look at the sockets again and again.
        sockets = [source for source in self._calls if isinstance(source, socket)]
        pipes = [source for source in self._calls if isinstance(source, Connection)]
        readable: list[Source] = [*select.select(sockets, [], [], 0)[0]] if sockets else []
        patience = 0.0 if readable else min(seconds, AGAIN)
        return [*readable, *wait(pipes, patience)]  # type: ignore[list-item]


class SelectorWatching(Watching):
    """The same by epoll(7) or poll(2): the kernel keeps the set, so that a thousand idle clients cost nothing."""

    def __init__(self) -> None:
        super().__init__()
        # Not kqueue: it does not survive the fork of a clerk.
        self._selector: selectors.BaseSelector = getattr(selectors, "EpollSelector", selectors.PollSelector)()

    def add(self, source: Source, call: Call) -> None:
        """Call this whenever the source has something to read, or has ended; a source is added once."""
        super().add(source, call)
        self._selector.register(source, selectors.EVENT_READ)

    def remove(self, source: Source) -> None:
        """Watch this source no longer; one that is not watched is left alone."""
        if source in self._calls:
            super().remove(source)
            self._selector.unregister(source)

    def close(self) -> None:
        """Give back the kernel's set."""
        self._selector.close()

    def _readable(self, seconds: float) -> Iterable[Source]:
        return [key.fileobj for key, _ in self._selector.select(seconds)]  # type: ignore[misc]


def watching() -> Watching:
    """Return the best that this platform has."""
    return SelectorWatching() if os.name == "posix" else Watching()
