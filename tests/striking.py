"""Watchers of a sale that send real signals to its processes, each at the message that it was told to wait for."""

import gc
import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from booking.processes.journal import END, READY, Message
from booking.steps import PAY


@dataclass
class Striker:
    """Sends a signal, once, to the process that first says `word`: with clerks and workers, to the one that sells."""

    by: signal.Signals = signal.SIGKILL
    word: str = PAY
    pid: int = 0
    buyer: int = 0
    struck_s: float = 0.0
    afterwards: Callable[[], object] = int
    """What to do once the signal is sent; by default nothing."""

    def __call__(self, message: Message) -> None:
        """Strike at the word."""
        if message.word == self.word and not self.pid:
            self.pid, self.buyer, self.struck_s = message.pid, message.buyer, time.monotonic()
            os.kill(message.pid, self.by)
            self.afterwards()


@dataclass
class Massacre:
    """Kills every second buyer's own process at a drawn one of its messages, whoever sent it on its behalf."""

    dice: random.Random
    words: tuple[str, ...] = (READY, "look", "acquire", "read", "write", "release")
    pids: dict[int, int] = field(default_factory=dict)
    moments: dict[int, str] = field(default_factory=dict)

    def __call__(self, message: Message) -> None:
        """Strike where the drawn moment of this buyer has come."""
        if message.word == READY:
            self.pids[message.buyer] = message.pid
        if message.buyer % 2 or message.word == END or message.buyer not in self.pids:
            return
        moment = self.moments.setdefault(message.buyer, self.dice.choice(self.words))
        if message.word == moment:
            with suppress(ProcessLookupError):  # it may have ended since it said that
                os.kill(self.pids.pop(message.buyer), signal.SIGKILL)


def is_gone(pid: int) -> bool:
    """Return whether no process has this number, not even one that waits to be collected."""
    return not Path(f"/proc/{pid}").exists()


def descriptors() -> set[str]:
    """Return the open descriptors of this process, but for those that nobody can reach any more."""
    gc.collect()  # the standard library's queue is a circle since Python 3.13
    return set(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a Path for each would open and close one more
