"""`booking run`: a real sale, its story and its verdict."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Annotated, TypeAlias

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
from booking.storage.paths import train_path
from booking.text.words import count_of

MOST_RUNS = 1_000_000
_View: TypeAlias = AbstractContextManager[Watcher | None]
Live = Annotated[bool | None, typer.Option("--live/--no-live", help="Live view (default: on a terminal, from 1 s on).")]
Timeout = Annotated[
    float | None, typer.Option(metavar="SECONDS", help="Stop after so many seconds (default: 30 s plus all payments).")
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
    countdown: setup_options.Countdown = 0.0,
    trees: setup_options.Trees = 1,
    channel: setup_options.Channel = "direct",
    clerks: setup_options.Clerks = 1,
    pool: setup_options.Pool = 0,
    submit: setup_options.Submit = "async",
    kill: setup_options.Kill = None,
    freeze: setup_options.Freeze = None,
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
    expected = options.parsed_verdict(expect)
    scenario = Scenario(
        buyers=buyers,
        tickets=tickets,
        lock=lock,
        store=store,
        pay=options.parsed_pay(pay),
        seed=seed if seed is not None else int.from_bytes(os.urandom(4), "big"),
        permits=permits,
        trains=trains,
        order=order,
    )
    options.require_effect(scenario)
    setup = Setup(
        gate=gate,
        countdown=countdown,
        faults=setup_options.faults(kill, freeze),
        trees=trees,
        channel=channel,
        clerks=clerks,
        pool=pool,
        submit=submit,
    )
    if repeat is not None:
        require_whole("--repeat", repeat, 1, MOST_RUNS)
        if keep_stock:
            raise BadInputError("--repeat needs a full stock for every sale; leave out --keep-stock")
    before = stock_before(scenario, db)
    reports = {"html": html, "svg": svg, "trace": trace, "csv": csv}
    require_writable({"history": history, **reports}, files_of_store(db, trains))
    hold = partial(
        simulate, scenario, setup=setup, db=db, restock=not keep_stock, start_method=start_method, timeout=timeout
    )
    wanted = repeat is None if live is None else live
    view = partial(_view, scenario, wanted=wanted, at_once=bool(live), counts_down=bool(countdown))
    sales = _held(partial(hold, durable=durable, countdown=show_light), view, repeat)
    if history is not None:
        write_history(history, sales.worst)
    write_reports(reports, sales.worst, sales.verdict)
    if json:
        options.print_json(document(sales, repeated=repeat is not None))
    elif repeat is not None:
        typer.echo("\n".join(counted(sales)))
    else:
        stock = _stock_line(db, before, sales.worst) + _beside(db, scenario)
        typer.echo("\n".join([stock, "", render(sales.worst, sales.verdict), *around(sales.worst)]))
    return status_of(sales, expected)


def _held(hold: Callable[..., History], view: Callable[[], _View], repeat: int | None) -> Sales:
    """Hold one sale, or `repeat` of them with a bar that shows how many are done, and return what they came to."""
    sales = Sales()
    with nullcontext() if repeat is None else progress(repeat, "sales") as tell:
        for done in range(1, (repeat or 1) + 1):
            with view() as watch:
                sales.take(hold(watch=watch))
            if tell:
                tell(done)
    return sales


def _view(scenario: Scenario, *, wanted: bool, at_once: bool, counts_down: bool) -> _View:
    """Return the live view on a terminal, at once or after a while."""
    if not wanted or not on_terminal():
        return nullcontext()
    from booking.live.view import PATIENCE, live  # noqa: PLC0415 - 60 ms that nobody waits for who does not look

    return live(scenario, after=0 if at_once else PATIENCE, counts_down=counts_down)


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
    """Return the other trains' files in sentences, with a space before each; nothing for one train."""
    others = range(2, scenario.trains + 1)
    return "".join(f" {train_path(db, train)}, for train {train}, holds as many." for train in others)
