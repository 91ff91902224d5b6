"""`booking run`: a real sale, its story and its verdict."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from booking.cli import options
from booking.cli.screen import progress
from booking.errors import BadInputError, DiskError, InconclusiveError
from booking.history import History
from booking.reports.timeline import conclusion, render
from booking.scenario import Scenario, require_whole
from booking.simulation.sale import simulate
from booking.stores.json import JsonStore
from booking.verdict import SOUND, UNKNOWN, Anomaly, Verdict, judge
from booking.words import count_of

MOST_RUNS = 1_000_000


def run(  # noqa: PLR0913 - every dial of a sale is an option
    *,
    buyers: options.Buyers = 10,
    tickets: options.Tickets = 1,
    keep_stock: Annotated[bool, typer.Option("--keep-stock", help="Sell what is left; do not restock.")] = False,
    lock: options.LockName = "none",
    permits: options.Permits = 1,
    store: options.StoreName = "json",
    pay: options.Pay = "0.05",
    db: options.Db = Path("data/db.json"),
    seed: options.Seed = None,
    start_method: options.StartMethod = None,
    timeout: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="End a sale that takes longer; generous if not given.")
    ] = None,
    durable: Annotated[bool, typer.Option("--durable", help="Wait for the disk at every write.")] = False,
    repeat: Annotated[int | None, typer.Option(metavar="R", help="Hold R sales and count.")] = None,
    history: options.HistoryFile = None,
    json: options.Json = False,
    expect: options.Expect = None,
) -> int:
    """Hold a sale: N processes look, then buy, from one JSON file."""
    if repeat is not None:
        require_whole("--repeat", repeat, 1, MOST_RUNS)
    if repeat is not None and keep_stock:
        raise BadInputError("--repeat needs a full stock for every sale; leave out --keep-stock")
    expected = options.parsed_verdict(expect)
    dice = seed if seed is not None else int.from_bytes(os.urandom(4), "big")
    scenario = Scenario(buyers, tickets, lock, store, options.parsed_pay(pay), dice, permits)
    before = stock_before(db)
    hold = partial(
        simulate,
        scenario,
        db=db,
        restock=not keep_stock,
        start_method=start_method,
        timeout=timeout,
        durable=durable,
    )
    sales = [_judged(hold()) for _ in progress(repeat or 1)]
    shown = max(sales, key=lambda sale: severity(sale.verdict.name))
    if history is not None:
        write_history(history, shown.history)
    if json:
        options.print_json(_document(sales, shown, repeated=repeat is not None))
    elif repeat is not None:
        typer.echo("\n".join(_counted(sales)))
    else:
        typer.echo("\n".join([_stock_line(db, before, shown.history), "", render(shown.history, shown.verdict)]))
    return status_of(shown, expected)


@dataclass(frozen=True)
class Sale:
    """A sale and what it came to."""

    history: History
    verdict: Verdict


def _judged(history: History) -> Sale:
    return Sale(history, judge(history))


def severity(name: str) -> int:
    """Return how bad a verdict is: 0 for sound, more for worse."""
    return [SOUND, UNKNOWN, *reversed(Anomaly)].index(name)


def status_of(sale: Sale, expected: str | None) -> int:
    """Return the exit status: what was expected decides, then what stopped the sale."""
    errors = [ending.error for ending in sale.history.endings if ending.error]
    if errors:
        raise DiskError(f"{count_of(len(errors), 'buyer')} could not go on: {errors[0]}")
    if expected == sale.verdict.name:
        return 0
    if sale.verdict.name == UNKNOWN or (expected is None and sale.history.timed_out):
        return InconclusiveError.exit_status
    return 0 if expected is None else 1


def write_history(path: Path, history: History) -> None:
    """Write the history as JSON Lines; raises DiskError."""
    try:
        path.write_text("".join(f"{line}\n" for line in history.to_lines()), encoding="utf-8")
    except OSError as error:
        raise DiskError(f"cannot write {path}: {error.strerror}; choose another file with --history") from None


def stock_before(db: Path) -> int | None:
    """Return what the store holds now, None where there is no file yet. Raises BadInputError for a bad one."""
    return JsonStore(db.resolve()).read() if db.exists() else None


def _stock_line(db: Path, before: int | None, history: History) -> str:
    tickets = count_of(history.scenario.tickets, "ticket")
    if before is None:
        return f"Created {db} with {tickets}."
    if before == history.scenario.tickets:
        return f"{db} holds {tickets}."
    return f"Restocked {db}: it held {before:,}, now {tickets}."


def _document(sales: Sequence[Sale], shown: Sale, *, repeated: bool) -> dict[str, Any]:
    """Return what `--json` prints: the sale, or the worst of them with the counts of all."""
    document = {
        "scenario": shown.history.scenario.to_json(),
        **shown.verdict.to_json(),
        "elapsed_s": sum(sale.history.elapsed_s for sale in sales),
        "start_method": shown.history.start_method,
        "timed_out": shown.history.timed_out,
    }
    if not repeated:
        return document
    return document | {
        "runs": len(sales),
        "oversold_runs": sum(sale.verdict.oversold > 0 for sale in sales),
        "sold": [sale.verdict.sold for sale in sales],
    }


def _counted(sales: Sequence[Sale]) -> list[str]:
    """Return what many sales came to, in three lines and the worst verdict."""
    scenario = sales[0].history.scenario
    oversold = sum(sale.verdict.oversold > 0 for sale in sales)
    verdicts = Counter(sale.verdict.name for sale in sales)
    sold = Counter(sale.verdict.sold for sale in sales)
    worst = max(sales, key=lambda sale: severity(sale.verdict.name))
    return [
        (
            f"{count_of(len(sales), 'sale')} of {count_of(scenario.tickets, 'ticket')} to "
            f"{count_of(scenario.buyers, 'buyer')}, lock {scenario.lock}: oversold in {oversold:,} of {len(sales):,}."
        ),
        "Tickets sold: " + ", ".join(f"{tickets:,} in {count_of(sold[tickets], 'sale')}" for tickets in sorted(sold)),
        "Verdicts: " + ", ".join(f"{name} in {count_of(verdicts[name], 'sale')}" for name in sorted(verdicts)),
        "",
        *conclusion(worst.verdict),
    ]
