"""Opening an office: the store is filled, the lock made, the processes hired; closing it leaves nothing behind."""

import contextlib
from dataclasses import dataclass
from multiprocessing.context import BaseContext
from pathlib import Path

from booking.errors import BadInputError, BookingError
from booking.locks import Lock
from booking.office.address import Door
from booking.office.rules import Rules
from booking.office.screen import Screen, Tell
from booking.office.server import Office
from booking.office.staff import Hiring, PerClient, Workers
from booking.processes.group import ProcessGroup, room_for
from booking.registry import facts_of, store_named
from booking.scenario import Scenario
from booking.simulation.sale import context_named, lock_made, stocked, store_path
from booking.stores import Store


def hold_office(  # noqa: PLR0913 - what is sold, how, where, and who hears of it
    scenario: Scenario,
    rules: Rules,
    door: Door,
    *,
    db: str | Path,
    restock: bool,
    tell: Tell,
    start_method: str | None = None,
) -> None:
    """Serve clients until the process is interrupted; no process is left then, and the port is free.

    With `restock` the store is first set to the scenario's tickets, else what is left is sold. `start_method` is
    fork, spawn or forkserver; None takes fork where the platform has it. `tell` is called with every line for the
    screen. Raises BadInputError for what cannot be sold so, and InconclusiveError where the processes do not start.
    """
    path = store_path(db)
    facts_of(scenario)  # refused, if it has to be, before the store is touched
    if scenario.is_split:
        raise BadInputError(
            f"an office sells to everybody who comes, and nobody has a share; leave out --lock {scenario.lock}"
        )
    context = context_named(start_method)
    store = store_named(scenario.store)(path)
    scenario = stocked(store, scenario, restock=restock, context=context)
    sold = Sold(store, lock_made(scenario, path, context), context)
    try:
        _serve(sold, rules, Office(scenario, rules, door, Screen(tell, scenario)))
    finally:
        with contextlib.suppress(BookingError):
            store.tidy()


@dataclass(frozen=True)
class Sold:
    """Where the count is, what guards it, and where processes come from that know both."""

    store: Store
    lock: Lock
    context: BaseContext


def _serve(sold: Sold, rules: Rules, office: Office) -> None:
    processes = rules.workers or rules.clients
    with contextlib.closing(office), room_for(rules.clients + 2 * processes), ProcessGroup(sold.context) as group:
        hiring = Hiring(group, sold.store, sold.lock, rules.timeout, office.inherited, office.hired)
        if rules.workers:
            office.serve(Workers(hiring, rules.clients, rules.workers))
        else:
            office.serve(PerClient(hiring, rules.clients))
