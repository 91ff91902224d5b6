"""What a judge can find: an anomaly with its witness."""

from dataclasses import dataclass
from enum import StrEnum

SOUND = "sound"
UNKNOWN = "unknown"
UNFINISHED = "unfinished"
"""A finding about a buyer that died before its write began: it certainly holds no ticket, so it is no anomaly."""


class Anomaly(StrEnum):
    """What can go wrong, the worst first."""

    OVERSOLD = "oversold"
    """More buyers hold a ticket than there were tickets."""
    LOST_UPDATE = "lost update"
    """A buyer wrote over what another had written since it read, so the count fell by less than was sold."""
    HALF_JOURNEY = "half journey"
    """Of trains that are sold together, one has lost more tickets than another."""
    TORN_READ = "torn read"
    """A buyer read a half-written file."""
    DEADLOCK = "deadlock"
    """Buyers wait for a lock that will never be given back: its holder died, or they wait for each other in a cycle."""
    STARVATION = "starvation"
    """A buyer takes steps or waits forever and never ends: others are served again and again, or no buyer can end."""


def is_lost_update(sold: int, tickets: int, left: int) -> bool:
    """Return whether the store lost fewer tickets than were sold; judge and explorer both ask this."""
    return tickets - left < sold


@dataclass(frozen=True, slots=True)
class Finding:
    """One anomaly with its witness, or a note that is none (UNKNOWN, UNFINISHED).

    `text` says in a sentence who did what before whom. `events` are the numbers (`seq`) of the events that show
    it. `replay` is the command that makes it happen again, None if the sale's order is unknown or too long.
    """

    anomaly: str
    text: str
    events: tuple[int, ...] = ()
    replay: str | None = None
