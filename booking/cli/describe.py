"""`booking locks` and `booking stores`: the facts that each one declares, derived from the registries."""

from collections.abc import Iterator, Mapping

import typer

from booking.cli import options
from booking.live.terminal import screen
from booking.lock_free.cas import CompareAndSwap
from booking.locks import Lock
from booking.protection import Protection
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
            "reentrant": lock.facts.reentrant,
            "swaps": issubclass(lock, CompareAndSwap),
            "about": lock.summary(),
        }
        for name, lock in LOCKS.items()
    ]
    if json:
        options.print_json({"locks": rows})
        return
    table = []
    for name, lock in LOCKS.items():
        permits, freed, reach = lock.facts.permits, _yes_or_no(lock.facts.freed_when_holder_dies), lock.facts.reach
        cells = ("no limit", "-", "-") if permits is None else (permits, freed, reach)  # no lock: nothing is held
        table.append((name, *map(str, cells)))
    headers = ("lock", "inside at once", "freed if holder dies", "keeps apart")
    typer.echo("\n".join([*screen().table(headers, table), "", *_about(LOCKS)]))


def stores(*, json: options.Json = False) -> None:
    """List the stores with the facts that each declares."""
    if json:
        options.print_json({"stores": [{"name": name, **_declared(store)} for name, store in STORES.items()]})
        return
    headers = ("store", "steps of a write", "shared by buyers", "outlives the sale", "swaps")
    rows = [
        (
            name,
            ", then ".join(store.write_steps),
            *map(_yes_or_no, (store.shared, store.outlives_sale, store.can_swap)),
        )
        for name, store in STORES.items()
    ]
    typer.echo("\n".join([*screen().table(headers, rows), "", *_about(STORES)]))


def _about(kinds: Mapping[str, type[Lock | Protection | Store]]) -> Iterator[str]:
    for name, kind in kinds.items():
        yield from screen().hanging(f"{name:<11}", kind.summary())


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
