"""What the buyers share, as the explorer sees it: named cells, named locks, and the steps of one write."""

from dataclasses import dataclass, field

from booking.locks import LockFacts, Reach
from booking.registries import facts_of, store_named
from booking.scenario import MOST_PROCESSES, Scenario, require_whole
from booking.steps import Step

COUNT = "count"
"""The cell that holds the number of tickets left; a sale of today has no other."""
LOCK = "lock"
"""The lock of the sale."""
COUNTER = "counter"
"""The counter of a sale with clerks: as many can be inside as there are clerks."""


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


def shared_in(scenario: Scenario, clerks: int = 0) -> Shared:
    """Return what the buyers of this scenario share, from the facts that its lock and its store declare.

    With clerks there is a counter too; 0 is a sale without. Raises BadInputError for more buyers than can be told
    apart, which only a pool can play.
    """
    require_whole("buyers (outside of a pool)", scenario.buyers, 1, MOST_PROCESSES)
    require_whole("clerks", clerks, 0, MOST_PROCESSES)
    store = store_named(scenario.store)
    counter = {COUNTER: LockFacts(clerks, freed_when_holder_dies=True, reach=Reach.PROCESS_TREE)} if clerks else {}
    return Shared(
        cells={COUNT: scenario.tickets},
        locks={LOCK: facts_of(scenario)} | counter,
        write_steps=store.write_steps,
        private=not store.shared,
        can_swap=store.can_swap,
    )
