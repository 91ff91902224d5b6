"""A process of the office: it is the buyer in every purchase that the office hands to it.

The purchase is the same as everywhere, at a real desk; every step goes to the office through the journal. A spawned
process imports this module, so nothing here may import the command line.
"""

from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection

from booking.errors import BookingError, InconclusiveError, TornReadError
from booking.processes import lifeline
from booking.processes.journal import END, NOBODY, READY, Journal, Record, failure_line
from booking.processes.lifeline import PipeEnds
from booking.purchase import Outcome
from booking.simulation.buyer import Train
from booking.simulation.desk import RealDesk
from booking.steps import Value


@dataclass(frozen=True)
class OfficeTask:
    """What a process of the office is handed when it starts.

    `program` is what a buyer does at its desk, `timeout` how long it waits for the lock, in seconds; None waits
    without a limit. From `requests` comes for each request the client's number and how long its payment takes, in
    seconds, None for a look; then None, at which the process ends.
    """

    program: Callable[..., Outcome]
    train: Train
    timeout: float | None
    ends: PipeEnds
    requests: Connection


def serve(task: OfficeTask) -> None:
    """Carry out one request after the other until the office sends None or is gone."""
    lifeline.become_child(task.ends, task.train.store.sweep_own)
    Journal(NOBODY, task.ends.journal).record(READY, "return")
    while request := _next_request(task.requests):
        number, pay_s = request
        journal = Journal(number, task.ends.journal)
        journal.record(END, "return", *_carry_out(task, journal.record, pay_s))


def _next_request(requests: Connection) -> tuple[int, float | None] | None:
    try:
        request: tuple[int, float | None] | None = requests.recv()
    except (EOFError, OSError):
        return None
    return request


def _carry_out(task: OfficeTask, record: Record, pay_s: float | None) -> tuple[Value, str | None]:
    """Return the count or the outcome, and None; if that fails the exit status of the client's command, and why."""
    try:
        if pay_s is None:
            return task.train.store.read(), None
        return task.program(RealDesk(task.train.store, task.train.lock, record, pay_s, task.timeout)), None
    except TornReadError:
        return Outcome.TORN_READ, None
    except InconclusiveError as error:
        return error.exit_status, f"{error}; try again, or reopen the office if one of its processes was killed"
    except BookingError as error:
        return error.exit_status, str(error)
    except Exception as error:  # noqa: BLE001 - the lock or the store of another package may raise anything
        return BookingError.exit_status, failure_line(error)
