"""`booking locks` and `booking stores`: the facts that each one declares, derived from the registries."""

import typer

from booking.cli import options
from booking.lock_free.cas import CompareAndSwap
from booking.registry import LOCKS, STORES
from booking.stores import Store


def locks(*, json: options.Json = False) -> None:
    """List the locks with the three facts that each declares."""
    rows = [
        {
            "name": name,
            "permits": lock.facts.permits,
            "freed_when_holder_dies": lock.facts.freed_when_holder_dies,
            "reach": str(lock.facts.reach),
            "swaps": issubclass(lock, CompareAndSwap),
            "about": lock.summary(),
        }
        for name, lock in LOCKS.items()
    ]
    if json:
        options.print_json({"locks": rows})
        return
    typer.echo(f"{'lock':<11}{'inside at once':<16}{'freed if holder dies':<22}keeps apart")
    for name, lock in LOCKS.items():
        permits, freed, reach = lock.facts.permits, _yes_or_no(lock.facts.freed_when_holder_dies), lock.facts.reach
        cells = ("no limit", "-", "-") if permits is None else (permits, freed, reach)  # no lock: nothing is held
        typer.echo(f"{name:<11}{cells[0]:<16}{cells[1]:<22}{cells[2]}")


def stores(*, json: options.Json = False) -> None:
    """List the stores with the facts that each declares."""
    if json:
        options.print_json({"stores": [{"name": name, **_declared(store)} for name, store in STORES.items()]})
        return
    typer.echo(f"{'store':<11}{'steps of a write':<22}{'shared by buyers':<18}{'outlives the sale':<19}swaps")
    for name, store in STORES.items():
        shared, outlives, swaps = map(_yes_or_no, (store.shared, store.outlives_sale, store.can_swap))
        typer.echo(f"{name:<11}{', then '.join(store.write_steps):<22}{shared:<18}{outlives:<19}{swaps}")


def _declared(store: type[Store]) -> dict[str, object]:
    return {
        "write_steps": list(store.write_steps),
        "shared": store.shared,
        "outlives_sale": store.outlives_sale,
        "can_swap": store.can_swap,
        "about": store.summary(),
    }


def _yes_or_no(fact: object) -> str:
    return "yes" if fact else "no"
