"""One buyer without a parent: this very process looks, then buys, as when a class races two terminals by hand."""

import os
from pathlib import Path

from booking.errors import BadInputError, InconclusiveError
from booking.processes.journal import Record
from booking.purchase import Outcome
from booking.registry import lock_named, store_named
from booking.scenario import Scenario
from booking.simulation.desk import RealDesk
from booking.simulation.sale import context_named, lock_made, payment_times, require_lasting, store_path


def buy_alone(scenario: Scenario, *, db: str | Path, timeout: float | None, tell: Record) -> Outcome:
    """Look, then buy one ticket in this process, and return how it ended.

    `timeout` is how long to wait for the lock, in seconds; None waits for ever. `tell` is called before and
    after every step.

    Raises InconclusiveError when the lock is not free in time, with the process that holds it where the system
    says so, and TornReadError where a read meets a half-written store. Raises BadInputError for a store or a lock that
    needs the parent of a sale.
    """
    path = store_path(db)
    store = store_named(scenario.store)(path)
    require_lasting(store)
    if scenario.is_split:
        raise BadInputError(f"a buyer alone has no share of the tickets; leave out --lock {scenario.lock}")
    if lock_named(scenario.lock).swaps:
        raise BadInputError(
            f"the lock {scenario.lock} leaves links beside the store, which the parent of a sale folds into it, and a "
            "buyer alone has none; use `booking run`"
        )
    store.read()  # a store that cannot be used is refused before anybody is told of a look
    lock = lock_made(scenario, path, context_named(None))
    desk = RealDesk(store, lock, tell, payment_times(scenario)[0], timeout)
    try:
        return lock.purchase(desk)
    except InconclusiveError as error:
        holder = holder_of(path.with_name(path.name + ".lock"))
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
