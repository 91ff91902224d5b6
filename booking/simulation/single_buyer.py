"""One buyer without a parent: this very process looks, then buys, as when a class races two terminals by hand."""

import os
from pathlib import Path

from booking.errors import BadInputError, InconclusiveError
from booking.processes.journal import Record
from booking.purchase import Outcome
from booking.rules import impossible_alone
from booking.scenario import Scenario
from booking.simulation.desk import RealDesk
from booking.simulation.sale import Sale, claimed, payment_times
from booking.storage.lock_file import lock_path


def buy_alone(scenario: Scenario, *, db: str | Path, timeout: float | None, tell: Record) -> Outcome:
    """Look, then buy one ticket in this process, and return how it ended.

    `timeout` is how long to wait for the lock, in seconds; None waits forever. `tell` is called before and
    after every step.

    Raise InconclusiveError when the lock is not free in time, with the process that holds it if the system
    says so, and TornReadError if a read meets a half-written store. Raise BadInputError for a store or a lock that
    needs the parent of a sale.
    """
    sale = Sale.of(scenario, db=db)
    refusal = impossible_alone(sale.protection)
    if refusal is not None:
        raise BadInputError(refusal)
    with claimed(sale.stores[0]):
        sale.stores[0].read()  # a store that cannot be used is refused before the first step is told
        (train,) = sale.trains()
        desk = RealDesk(train.store, train.lock, tell, payment_times(scenario)[0], timeout)
        try:
            return sale.protection.purchase(desk)
        except InconclusiveError as error:
            holder = holder_of(lock_path(train.store.path))
            by = f" by process {holder}" if holder else ""
            raise InconclusiveError(f"{error}{by}; wait for it, or end that process") from None


def holder_of(lock_file: Path, table: Path = Path("/proc/locks")) -> int | None:
    """Return the process that holds the kernel's lock on this file, None if the system does not tell.

    The table's columns are in proc(5): the number, FLOCK, ADVISORY, WRITE, the process, and major:minor:inode.
    """
    try:
        status = lock_file.stat()
        file = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
        rows = [line.split() for line in table.read_text().splitlines()]
    except OSError:
        return None
    holders = [row[4] for row in rows if row[1] == "FLOCK" and row[5] == file]
    return int(holders[0]) if holders else None
