"""Which locks and stores are one and the same to the explorer: it sees facts and steps, and never a name."""

from collections.abc import Hashable

from booking.model.world import kinds_in
from booking.registry import LOCKS, STORES, go_together, protection_of, under
from booking.scenario import Scenario

PAIRS = [(lock, store) for lock in LOCKS for store in STORES if go_together(lock, store)]
"""Every lock with every store that it can be combined with."""


def model(lock: str, store: str) -> Hashable:
    """Return all that the explorer knows of a lock and a store: how far a lock reaches, for one, is not in it."""
    scenario = under(lock, Scenario(3, 2, store=store, permits=2))
    facts = protection_of(scenario).facts
    worlds = [
        (kind.program, kind.buyers, *kind.shared.cells.items(), kind.shared.write_steps, kind.shared.private)
        for kind in kinds_in(scenario)
    ]
    return facts.permits, facts.freed_when_holder_dies, *worlds


SHOWN = {model(lock, store): (lock, store) for lock, store in reversed(PAIRS)}.values()
"""One pair, the first, for each model."""
