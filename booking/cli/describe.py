"""`booking locks` and `booking stores`: what each one declares, derived from the registries."""

import typer

from booking.cli import options
from booking.registries import LOCKS, STORES
from booking.stores import Store


def locks(*, json: options.Json = False) -> None:
    """List the locks with the three facts that each declares."""
    rows = [
        {
            "name": name,
            "permits": lock.facts.permits,
            "freed_when_holder_dies": lock.facts.freed_when_holder_dies,
            "reach": str(lock.facts.reach),
            "about": lock.summary(),
        }
        for name, lock in LOCKS.items()
    ]
    if json:
        options.print_json({"locks": rows})
        return
    typer.echo(f"{'lock':<11}{'inside at once':<16}{'freed if holder dies':<22}keeps apart")
    for row in rows:
        permits = "everybody" if row["permits"] is None else row["permits"]
        freed = "yes" if row["freed_when_holder_dies"] else "no"
        typer.echo(f"{row['name']:<11}{permits:<16}{freed:<22}{row['reach']}")


def stores(*, json: options.Json = False) -> None:
    """List the stores with the steps of one write and whether the buyers share them."""
    if json:
        options.print_json({"stores": [{"name": name, **_declared(store)} for name, store in STORES.items()]})
        return
    typer.echo(f"{'store':<11}{'steps of a write':<22}shared by the buyers")
    for name, store in STORES.items():
        typer.echo(f"{name:<11}{', then '.join(store.write_steps):<22}{'yes' if store.shared else 'no'}")


def _declared(store: type[Store]) -> dict[str, object]:
    return {"write_steps": list(store.write_steps), "shared": store.shared, "about": store.summary()}
