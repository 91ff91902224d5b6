"""What runs in a buyer's process: wait at the gate, purchase, say how it ended.

A spawned process imports this module and what it names, so nothing here may import the command line.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from booking.errors import BadInputError, BookingError, TornReadError
from booking.locks import Lock
from booking.processes import lifeline
from booking.processes.fork import fork_lock
from booking.processes.journal import END, READY, Journal, failure_line
from booking.processes.lifeline import PipeEnds
from booking.protection import Protection, outcome_of, own_buyer
from booking.purchase import Desk, Outcome
from booking.simulation.desk import RealDesk
from booking.stores import Store

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext
    from multiprocessing.synchronize import Barrier

    from booking.simulation.faults import FaultTask

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Train:
    """Where the tickets of one train are, and the lock that guards them; None if buyers take none."""

    store: Store
    lock: Lock | None
    number: int = 1


@dataclass(frozen=True, kw_only=True)
class BuyerTask:
    """All that a buyer's process is told.

    `program` takes a desk for each of the `trains`, and `pay_s` is how many seconds its payment takes. `barrier` is
    what it waits at behind the gate, and `fault_task` what it does in a sale with faults; None if there is none.
    """

    buyer: int
    program: Callable[..., Outcome]
    trains: tuple[Train, ...]
    ends: PipeEnds
    pay_s: float = 0
    barrier: "Barrier | None" = None
    fault_task: "FaultTask | None" = None

    def sweep(self) -> None:
        """Remove the temporary files that this process left beside the stores. Raise DiskError."""
        for train in self.trains:
            train.store.sweep_own()


def new_lock(protection: Protection, path: Path, context: "BaseContext") -> Lock | None:
    """Return a new lock for the store at `path`, None if buyers take none; raise BadInputError if it cannot be made."""
    try:
        with fork_lock:  # it may import a library, and a fork in the middle of an import leaves half of it
            return protection.lock(path, context)
    except BookingError:
        raise
    except Exception as error:  # noqa: BLE001 - a lock of another package may raise anything
        name = protection.scenario.lock
        raise BadInputError(f"cannot make the lock {name} ({failure_line(error)}); use --lock file") from None


@dataclass(frozen=True)
class OwnPurchase:
    """What a real buyer of somebody's own runs: its file's name crosses a process boundary, and not its code."""

    buyer: str | Callable[..., Outcome]

    def __call__(self, desk: Desk) -> Outcome:
        """Purchase; raise BadInputError if what is returned is no outcome."""
        program = own_buyer(self.buyer)
        return outcome_of(program, program(desk))


def program_of(protection: Protection) -> Callable[..., Outcome]:
    """Return what a real buyer runs with a desk for each train of its route."""
    buyer = protection.scenario.buyer
    return protection.program if buyer is None else OwnPurchase(buyer)


def trains_of(buyer: int, protection: Protection, trains: Sequence[Train]) -> tuple[Train, ...]:
    """Return the trains of a sale as this buyer gets them: in the order of its route, its own share and lock."""
    route = [trains[number - 1] for number in protection.scenario.route(buyer)]
    return tuple(
        replace(train, store=protection.store_of(buyer, train.store), lock=protection.lock_of(buyer, train.lock))
        for train in route
    )


def run_buyer(task: BuyerTask) -> None:
    """Be one buyer, from the gate to the end."""
    lifeline.become_child(task.ends, task.sweep)
    journal = Journal(task.buyer, task.ends.journal)
    fault_task = task.fault_task
    record = journal.record if fault_task is None else fault_task.around(journal.record, task.ends.lifeline)
    desks = [
        RealDesk(
            train.store,
            train.lock,
            record if train.number == 1 else partial(journal.record, train=train.number),
            task.pay_s,
        )
        for train in task.trains
    ]
    journal.record(READY, "call")
    lifeline.pass_gate(task.ends, task.barrier)
    outcome, error = settled(partial(task.program, *desks))
    journal.record(END, "return", outcome, error)


def settled(perform: Callable[[], _Result]) -> tuple[_Result | Outcome, str | None]:
    """Return what `perform` returns and None; if it fails, the outcome that this is, with the error in one line."""
    try:
        return perform(), None
    except TornReadError:
        return Outcome.TORN_READ, None
    except BookingError as error:
        return Outcome.UNFINISHED, str(error)
    except Exception as error:  # noqa: BLE001 - the lock or the store of another package may raise anything
        return Outcome.UNFINISHED, failure_line(error)
