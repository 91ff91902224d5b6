"""Turns the messages of a sale into its history."""

from collections import Counter
from typing import Literal, cast

from booking.history.history import Ending, Event
from booking.processes.journal import END, FAILED, READY, Message
from booking.purchase import Outcome
from booking.steps import CHANGED, PAY, WRITES, Step

_STEPS = frozenset(Step) | {PAY}


class Recorder:
    """Numbers the events in the order of their arrival and keeps who is ready, who wrote and who has ended.

    `last` has the last event of each buyer. `told` is how often each word was said that is no step, for example that
    a queue was full. `failures` has the error of each process, by its number, that ended with an exception.
    """

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.last: dict[int, Event] = {}
        self.ready: set[int] = set()
        self.ready_pids: set[int] = set()
        self.wrote: set[int] = set()
        self.ended: dict[int, Message] = {}
        self.told: Counter[str] = Counter()
        self.failures: dict[int, str] = {}

    def take(self, message: Message) -> None:
        """Keep one message."""
        if message.word == READY:
            self.ready.add(message.buyer)
            self.ready_pids.add(message.pid)
        elif message.word == END:
            self.ended[message.buyer] = message
        elif message.word == FAILED:
            self.failures[message.pid] = str(message.error)
        elif message.word not in _STEPS:
            self.told[message.word] += 1
        else:
            self._take_event(message)

    def _take_event(self, message: Message) -> None:
        buyer, pid, t_ns, step, phase, value, _, train = message
        if value == CHANGED:  # the swap found another count, so it certainly wrote nothing
            self.wrote.discard(buyer)
        elif step in WRITES:
            self.wrote.add(buyer)
        phase = cast("Literal['call', 'return']", phase)
        event = self.last[buyer] = Event(len(self.events) + 1, t_ns, buyer, pid, step, phase, value, train)
        self.events.append(event)

    def ending(self, buyer: int, pid: int, exitcode: int | None, *, alive: bool) -> Ending:
        """Return how this buyer ended: what it answered, else what it had begun when it was last heard of.

        A buyer that never called a step that writes is unfinished, and after that call it is unknown.
        """
        message = self.ended.get(buyer)
        outcome = Outcome.UNFINISHED if message is None else Outcome(str(message.value))
        if outcome is Outcome.UNFINISHED and buyer in self.wrote:
            outcome = Outcome.UNKNOWN
        if message is None:
            return Ending(buyer, pid, outcome, exitcode, alive, error=self.failures.get(pid))
        return Ending(buyer, pid, outcome, exitcode, error=message.error)
