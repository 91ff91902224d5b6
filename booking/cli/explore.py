"""`booking explore`: every interleaving, counted; the shortest one that breaks, or the proof that none does."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from booking.cli import files, options
from booking.cli.files import require_writable, write_text
from booking.errors import INTERRUPTED, BadInputError, InconclusiveError
from booking.explorer.result import Exploration
from booking.history import schedule
from booking.live.terminal import progress, screen
from booking.scenario import Scenario
from booking.text.words import count_of


def explore(  # noqa: PLR0913 - every dial of a scenario is an option
    *,
    buyers: options.Buyers = 10,
    tickets: options.Tickets = 1,
    lock: options.LockName = "none",
    buyer: options.BuyerName = None,
    permits: options.Permits = 1,
    store: options.StoreName = "json",
    trains: options.Trains = 1,
    order: options.TrainOrder = "same",
    clerks: Annotated[int, typer.Option(metavar="N", help="Sell through N clerks; 0: buyers sell to themselves.")] = 0,
    crashes: options.Crashes = 0,
    memory: options.Memory = "sc",
    max_states: Annotated[int, typer.Option(metavar="N", help="Stop after so many states.")] = 5_000_000,
    save: Annotated[Path | None, typer.Option(metavar="FILE", help="Save the shortest schedule for replay.")] = None,
    html: options.HtmlFile = None,
    open_report: options.OpenReport = False,
    json: options.Json = False,
    expect: options.Expect = None,
) -> int:
    """Count every interleaving of the buyers' steps. Find the shortest that goes wrong, or prove that none does."""
    from booking import explorer  # noqa: PLC0415 - 20 ms that other commands need not pay
    from booking.reports.exploration import render  # noqa: PLC0415

    expected = options.parsed_verdict(expect)
    if clerks and (save or html):
        raise BadInputError("--clerks cannot be combined with --save or --html: replays and pages show no clerks")
    require_writable({"save": save, "html": html}, opens=open_report)
    scenario = Scenario(buyers, tickets, lock, store, permits=permits, trains=trains, order=order, buyer=buyer)
    if memory != "sc":
        if buyer is not None:
            raise BadInputError("--memory cannot be combined with --buyer: it is about the cells of a lock alone")
        return _buffered(memory, scenario, json=json, expected=expected)
    started = time.perf_counter()
    with asked_to_stop() as stop, progress(None, "states") as tell:
        found = explorer.explore(
            scenario, crashes=crashes, clerks=clerks, max_states=max_states, on_progress=tell, stop=stop
        )
    elapsed_s = time.perf_counter() - started
    if save is not None:
        typer.echo(_saved(found, save), err=True)
    if json:
        options.print_json(found.to_json() | {"crashes": crashes, "clerks": clerks, "elapsed_s": round(elapsed_s, 6)})
    else:
        typer.echo("\n".join([*_counter(clerks), render(found, screen())]))
        typer.echo("\n".join(["", *screen().wrapped(f"{_effort(found)} in {elapsed_s:.3g} seconds.")]))
    if html is not None:
        from booking.reports.page import exploration  # noqa: PLC0415

        write_text("html", html, exploration.render(found))
    if open_report:
        files.open_report({"html": html})
    return INTERRUPTED if stop() else status_of(found, expected)


def _buffered(memory: str, scenario: Scenario, *, json: bool, expected: str | None) -> int:
    from booking.cli.memory import explore_buffered  # noqa: PLC0415 - few explorations need it

    if memory != "tso":
        raise BadInputError(f"--memory is {memory!r:.40}; use sc or tso")
    return explore_buffered(scenario, json=json, expected=expected)


@contextmanager
def asked_to_stop() -> Iterator[Callable[[], bool]]:
    """Turn Ctrl-C into a question that long work can ask, so that what was found so far is not lost."""
    asked: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: asked.append(number))
    try:
        yield lambda: bool(asked)
    finally:
        signal.signal(signal.SIGINT, before)


def status_of(found: Exploration, expected: str | None) -> int:
    """Return the exit status: what was expected decides; an exploration that was cut short is inconclusive."""
    if expected == found.verdict:
        return 0
    if not found.exhausted:
        return InconclusiveError.exit_status
    return 0 if expected is None else 1


def _counter(clerks: int) -> list[str]:
    """Return what a reader has to know about the clerks, nothing if there are none."""
    if not clerks:
        return []
    return screen().wrapped(
        f"{count_of(clerks, 'clerk')} at the counter: a buyer acquires one for its look, and one for its purchase, "
        "and releases it with the answer."
    )


def _saved(found: Exploration, path: Path) -> str:
    if found.shortest is None:
        return f"Nothing goes wrong, so there is no schedule to save; {path} is unchanged."
    schedule.save(path, schedule.SavedSchedule(found.scenario, found.shortest.schedule))
    return f"Saved the shortest schedule; run it with: booking replay {path}"


def _effort(found: Exploration) -> str:
    work = f"{count_of(found.states, 'state')}, {count_of(found.transitions, 'transition')}"
    return work if found.exhausted else f"Cut short after {work}"
