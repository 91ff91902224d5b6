"""Whether a sale is stuck: nobody in it can move any more, so waiting for the time-out would show nothing new.

A buyer that waits can move once somebody gives its lock back. So a sale is stuck when every buyer that lives waits, and
each lock that they wait for is full with buyers that keep it: buyers that wait themselves, frozen ones, and the dead
where the system does not free their locks. That state is stable: once it is true it stays true (Chandy and Lamport,
"Distributed snapshots", ACM TOCS 3, 1985), so it may be read from a journal that is a moment old.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from booking.history.finding import held_locks
from booking.history.history import Event
from booking.locks import LockFacts, Reach
from booking.steps import Step


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where the buyers of a sale stand.

    `last` is the last event of each buyer that has begun. `living` are those whose purchase has not ended and whose
    process lives, and `frozen` the part of them that was stopped in a step which it never leaves. `struck` has the step
    in which a fault struck a buyer. `facts` are those of the locks, and `trees` is how many process trees there are.
    """

    last: Mapping[int, Event]
    living: Collection[int]
    frozen: Collection[int]
    struck: Mapping[int, str]
    facts: LockFacts
    trees: int = 1


def is_stuck(standing: Standing, events: Iterable[Event]) -> bool:
    """Return whether no buyer can move any more; False if that is not certain.

    A buyer that has begun to give its lock back may have done so, and a lock of a cluster may be a lease that expires.
    """
    facts, last = standing.facts, standing.last
    waiting = [buyer for buyer in standing.living if buyer not in standing.frozen]
    if not standing.living or facts.reach is Reach.CLUSTER or not all(waits(last.get(buyer)) for buyer in waiting):
        return False
    held = held_locks(events)
    kept = Counter(_lock(standing, buyer, train) for buyer in held if _keeps(buyer, standing) for train in held[buyer])
    wanted = {_lock(standing, buyer, last[buyer].train) for buyer in waiting}
    return all(facts.permits is not None and kept[lock] >= facts.permits for lock in wanted)


def waits(event: Event | None) -> bool:
    """Return whether a buyer that was last heard of with this event is about to take a lock, or waits for it."""
    return event is not None and (event.step, event.phase) == (Step.ACQUIRE, "call")


def _keeps(buyer: int, standing: Standing) -> bool:
    """Return whether a buyer keeps its locks for certain; a fault strikes before its step is done."""
    last = standing.last[buyer]
    is_releasing = (last.step, last.phase) == (Step.RELEASE, "call") and standing.struck.get(buyer) != Step.RELEASE
    return buyer in standing.living or not (standing.facts.freed_when_holder_dies or is_releasing)


def _lock(standing: Standing, buyer: int, train: int) -> tuple[int, int]:
    """Return which lock a buyer takes on a train: one of the processes' own exists once in each tree."""
    tree = (buyer - 1) % standing.trees if standing.facts.reach is Reach.PROCESS_TREE else 0
    return train, tree
