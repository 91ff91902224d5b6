"""`booking look`, `booking buy`, `booking reset`: one real buyer, from this terminal."""

from pathlib import Path
from typing import Annotated

import typer

from booking.cli import options
from booking.errors import BadInputError, MalformedStoreError, TornReadError
from booking.locks import Reach
from booking.purchase import Outcome
from booking.registry import protection_of, store_named
from booking.scenario import Scenario
from booking.simulation.sale import Sale, claimed, store_path
from booking.simulation.single_buyer import buy_alone
from booking.steps import PAY, Phase, Step, Value
from booking.text.verbs import narrated
from booking.text.words import count_of, printable

TIMEOUT = 60.0
LONGEST_NAME = 40


def look(
    context: typer.Context,
    *,
    db: options.Db = Path("data/db.json"),
    at: options.At = None,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", help="Give up after this many seconds without an answer.")
    ] = TIMEOUT,
    json: options.Json = False,
) -> None:
    """Show how many tickets are left, in a file or at an office."""
    options.require_seconds("--timeout", timeout)
    if at is None:
        count, where = store_named("json")(store_path(db)).read(), {"db": str(db)}
    else:
        from booking.office import client, protocol  # noqa: PLC0415 - sockets, only with --at

        options.refuse_beside_at(context, "db")
        count, where = client.look_at(protocol.parse_address(at), timeout=timeout), {"at": at}
    if json:
        options.print_json({**where, "count": count})
    else:
        typer.echo(f"{count_of(count, 'ticket')} left {'in' if at is None else 'at'} {at or db}.")


def reset(
    *,
    tickets: options.Tickets = 1,
    db: options.Db = Path("data/db.json"),
    force: Annotated[bool, typer.Option("--force", help="Replace a file that holds no count.")] = False,
    json: options.Json = False,
) -> None:
    """Put tickets into the store. Its other keys are kept."""
    sale = Sale.of(Scenario(tickets=tickets), db=db)
    try:
        with sale.opened():
            pass
    except MalformedStoreError:
        if not (force and db.is_file()):
            raise
        with claimed(sale.stores[0]):
            sale.stores[0].put(tickets)
    if json:
        options.print_json({"db": str(db), "count": tickets})
    else:
        typer.echo(f"{db} now holds {count_of(tickets, 'ticket')}.")


def buy(  # noqa: PLR0913 - every dial is an option
    context: typer.Context,
    *,
    lock: options.LockName = "none",
    permits: options.Permits = 1,
    store: options.StoreName = "json",
    pay: options.Pay = "5",
    seed: options.Seed = None,
    name: Annotated[str, typer.Option(metavar="NAME", help="The name of this buyer.")] = "you",
    db: options.Db = Path("data/db.json"),
    at: options.At = None,
    timeout: Annotated[
        float,
        typer.Option(metavar="SECONDS", help="Give up after this many seconds without the lock, or without an answer."),
    ] = TIMEOUT,
    json: options.Json = False,
) -> int:
    """Look, then buy one ticket, as one buyer. Run it in two terminals to race by hand."""
    scenario = Scenario(
        buyers=1, tickets=0, lock=lock, store=store, pay=options.parsed_pay(pay), seed=seed, permits=permits
    )
    who = printable(name)[:LONGEST_NAME]
    if not who:
        raise BadInputError(f"--name is {name!r:.40}; use letters")
    options.require_seconds("--timeout", timeout)
    narrator = _Narrator(who, quiet=json)
    if at is not None:
        from booking.office import client, protocol  # noqa: PLC0415 - sockets, only with --at

        options.refuse_beside_at(context, "lock", "permits", "store", "pay", "db", "seed")
        outcome = client.buy_at(protocol.parse_address(at), who, timeout=timeout, tell=narrator)
        return _finish(narrator, outcome, {"at": at}, json=json)
    if protection_of(scenario).facts.reach is Reach.PROCESS_TREE and not json:
        typer.echo(_ONE_TREE.format(lock=lock))
    try:
        outcome = buy_alone(scenario, db=db, timeout=timeout, tell=narrator)
    except TornReadError:
        outcome = Outcome.TORN_READ
    return _finish(narrator, outcome, {"lock": lock}, json=json)


def _finish(narrator: "_Narrator", outcome: Outcome, where: dict[str, str], *, json: bool) -> int:
    if json:
        options.print_json({"name": narrator.who, "outcome": outcome, "read": narrator.read, **where})
    else:
        typer.echo(f"{narrator.who}: {narrator.ending(outcome)}")
    return 0


_ONE_TREE = (
    "Note: the lock {lock} exists only between a parent process and its children.\n"
    "This terminal makes one for itself, another terminal makes another, and neither\n"
    "sees the other's: both go in. Across terminals use --lock file."
)


class _Narrator:
    """Says what one buyer does, as it does it."""

    def __init__(self, who: str, *, quiet: bool) -> None:
        self.who = who
        self._quiet = quiet
        self.read: Value = None

    def __call__(self, word: str, phase: Phase, value: Value = None, /) -> None:
        if word == Step.READ and phase == "return":
            self.read = value
        text = narrated(word, phase, value, me=True)
        if text and not self._quiet:
            more = " This takes a while, and others may be reading now." if word == PAY else ""
            typer.echo(f"{self.who}: {text}.{more}")

    def ending(self, outcome: Outcome) -> str:
        """Return the last line of the story."""
        return {
            Outcome.BOUGHT: "I have a ticket.",
            Outcome.SOLD_OUT: "It is sold out; I have no ticket.",
            Outcome.TORN_READ: "I read half a file, because somebody was writing it; I have no ticket.",
        }[outcome]
