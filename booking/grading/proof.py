"""Prove a lock: exclusion, deadlock freedom, starvation freedom and bypass."""

from typing import Literal

from booking.grading.finding import UNKNOWN, Finding, Proof


def prove(  # noqa: PLR0913 - the limits of a search
    lock: type,
    *,
    buyers: int = 2,
    entries: int = 2,
    memory: Literal["sc", "tso"] = "sc",
    seconds: float = 60,
    states: int = 2_000_000,
) -> Proof:
    """Return what is known of a lock with so many buyers, each of which enters again and again, or stays outside.

    `entries` is how often each buyer enters at most if there are infinitely many states without a limit. The search
    ends after so many seconds or states, and answers unknown then.
    """
    del seconds, states
    finding = Finding(UNKNOWN, "the search is not written yet")
    return Proof(lock.__name__, buyers, memory, finding, finding, finding, None, "", None, entries, 0, 0)
