"""How a sale opens.

`event` is one message in a pipe that nobody takes out, so the pipe is readable for everybody at once and for ever.
It does what `multiprocessing.Event` promises and cannot be spoiled: `Event.set` waits until everybody that it woke
has said so, and hangs when one of them was killed, because a killed sleeper is still counted.
`barrier` is `multiprocessing.Barrier` behind that gate: nobody starts before the last one has come to it, and when
one of them was killed on the way, nobody ever starts.
`none` opens the gate before the first process is there: each buyer starts as soon as it runs, which makes the race
rarer.
"""

import os
import threading
from typing import TYPE_CHECKING

from booking.processes import lifeline
from booking.processes.ends import PipeEnds

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext
    from multiprocessing.synchronize import Barrier

PATIENCE = 30.0
"""Seconds that a buyer waits at the barrier for the others."""
BROKEN = 144
"""The exit code of a buyer that waited at the barrier in vain."""


def barrier_for(gate: str, buyers: int, context: "BaseContext") -> "Barrier | None":
    """Return the barrier of this kind of gate for so many buyers, None for a gate without."""
    return context.Barrier(buyers) if gate == "barrier" else None


def pass_through(ends: PipeEnds, barrier: "Barrier | None") -> None:
    """Wait until the sale is open; a parent that is gone, or a barrier that breaks, ends this process."""
    lifeline.wait_at(ends.gate, ends.lifeline)
    if barrier is not None:
        try:
            barrier.wait(PATIENCE)
        except threading.BrokenBarrierError:
            os._exit(BROKEN)
