"""Opening an office: the store is filled, the lock made, the processes hired; closing it leaves nothing behind."""

import contextlib
from pathlib import Path

from booking.errors import BadInputError, BookingError
from booking.office.address import Door
from booking.office.rules import Rules
from booking.office.screen import Screen, Tell
from booking.office.server import Office
from booking.office.staff import Hiring, PerClient, Workers
from booking.processes.group import ProcessGroup, room_for
from booking.rules import impossible_at_office
from booking.scenario import Scenario
from booking.simulation.buyer import Train
from booking.simulation.sale import Sale


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
    sale = Sale.of(scenario, db=db, restock=restock, start_method=start_method)
    refusal = impossible_at_office(sale.protection)
    if refusal is not None:
        raise BadInputError(refusal)
    with sale.opened() as (open_scenario, (train,)):
        try:
            _serve(sale, train, rules, Office(open_scenario, rules, door, Screen(tell, open_scenario)))
        finally:
            with contextlib.suppress(BookingError):
                train.store.tidy()


def _serve(sale: Sale, train: Train, rules: Rules, office: Office) -> None:
    processes = rules.workers or rules.clients
    with contextlib.closing(office), room_for(rules.clients + 2 * processes), ProcessGroup(sale.context) as group:
        hiring = Hiring(group, sale.protection.program, train, rules.timeout, office.inherited, office.hired)
        if rules.workers:
            office.serve(Workers(hiring, rules.clients, rules.workers))
        else:
            office.serve(PerClient(hiring, rules.clients))
