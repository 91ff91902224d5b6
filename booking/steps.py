"""The steps of a purchase, what touches something that the buyers share, and what each of them does to a cell."""

from enum import StrEnum
from typing import Literal, TypeAlias

TORN = "torn"
"""What a cell holds, and what a read returns, between the two halves of a write in place."""
BLOCKED = "blocked"
"""The result of an attempt to take a lock that others hold."""
CHANGED = "changed"
"""The result of a swap that found another count than expected."""
Value: TypeAlias = int | str | None
Phase: TypeAlias = Literal["call", "return"]


class Step(StrEnum):
    """One atomic touch of something shared; between two steps of a buyer any other buyer may move."""

    LOOK = "look"
    """Read the count before queueing, outside the lock."""
    ACQUIRE = "acquire"
    """Take the lock. While it is blocked it is no step: the buyer has not moved."""
    READ = "read"
    """Read the count that the purchase is based on."""
    TRUNCATE = "truncate"
    """Empty the file, the first half of a write in place."""
    WRITE = "write"
    """Make the new count visible."""
    SWAP = "swap"
    """Replace the count by another if, and only if, it is still the one expected: compare and swap."""
    RELEASE = "release"
    """Give the lock back."""
    ACCESS = "access"
    """Touch a cell of a lock of one's own; its value says in words what is done."""


RECORDED = frozenset(Step) - {Step.ACCESS}
"""The steps that real processes record, so that a fault can strike there; those of a spinning lock are too many."""
READS = frozenset({Step.LOOK, Step.READ})
"""The steps that return the count."""
WRITES = frozenset({Step.TRUNCATE, Step.WRITE, Step.SWAP})
"""The steps that may change the file."""

PAY = "pay"
"""Recorded like a step so that the timeline can show it; it touches nothing shared, so it is not a step."""


def apply(step: str, cell: Value, value: Value = None, expected: Value = None) -> tuple[Value, Value]:
    """Return what a cell holds after a step, and what the step returns to the buyer.

    `value` is the count that a write or a swap puts there, and `expected` the one that a swap has to find. The
    steps on a lock leave every cell alone.
    """
    match step:
        case Step.LOOK | Step.READ:
            return cell, cell
        case Step.TRUNCATE:
            return TORN, None
        case Step.WRITE:
            return value, None
        case Step.SWAP:
            return (value, value) if cell == expected else (cell, CHANGED)
    return cell, None
