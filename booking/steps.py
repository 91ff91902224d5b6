"""The steps of a purchase: what touches something that the buyers share."""

from enum import StrEnum


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


READS = frozenset({Step.LOOK, Step.READ})
"""The steps that return the count."""
WRITES = frozenset({Step.TRUNCATE, Step.WRITE, Step.SWAP})
"""The steps that may change the file."""

PAY = "pay"
"""Recorded like a step so that the timeline can show it; it touches nothing shared, so it is none."""
