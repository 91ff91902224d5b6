"""What runs in a buyer's process: wait at the gate, purchase, say how it ended.

A spawned process imports this module and what it names, so nothing here may import the command line.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from booking.errors import BookingError, TornReadError
from booking.locks import Lock
from booking.processes import lifeline
from booking.processes.journal import END, READY, Journal, failure_line
from booking.processes.lifeline import PipeEnds
from booking.purchase import Desk, Outcome, journey, journey_back
from booking.simulation.desk import RealDesk
from booking.stores import Store

if TYPE_CHECKING:
    from multiprocessing.synchronize import Barrier

    from booking.simulation.faults.victim import Part

_Result = TypeVar("_Result")


class SecondTrain(NamedTuple):
    """Where the tickets of the second train are, and what guards them; `goes_first` is for who begins with it."""

    store: Store
    lock: Lock
    goes_first: bool = False


class BuyerTask(NamedTuple):
    """All that a buyer's process is told: who it is, what it buys from, and how long its payment takes.

    `barrier` is what it waits at behind the gate, and `part` what it plays where buyers are struck; mostly there
    is neither. With a `second` train it is the journey on both that is bought.
    """

    buyer: int
    store: Store
    lock: Lock
    pay_s: float
    ends: PipeEnds
    barrier: "Barrier | None" = None
    part: "Part | None" = None
    second: SecondTrain | None = None


def run_buyer(task: BuyerTask) -> None:
    """Be one buyer, from the gate to the end."""
    lifeline.become_child(task.ends, task.store.sweep_own)
    journal = Journal(task.buyer, task.ends.journal)
    part = task.part
    record = journal.record if part is None else part.played(journal.record, task.ends.lifeline)
    desk = RealDesk(task.store, task.lock, record, task.pay_s)
    journal.record(READY, "call")
    lifeline.pass_gate(task.ends, task.barrier)
    if second := task.second:
        there = RealDesk(second.store, second.lock, partial(journal.record, train=2), task.pay_s)
        outcome, error = travel(desk, there, second)
    else:
        outcome, error = answer(desk, task.lock)
    journal.record(END, "return", outcome, error)


def answer(desk: Desk, lock: Lock) -> tuple[Outcome, str | None]:
    """Run the lock's purchase and return its outcome, with what went wrong where it could not go on."""
    return settled(partial(lock.purchase, desk))


def travel(first: Desk, second: Desk, train: SecondTrain) -> tuple[Outcome, str | None]:
    """Run the journey with a desk for each train, in this buyer's order, and return the same."""
    return settled(partial(journey_back if train.goes_first else journey, first, second))


def settled(perform: Callable[[], _Result]) -> tuple[_Result | Outcome, str | None]:
    """Return what `perform` returns; where it cannot go on, the outcome that this is, with what went wrong."""
    try:
        return perform(), None
    except TornReadError:
        return Outcome.TORN_READ, None
    except BookingError as error:
        return Outcome.UNFINISHED, str(error)
    except Exception as error:  # noqa: BLE001 - the lock or the store of another package may raise anything
        return Outcome.UNFINISHED, failure_line(error)
