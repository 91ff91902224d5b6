"""What a judge can find: an anomaly with its witness."""

from enum import StrEnum
from typing import NamedTuple

SOUND = "sound"
UNKNOWN = "unknown"


class Anomaly(StrEnum):
    """What can go wrong, the worst first."""

    OVERSOLD = "oversold"
    """More buyers hold a ticket than there were tickets."""
    LOST_UPDATE = "lost update"
    """A buyer wrote over what another had written since it read, so the count fell by less than was sold."""
    HALF_JOURNEY = "half journey"
    """Of two trains that are sold together, one has lost more tickets than the other."""
    TORN_READ = "torn read"
    """A buyer read a half-written file."""
    DEADLOCK = "deadlock"
    """Buyers wait for a lock that nobody can give back."""
    STARVATION = "starvation"
    """A buyer waits while others are served again and again."""


class Finding(NamedTuple):
    """One anomaly with its witness.

    `text` says in a sentence who did what before whom. `events` are the numbers (`seq`) of the events that show
    it. `replay` is the command that makes it happen again, None where the sale's order is unknown or too long.
    """

    anomaly: str
    text: str
    events: tuple[int, ...] = ()
    replay: str | None = None
