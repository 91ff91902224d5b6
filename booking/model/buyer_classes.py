"""The kinds of buyers of a scenario: those of one kind are alike, so that the explorer may count instead of name them.

Mostly there is one. Trains that are taken in different orders have several, and so have tickets that are split into
unequal shares.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from booking.errors import BadInputError
from booking.model.scripted_desk import Program, purchase_at_counter
from booking.model.shared_state import Shared, cell_of, shared_in
from booking.registry import protection_of
from booking.scenario import Scenario


class Kind(NamedTuple):
    """What these buyers do, the world as they see it, and their numbers from 1, of which there is at least one."""

    program: Program
    shared: Shared
    buyers: tuple[int, ...]


def kinds_in(scenario: Scenario, program: Program | None = None, clerks: int = 0) -> tuple[Kind, ...]:
    """Return the kinds; with a `program` all buyers run that one, and with `clerks` they go to the counter.

    Raise BadInputError if the scenario's lock, store, trains and clerks do not go together.
    """
    shared, protection = shared_in(scenario, clerks), protection_of(scenario)
    if clerks and (protection.shares or scenario.trains > 1):
        raise BadInputError("a clerk sells the tickets of one train to everybody; leave out --clerks")
    if program and protection.shares:
        raise BadInputError(f"only the purchase itself is explored with --lock {scenario.lock}; use another lock")
    if clerks and not program:
        program = purchase_at_counter
    found: dict[tuple[tuple[str, int], ...], list[int]] = {}
    for buyer in range(1, scenario.buyers + 1):
        files = [(cell_of(train), scenario.file_of(buyer, train)) for train in scenario.route(buyer)]
        found.setdefault(tuple((cell, scenario.counts[file]) for cell, file in files), []).append(buyer)
    return tuple(
        Kind(program or protection.program, replace(shared, cells=dict(cells)), tuple(buyers))
        for cells, buyers in found.items()
    )


def at_their_roots(roots: Sequence[int], kinds: Sequence[Kind]) -> dict[int, list[int]]:
    """Return which buyers start in which local state; `roots` has that of each kind."""
    where: dict[int, list[int]] = {}
    for root, kind in zip(roots, kinds, strict=True):
        where[root] = sorted([*where.get(root, ()), *kind.buyers])
    return where
