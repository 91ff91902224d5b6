"""`booking run`: a real sale, its story and its verdict."""

import os
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from booking.cli import options
from booking.cli.files import files_of_store, require_writable, write_history, write_reports
from booking.errors import BadInputError, DiskError, InconclusiveError
from booking.history.finding import SOUND, UNKNOWN, Anomaly, label
from booking.history.history import History
from booking.history.verdict import Verdict, judge
from booking.live.terminal import on_terminal, progress, screen, show_light
from booking.registry import store_named
from booking.reports import processes
from booking.reports.timeline import headline, reasons, render
from booking.scenario import Scenario, names_file, require_whole
from booking.setup import Setup
from booking.simulation.running import Watcher
from booking.simulation.sale import generous_timeout, simulate, store_path
from booking.storage.paths import train_path
from booking.text.words import count_of

MOST_RUNS = 1_000_000
_View: TypeAlias = AbstractContextManager[Watcher | None]
Live = Annotated[
    bool | None,
    typer.Option("--live/--no-live", help="Live view of the sale.", show_default="on a terminal, from 1 s on"),
]
Timeout = Annotated[
    float | None,
    typer.Option(metavar="SECONDS", help="Stop after so many seconds.", show_default="30 plus all payments"),
]


def run(  # noqa: PLR0913 - every dial of a sale is an option
    *,
    buyers: options.Buyers = 10,
    tickets: options.Tickets = 1,
    keep_stock: options.KeepStock = False,
    lock: options.LockName = "none",
    buyer: options.BuyerName = None,
    permits: options.Permits = 1,
    store: options.StoreName = "json",
    trains: options.Trains = 1,
    order: options.TrainOrder = "same",
    pay: options.Pay = "0.05",
    seed: options.Seed = None,
    gate: options.Gate = "event",
    countdown: options.Countdown = 0.0,
    trees: options.Trees = 1,
    channel: options.Channel = "direct",
    clerks: options.Clerks = 1,
    pool: options.Pool = 0,
    submit: options.Submit = "async",
    hand_over: options.HandOver = "initializer",
    kill: options.Kill = None,
    freeze: options.Freeze = None,
    timeout: Timeout = None,
    db: options.Db = Path("data/db.json"),
    durable: Annotated[bool, typer.Option("--durable", help="Wait for the disk at every write.")] = False,
    start_method: options.StartMethod = None,
    repeat: Annotated[int | None, typer.Option(metavar="N", help="Run N sales and count the verdicts.")] = None,
    live: Live = None,
    history: options.HistoryFile = None,
    html: options.HtmlFile = None,
    svg: options.SvgFile = None,
    png: options.PngFile = None,
    open_report: options.OpenReport = False,
    trace: options.TraceFile = None,
    csv: options.CsvFile = None,
    json: options.Json = False,
    expect: options.Expect = None,
) -> int:
    """Run a sale: N processes look, then buy, from one JSON file."""
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
        buyer=buyer,
    )
    setup = Setup(
        gate=gate,
        countdown=countdown,
        faults=options.parsed_faults(kill, freeze),
        trees=trees,
        channel=channel,
        clerks=clerks,
        pool=pool,
        submit=submit,
        hand_over=hand_over,
    )
    if repeat is not None:
        require_whole("--repeat", repeat, 1, MOST_RUNS)
        if keep_stock:
            raise BadInputError("--repeat cannot be combined with --keep-stock: every sale begins with a full stock")
    before = stock_before(scenario, db)
    reports = {"html": html, "svg": svg, "png": png, "trace": trace, "csv": csv}
    require_writable({"history": history, **reports}, files_of_store(db, trains), opens=open_report)
    hold = partial(
        simulate, scenario, setup=setup, db=db, restock=not keep_stock, start_method=start_method, timeout=timeout
    )
    wanted = repeat is None if live is None else live
    stops_at = timeout or generous_timeout(scenario)
    view = partial(_view, scenario, wanted=wanted, at_once=bool(live), counts_down=bool(countdown), stops_at=stops_at)
    sales = _run(partial(hold, durable=durable, countdown=show_light), view, repeat)
    if history is not None:
        write_history(history, sales.worst)
    write_reports(reports, sales.worst, sales.verdict, opens=open_report)
    if json:
        options.print_json(_document(sales, repeated=repeat is not None))
    elif repeat is not None:
        typer.echo("\n".join(_summary(sales)))
    else:
        stock = screen().wrapped(_stock_line(db, before, sales.worst) + _beside(db, scenario))
        typer.echo(render(sales.worst, sales.verdict, screen(), first=stock))
    return status_of(sales, expected)


def _run(hold: Callable[..., History], view: Callable[[], _View], repeat: int | None) -> "Sales":
    sales = Sales()
    with nullcontext() if repeat is None else progress(repeat, "sales") as tell:
        for done in range(1, (repeat or 1) + 1):
            with view() as watch:
                sales.take(hold(watch=watch))
            if tell:
                tell(done)
    return sales


