"""How a sale is staged: what a class changes around the buyers, while buyers, store and lock stay the same."""

import re
from dataclasses import dataclass
from enum import StrEnum

from booking.errors import BadInputError
from booking.scenario import MOST_BUYERS, require_whole
from booking.steps import PAY, Step

LONGEST_WAIT = 3600.0
GATES = ("event", "barrier", "none")
CHANNELS = ("direct", "queue", "pipe")
SUBMISSIONS = ("async", "sync")


class Blow(StrEnum):
    """What is done to a buyer."""

    TERM = "TERM"
    """It is asked to end (SIGTERM)."""
    KILL = "KILL"
    """It is made to end (SIGKILL)."""
    HANG = "HANG"
    """It stops and neither moves nor ends (SIGSTOP)."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One buyer is struck in the middle of a step.

    `step` is a step's name or "pay"; for acquire that is while the buyer waits for the lock.
    """

    buyer: int
    step: str
    blow: Blow

    _PATTERN = re.compile(r"(\d{1,5})@([a-z]+)(?::(TERM|KILL))?", re.ASCII)

    @classmethod
    def parsed(cls, text: str, *, hang: bool = False) -> "Fault":
        """Return the fault of "3@pay" or "3@pay:TERM"; raises BadInputError with what it should look like."""
        match = cls._PATTERN.fullmatch(text)
        if match is None or match[2] not in {*Step, PAY} or (hang and match[3]):
            example = "2@pay" if hang else "2@pay or 2@read:TERM"
            raise BadInputError(f"{text!r:.40} is no fault; use BUYER@STEP, for example {example}")
        return cls(int(match[1]), match[2], Blow.HANG if hang else Blow(match[3] or "KILL"))


@dataclass(frozen=True, slots=True)
class Staging:
    """The dials around a sale. The defaults are the plain sale: every buyer a process, one gate, no faults.

    `gate` is how the sale opens, `opens_in` how many seconds after everybody is ready. `faults` strike buyers.
    `offices` is how many independent process trees sell. `via` is how a buyer reaches the store: itself, or
    through `clerks` clerk processes and a queue or pipes. `workers` is the size of a process pool that plays the
    buyers, 0 for a process each; `submit` is how they are handed to it.

    Raises BadInputError for a value or a combination that makes no sense.
    """

    gate: str = "event"
    opens_in: float = 0.0
    faults: tuple[Fault, ...] = ()
    offices: int = 1
    via: str = "direct"
    clerks: int = 1
    workers: int = 0
    submit: str = "async"

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        _require_one_of("gate", self.gate, GATES)
        _require_one_of("via", self.via, CHANNELS)
        _require_one_of("submit", self.submit, SUBMISSIONS)
        require_whole("offices", self.offices, 1, 64)
        require_whole("clerks", self.clerks, 1, 64)
        require_whole("workers", self.workers, 0, MOST_BUYERS)
        if not 0 <= self.opens_in <= LONGEST_WAIT:
            raise BadInputError(f"opens-in is {self.opens_in!r}; use 0 to {LONGEST_WAIT:g} seconds")
        if self.workers and (self.via != "direct" or self.offices > 1 or self.faults):
            raise BadInputError("a pool of workers sells directly, in one office and without faults; leave one out")
        if self.via != "direct" and self.offices > 1:
            raise BadInputError("clerks sit in one office; leave out --offices or --via")
        if self.clerks > 1 and self.via == "direct":
            raise BadInputError("without --via queue or pipe there are no clerks; leave out --clerks")


def _require_one_of(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise BadInputError(f"{name} is {value!r:.40}; use one of {', '.join(choices)}")
