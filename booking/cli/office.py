"""`booking office`: sell over the network, to clients that only know an address."""

import os
from pathlib import Path
from typing import Annotated

import typer

from booking.cli import options
from booking.cli.explore import asked_to_stop
from booking.errors import INTERRUPTED, BadInputError
from booking.office.connection import Listener
from booking.office.protocol import HIGHEST_PORT, LOOPBACK
from booking.office.server import Rules, hold_office
from booking.registry import protection_of
from booking.scenario import Scenario, require_whole

MOST_WITH_ONE_EACH = 64
MOST_IN_TURN = 1000
"""Clients at once if each has its own process, and if a few processes serve them in turn."""

MOST_WORKERS = 64
USUAL_WORKERS = 4
MOST_CLIENTS = 10_000
TIMEOUT = 60.0
"""Seconds that a purchase waits for a lock that is not freed when its holder is killed."""

CAN_FORK = hasattr(os, "fork")


def office(  # noqa: PLR0913 - every dial is an option
    *,
    port: Annotated[int, typer.Option(metavar="PORT", help="Port to listen on; 0 takes a free one.")] = 0,
    host: Annotated[
        str, typer.Option(metavar="HOST", help="Address to listen on; 127.0.0.1 is this machine only.")
    ] = LOOPBACK,
    per_client: Annotated[bool, typer.Option("--per-client", help="A process for each client.")] = False,
    workers: Annotated[
        int | None, typer.Option(metavar="N", help="N processes, made beforehand, serve all clients in turn.")
    ] = None,
    tickets: options.Tickets = 1,
    keep_stock: options.KeepStock = False,
    lock: options.LockName = "none",
    permits: options.Permits = 1,
    store: options.StoreName = "json",
    pay: options.Pay = "5",
    seed: options.Seed = None,
    db: options.Db = Path("data/db.json"),
    clients: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Most clients at once.",
            show_default=f"{MOST_WITH_ONE_EACH}; {MOST_IN_TURN:,} with --workers",
        ),
    ] = None,
    idle: Annotated[float, typer.Option(metavar="SECONDS", help="Hang up on a client that is silent so long.")] = 30.0,
    timeout: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            help="Stop waiting for the lock after so many seconds.",
            show_default="no limit if a dead holder's lock is freed, else 60",
        ),
    ] = None,
    start_method: options.StartMethod = None,
) -> int:
    """Open a ticket office: clients look and buy with --at HOST:PORT. Ctrl-C closes it."""
    scenario = Scenario(
        buyers=1, tickets=tickets, lock=lock, store=store, pay=options.parsed_pay(pay), seed=seed, permits=permits
    )
    facts = protection_of(scenario).facts
    if timeout is None and not facts.freed_when_holder_dies:
        timeout = TIMEOUT
    rules = _rules(per_client=per_client, workers=workers, clients=clients, idle=idle, timeout=timeout)
    require_whole("--port", port, 0, HIGHEST_PORT)
    listener = Listener(host, port)
    with listener.socket, asked_to_stop():
        if not listener.is_loopback:
            typer.echo(_OPEN.format(host=listener.host), err=True)
        restock = not keep_stock
        hold_office(scenario, rules, listener, db=db, restock=restock, tell=typer.echo, start_method=start_method)
    typer.echo("Office closed.")
    return INTERRUPTED


_OPEN = (
    "Warning: at {host} everybody who can reach this machine can buy, without a password.\n"
    "Leave out --host to serve this machine only."
)


def _rules(*, per_client: bool, workers: int | None, clients: int | None, idle: float, timeout: float | None) -> Rules:
    """Return how to serve: a process for each client by default, if the system can fork."""
    if per_client and workers is not None:
        raise BadInputError("--per-client and --workers exclude each other; use one of them")
    if workers is None and not per_client and not CAN_FORK:
        workers = USUAL_WORKERS
    if workers is not None:
        require_whole("--workers", workers, 1, MOST_WORKERS)
    if clients is None:
        clients = MOST_WITH_ONE_EACH if workers is None else MOST_IN_TURN
    require_whole("--clients", clients, 1, MOST_CLIENTS)
    options.require_seconds("--idle", idle)
    if timeout is not None:
        options.require_seconds("--timeout", timeout)
    return Rules(workers or 0, clients, idle, timeout)
