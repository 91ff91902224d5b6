"""Opening an office: the lock is made, the processes hired; closing it leaves nothing behind."""

import contextlib
from pathlib import Path

from booking import files
from booking.errors import BookingError
from booking.office.address import Door
from booking.office.screen import Tell
from booking.office.server import Office, Rules
from booking.office.staff import Hiring, PerClient, Workers
from booking.registries import lock_named, store_named
from booking.scenario import Scenario
from booking.simulation.company import Company, room_for
from booking.simulation.sale import context_named


def hold_office(  # noqa: PLR0913 - what is sold, how, where, and who hears of it
    scenario: Scenario, rules: Rules, door: Door, *, db: str | Path, tell: Tell, start_method: str | None = None
) -> None:
    """Serve clients until the process is interrupted; no process is left then, and the port is free.

    The store at `db` holds the scenario's tickets already. `tell` is called with every line for the screen.
    `start_method` is fork, spawn or forkserver; None takes fork where the platform has it. Raises BadInputError
    where the system has no room for the processes, and InconclusiveError where they do not start.
    """
    path = Path(db).resolve()
    context = context_named(start_method)
    store = store_named(scenario.store)(path)
    lock = lock_named(scenario.lock)(path, context, scenario)
    processes = rules.workers or rules.clients
    office = Office(scenario, rules, door, tell)
    try:
        with room_for((rules.clients + processes) // 2 + 1), Company(context) as company:
            hiring = Hiring(company, store, lock, rules.timeout, office.inherited, office.hired)
            if rules.workers:
                office.serve(Workers(hiring, rules.clients, rules.workers))
            else:
                office.serve(PerClient(hiring, rules.clients))
    finally:
        office.close()
        with contextlib.suppress(BookingError):
            files.sweep(path)