def _view(scenario: Scenario, *, wanted: bool, at_once: bool, counts_down: bool, stops_at: float) -> _View:
    if not wanted or not on_terminal():
        return nullcontext()
    from booking.live.view import PATIENCE, live  # noqa: PLC0415 - not needed without a terminal

    return live(scenario, after=0 if at_once else PATIENCE, counts_down=counts_down, stops_at=stops_at)


def stock_before(scenario: Scenario, db: Path) -> int | None:
    """Return what the store holds now, None if it does not exist yet. Raise BadInputError for a malformed one."""
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


class Sales:
    """The results of sales: the verdict of each, and the whole of the worst, so that a million fit into memory.

    `elapsed_s` is the time of all in seconds, `timed_out` is whether any of them timed out, `deserted` whether any left
    a buyer without an answer, and `errors` are the buyers that failed, each with its message.
    """

    worst: History
    verdict: Verdict

    def __init__(self) -> None:
        self.verdicts: list[Verdict] = []
        self.elapsed_s = 0.0
        self.timed_out = False
        self.deserted = False
        self.errors: list[tuple[int, str]] = []

    def take(self, history: History) -> None:
        """Judge one more sale."""
        verdict = judge(history)
        if not self.verdicts or severity(verdict.name) > severity(self.verdict.name):
            self.worst, self.verdict = history, verdict
        self.verdicts.append(verdict)
        self.elapsed_s += history.elapsed_s
        self.timed_out |= history.timed_out
        self.deserted |= any(ending.deserted for ending in history.endings)
        self.errors += [
            (ending.buyer, ending.error) for ending in history.endings if ending.error and not ending.deserted
        ]


def severity(name: str) -> int:
    """Return how bad a verdict is: 0 for sound, more for worse."""
    return [SOUND, UNKNOWN, *reversed(Anomaly)].index(name)


def status_of(sales: Sales, expected: str | None) -> int:
    """Return the exit status: what was expected decides, then what stopped a sale.

    Raise DiskError if a buyer failed, BadInputError if it runs code of somebody's own.
    """
    if sales.errors:
        buyer, error = sales.errors[0]
        others = f" ({count_of(len(sales.errors) - 1, 'more buyer')})" if sales.errors[1:] else ""
        failure = BadInputError if is_own(sales.worst.scenario) else DiskError
        raise failure(f"buyer {buyer} failed: {error}{others}")
    if expected == sales.verdict.name:
        return 0
    if sales.verdict.name == UNKNOWN or (expected is None and (sales.timed_out or sales.deserted)):
        return InconclusiveError.exit_status
    return 0 if expected is None else 1


def is_own(scenario: Scenario) -> bool:
    """Return whether the buyers run code of somebody's own: their purchase, or their lock."""
    return scenario.buyer is not None or names_file(scenario.lock)


def _document(sales: Sales, *, repeated: bool) -> dict[str, Any]:
    document = {
        "scenario": sales.worst.scenario.to_json(),
        **sales.verdict.to_json(),
        "elapsed_s": sales.elapsed_s,
        "start_method": sales.worst.start_method,
        "cores": os.cpu_count(),
        "timed_out": sales.timed_out,
        "notes": list(sales.worst.notes),
        "staging": sales.worst.setup.to_json(),
        "processes": processes.process_rows(sales.worst),
        "faults": processes.fault_rows(sales.worst),
    }
    if not repeated:
        return document
    return document | {
        "runs": len(sales.verdicts),
        "oversold_runs": sum(verdict.oversold > 0 for verdict in sales.verdicts),
        "sold": [verdict.sold for verdict in sales.verdicts],
    }


def _summary(sales: Sales) -> list[str]:
    scenario = sales.worst.scenario
    runs = len(sales.verdicts)
    oversold = sum(verdict.oversold > 0 for verdict in sales.verdicts)
    names = Counter(verdict.name for verdict in sales.verdicts)
    sold = Counter(verdict.sold for verdict in sales.verdicts)
    shown = screen()
    return [
        *shown.wrapped(
            f"{count_of(runs, 'sale')} of {count_of(scenario.tickets, 'ticket')} to "
            f"{count_of(scenario.buyers, 'buyer')}, lock {scenario.lock}: oversold in {oversold:,} of {runs:,}."
        ),
        *shown.wrapped(
            "Tickets sold: "
            + ", ".join(f"{tickets:,} in {count_of(sold[tickets], 'sale')}" for tickets in sorted(sold))
        ),
        *shown.wrapped(
            "Verdicts: " + ", ".join(f"{label(n).lower()} in {count_of(names[n], 'sale')}" for n in sorted(names))
        ),
        "",
        *headline(sales.verdict, shown),
        *reasons(sales.worst, sales.verdict, shown),
    ]
