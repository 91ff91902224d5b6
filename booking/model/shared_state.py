"""What the buyers share, as the explorer sees it: named cells, named locks, and the steps of one write."""

from dataclasses import dataclass, field

from booking.locks import LockFacts, Reach
from booking.registry import protection_of
from booking.scenario import MOST_PROCESSES, Scenario, require_whole
from booking.steps import Step
from booking.trains import COUNT, LOCK, NAMES

__all__ = ["COUNT", "COUNTER", "LOCK", "Shared", "shared_in"]

COUNTER = "counter"
"""The counter of a sale with clerks: as many can be inside as there are clerks."""


@dataclass(frozen=True, slots=True)
class Shared:
    """The world outside the buyers, before any of them has moved.

    `cells` holds the first value of each cell and `locks` what each lock promises. `write_steps` are the atomic
    steps of one write, and `can_swap` tells whether a count can be compared and swapped in one. With `private` every
    buyer sees its own copy of the cells, which nobody else can change; with `split` these are shares of the tickets,
    and what is left is their sum.
    """

    cells: dict[str, int]
    locks: dict[str, LockFacts]
    write_steps: tuple[Step, ...] = (Step.WRITE,)
    private: bool = field(default=False)
    can_swap: bool = field(default=False)
    split: bool = field(default=False)


def shared_in(scenario: Scenario, clerks: int = 0) -> Shared:
    """Return what the buyers of this scenario share, from the facts that its lock and its store declare.

    With clerks there is a counter too; 0 is a sale without. Raises BadInputError for more buyers than can be told
    apart, which only a pool can play.
    """
    require_whole("buyers (outside of a pool)", scenario.buyers, 1, MOST_PROCESSES)
    require_whole("clerks", clerks, 0, MOST_PROCESSES)
    protection = protection_of(scenario)
    store, split = protection.store_kind, bool(protection.shares)
    counter = {COUNTER: LockFacts(clerks, freed_when_holder_dies=True, reach=Reach.PROCESS_TREE)} if clerks else {}
    facts, trains = protection.facts, NAMES[: scenario.trains]
    return Shared(
        cells={cell: scenario.tickets for cell, _ in trains},
        locks={lock: facts for _, lock in trains} | counter,
        write_steps=store.write_steps,
        private=split or not store.shared,
        can_swap=store.can_swap and not split,
        split=split,
    )
