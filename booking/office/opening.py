"""Open an office: fill the store, make the lock, serve; and leave no process behind."""

from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

from booking.errors import BadInputError, BookingError
from booking.office.connection import Listener, Rules
from booking.office.screen import Screen
from booking.office.server import Office
from booking.office.worker import OfficeTask
from booking.processes.group import ProcessGroup, room_for
from booking.rules import impossible_at_office
from booking.scenario import Scenario
from booking.simulation.sale import Sale


def hold_office(  # noqa: PLR0913 - what is sold, how, where, and to whom it is told
    scenario: Scenario,
    rules: Rules,
    listener: Listener,
    *,
    db: str | Path,
    restock: bool,
    tell: Callable[[str], None],
    stop: Callable[[], bool],
    start_method: str | None = None,
) -> None:
    """Serve clients until `stop` returns true or this process is interrupted; no process is left afterwards.

    `tell` prints each line of the office's screen. With `restock` the store is first set to the scenario's tickets,
    otherwise what is left is sold. `start_method` is fork, spawn or forkserver; None takes the platform's usual one.
    Raise BadInputError for a scenario that no office can sell, and InconclusiveError if the processes do not start.
    """
    sale = Sale.of(scenario, db=db, restock=restock, start_method=start_method)
    refusal = impossible_at_office(sale.protection)
    if refusal is not None:
        raise BadInputError(refusal)
    processes = rules.workers or rules.clients
    with sale.opened() as (opened, (train,)):
        screen = Screen(tell, opened)
        try:
            with room_for(rules.clients + 2 * processes), ProcessGroup(sale.context) as group:
                task = partial(OfficeTask, sale.protection.program, train, rules.timeout, group.ends)
                with closing(Office(opened, rules, listener, screen, group, task)) as office:
                    office.serve(stop)
        finally:
            screen.closes()
            with suppress(BookingError):
                train.store.tidy()
