"""What the buyers share, as the explorer sees it: named cells, named locks, and the steps of one write."""

from dataclasses import dataclass, field

from booking.locks import LockFacts
from booking.registries import facts_of, store_named
from booking.scenario import Scenario
from booking.steps import Step

COUNT = "count"
"""The cell that holds the number of tickets left; a sale of today has no other."""
LOCK = "lock"
"""The lock of the sale; a sale of today has no other."""


@dataclass(frozen=True, slots=True)
class Shared:
    """The world outside the buyers, before any of them has moved.

    `cells` holds the first value of each cell and `locks` what each lock promises. `write_steps` are the atomic
    steps of one write, and `can_swap` tells whether a count can be compared and swapped in one. With `private` every
    buyer sees its own copy of the cells, which nobody else can change.
    """

    cells: dict[str, int]
    locks: dict[str, LockFacts]
    write_steps: tuple[Step, ...] = (Step.WRITE,)
    private: bool = field(default=False)
    can_swap: bool = field(default=False)


def shared_in(scenario: Scenario) -> Shared:
    """Return what the buyers of this scenario share, from the facts that its lock and its store declare."""
    store = store_named(scenario.store)
    return Shared(
        cells={COUNT: scenario.tickets},
        locks={LOCK: facts_of(scenario)},
        write_steps=store.write_steps,
        private=not store.shared,
        can_swap=store.can_swap,
    )
