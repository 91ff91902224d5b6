"""`booking run`: a real sale, its story and its verdict."""

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from booking.cli import options, setup_options
from booking.cli.files import files_of_store, require_writable, write_history, write_reports
from booking.cli.sales import Sales, around, counted, document, status_of
from booking.errors import BadInputError
from booking.history.history import History
from booking.live.terminal import on_terminal, progress, show_light
from booking.registry import store_named
from booking.reports.timeline import render
from booking.scenario import Scenario, require_whole
from booking.setup import Setup
from booking.simulation.running import Watcher
from booking.simulation.sale import simulate, store_path
from booking.text.words import count_of
from booking.trains import second_path

MOST_RUNS = 1_000_000
Live = Annotated[
    bool | None, typer.Option("--live/--no-live", help="Show the sale live; on a terminal it is, after a second.")
]
Timeout = Annotated[
    float | None, typer.Option(metavar="SECONDS", help="End a sale that takes longer; generous if not given.")
]


def run(  # noqa: PLR0913 - every dial of a sale is an option
    *,
    buyers: options.Buyers = 10,
    tickets: options.Tickets = 1,
    keep_stock: Annotated[bool, typer.Option("--keep-stock", help="Sell what is left; do not restock.")] = False,
    lock: options.LockName = "none",
    permits: options.Permits = 1,
    store: options.StoreName = "json",
    trains: options.Trains = 1,
    order: options.TrainOrder = "same",
    pay: options.Pay = "0.05",
    db: options.Db = Path("data/db.json"),
    seed: options.Seed = None,
    start_method: options.StartMethod = None,
    timeout: Timeout = None,
    durable: Annotated[bool, typer.Option("--durable", help="Wait for the disk at every write.")] = False,
    gate: setup_options.Gate = "event",
    opens_in: setup_options.OpensIn = 0.0,
    offices: setup_options.Trees = 1,
    via: setup_options.Via = "direct",
    clerks: setup_options.Clerks = 1,
    workers: setup_options.Workers = 0,
    submit: setup_options.Submit = "async",
    kill: setup_options.Kill = None,
    hang: setup_options.Hang = None,
    kill_parent: setup_options.KillParent = False,
    repeat: Annotated[int | None, typer.Option(metavar="R", help="Hold R sales and count.")] = None,
    live: Live = None,
    history: options.HistoryFile = None,
    html: options.HtmlFile = None,
    svg: options.SvgFile = None,
    trace: options.TraceFile = None,
    csv: options.CsvFile = None,
    json: options.Json = False,
    expect: options.Expect = None,
) -> int:
    """Hold a sale: N processes look, then buy, from one JSON file."""
    if kill_parent:
        raise BadInputError("--kill-parent is a command of its own now; use `booking orphans`")
    dice = seed if seed is not None else int.from_bytes(os.urandom(4), "big")
    scenario = Scenario(buyers, tickets, lock, store, options.parsed_pay(pay), dice, permits, trains, order)
    setup = Setup(gate, opens_in, setup_options.faults(kill, hang), offices, via, clerks, workers, submit)
    reports = {"html": html, "svg": svg, "trace": trace, "csv": csv}
    asked = Order(scenario, setup, db, start_method, timeout, keep_stock, durable, repeat, live, history, reports)
    return held(asked, json=json, expected=options.parsed_verdict(expect))


class Order(NamedTuple):
    """What was asked for: a sale, or `repeat` of them, and the files to write about it."""

    scenario: Scenario
    setup: Setup
    db: Path
    start_method: str | None
    timeout: float | None
    keep_stock: bool
    durable: bool
    repeat: int | None
    live: bool | None
    history: Path | None
    reports: Mapping[str, Path | None]

    def require_sense(self) -> None:
        """Raise BadInputError where what was asked for cannot be."""
        if self.repeat is not None:
            require_whole("--repeat", self.repeat, 1, MOST_RUNS)
        if self.repeat is not None and self.keep_stock:
            raise BadInputError("--repeat needs a full stock for every sale; leave out --keep-stock")

    def histories(self) -> Iterator[History]:
        """Hold the sales, one after the other, with a bar that tells how far they are."""
        if self.repeat is None:
            yield self.simulated()
            return
        with progress(self.repeat, "sales") as tell:
            for done in range(1, self.repeat + 1):
                yield self.simulated()
                tell(done)

    def simulated(self) -> History:
        """Hold one sale, and show it live where that was asked for, or where it is long and alone."""
        with self._view() as watch:
            return simulate(
                self.scenario,
                setup=self.setup,
                db=self.db,
                restock=not self.keep_stock,
                start_method=self.start_method,
                timeout=self.timeout,
                durable=self.durable,
                watch=watch,
                countdown=show_light,
            )

    def _view(self) -> AbstractContextManager[Watcher | None]:
        wanted = self.repeat is None if self.live is None else self.live
        if not wanted or not on_terminal():
            return nullcontext()
        from booking.live.view import PATIENCE, live  # noqa: PLC0415 - nobody looks, so nobody waits for it

        return live(self.scenario, after=0 if self.live else PATIENCE, counts_down=bool(self.setup.opens_in))


def held(order: Order, *, json: bool, expected: str | None) -> int:
    """Hold the sales, write and print what they came to, and return the exit status."""
    order.require_sense()
    before = stock_before(order.scenario, order.db)
    require_writable({"history": order.history, **order.reports}, files_of_store(order.db, order.scenario.trains))
    sales = Sales()
    for history in order.histories():
        sales.take(history)
    if order.history is not None:
        write_history(order.history, sales.worst)
    write_reports(order.reports, sales.worst, sales.verdict)
    if json:
        options.print_json(document(sales, repeated=order.repeat is not None))
    elif order.repeat is not None:
        typer.echo("\n".join(counted(sales)))
    else:
        stock = _stock_line(order.db, before, sales.worst) + _beside(order.db, order.scenario)
        story = [stock, "", render(sales.worst, sales.verdict)]
        typer.echo("\n".join([*story, *around(sales.worst)]))
    return status_of(sales, expected)


def stock_before(scenario: Scenario, db: Path) -> int | None:
    """Return what the store holds now, None where it is still to be made. Raises BadInputError for a bad one."""
    store = store_named(scenario.store)(store_path(db))
    return store.read() if store.outlives_sale and store.path.exists() else None


def _stock_line(db: Path, before: int | None, history: History) -> str:
    tickets = count_of(history.scenario.tickets, "ticket")
    store = store_named(history.scenario.store)(db)
    if not store.outlives_sale:
        return f"{store.where[0].upper()}{store.where[1:]} holds {tickets}; {db} is not touched."
    if before is None:
        return f"Created {db} with {tickets}."
    if before == history.scenario.tickets:
        return f"{db} holds {tickets}."
    return f"Restocked {db}: it held {before:,}, now {tickets}."


def _beside(db: Path, scenario: Scenario) -> str:
    """Return the second train's file in a sentence, with a space before it; nothing for one train."""
    return f" {second_path(db)}, for train 2, holds as many." if scenario.trains > 1 else ""
