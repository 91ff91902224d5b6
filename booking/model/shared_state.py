"""What the buyers share, as the explorer sees it: named cells, named locks, and the steps of one write."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from booking.locks import LockFacts, Reach
from booking.registry import protection_of
from booking.scenario import MOST_PROCESSES, Scenario, require_whole
from booking.steps import Step

if TYPE_CHECKING:
    from booking.model.scripted_cells import OwnCode

COUNT = "count"
"""The cell with the number of tickets left on the one train, or on the first of several."""
LOCK = "lock"
"""Its lock."""
COUNTER = "counter"
"""The counter of a sale with clerks: as many can be inside as there are clerks."""


@dataclass(frozen=True, slots=True)
class Shared:
    """The world outside the buyers, before any of them has moved.

    `cells` holds the first value of each cell, in the order of a buyer's desks, and `locks` what each lock promises.
    `write_steps` are the atomic steps of one write, and `can_swap` tells whether a count can be compared and swapped
    in one. With `private` every buyer sees its own copy of the cells, which no other buyer can change; with `split`
    these are shares of the tickets, and what is left is their sum. `memory` has the first values, packed, of the cells
    of a lock of one's own, None for others, and `me` is the number of a buyer, from 0, of so many `buyers`.
    """

    cells: dict[str, int]
    locks: dict[str, LockFacts]
    write_steps: tuple[Step, ...] = (Step.WRITE,)
    private: bool = False
    can_swap: bool = False
    split: bool = False
    own: "OwnCode | None" = None
    memory: dict[str, int] = field(default_factory=dict)
    me: int = 0
    buyers: int = 1

    @property
    def contents(self) -> dict[str, int]:
        """Return the first value of each cell, those of a lock of one's own included."""
        return self.cells | self.memory


def cell_of(train: int) -> str:
    """Return the name of the cell with the count of this train, counted from 1."""
    return COUNT if train == 1 else f"count of train {train}"


def lock_of(train: int) -> str:
    """Return the name of the lock of this train, counted from 1."""
    return LOCK if train == 1 else f"lock of train {train}"


def train_of(name: str) -> int:
    """Return the train of a cell or a lock, counted from 1; one of no train counts as the first's."""
    _, _, number = name.rpartition(" of train ")
    return int(number) if number.isdecimal() else 1


def shared_in(scenario: Scenario, clerks: int = 0) -> Shared:
    """Return what the buyers share; 0 `clerks` is none. Raise BadInputError for more buyers than processes can be."""
    require_whole("buyers (outside of a pool)", scenario.buyers, 1, MOST_PROCESSES)
    require_whole("clerks", clerks, 0, MOST_PROCESSES)
    protection = protection_of(scenario)
    store, split = protection.store_kind, bool(protection.shares)
    own = _own_code(protection.own_lock) if protection.own_lock else None
    counter = {COUNTER: LockFacts(clerks, freed_when_holder_dies=True, reach=Reach.PROCESS_TREE)} if clerks else {}
    trains = range(1, scenario.trains + 1)
    return Shared(
        cells=dict.fromkeys(map(cell_of, trains), scenario.tickets),
        locks=dict.fromkeys(map(lock_of, trains), protection.facts) | counter,
        write_steps=store.write_steps,
        private=split or not store.shared,
        can_swap=store.can_swap and not split,
        split=split,
        own=own,
        memory=own.memory(scenario.buyers) if own else {},
        buyers=scenario.buyers,
    )


@lru_cache(maxsize=32)
def _own_code(kind: type) -> "OwnCode":
    """Return the code of a lock of one's own, read once."""
    from booking.model.scripted_cells import OwnCode  # noqa: PLC0415 - 20 ms, only for such a lock

    return OwnCode(kind)
