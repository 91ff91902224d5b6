"""How a sale is staged: what a class changes around the buyers, while buyers, store and lock stay the same."""

import re
import reprlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from booking.errors import BadInputError
from booking.scenario import Scenario, require_whole
from booking.steps import PAY, Step

LONGEST_WAIT = 3600.0
MOST_WORKERS = 256
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


class Fault(NamedTuple):
    """One buyer is struck in the middle of a step.

    `step` is a step's name or "pay"; for acquire that is while the buyer waits for the lock.
    """

    buyer: int
    step: str
    blow: Blow

    @classmethod
    def parsed(cls, text: str, *, hang: bool = False) -> "Fault":
        """Return the fault of "3@pay" or "3@pay:TERM"; raises BadInputError with what it should look like."""
        match = re.fullmatch(r"(\d{1,5})@([a-z]+)(?::(TERM|KILL))?", text, re.ASCII)
        if match is None or match[2] not in {*Step, PAY} or (hang and match[3]):
            example = "2@pay" if hang else "2@pay or 2@read:TERM"
            raise BadInputError(f"{text!r:.40} is no fault; use BUYER@STEP, for example {example}")
        return cls(int(match[1]), match[2], Blow.HANG if hang else Blow(match[3] or "KILL"))

    def __str__(self) -> str:
        return f"{self.buyer}@{self.step}:{self.blow}"


class Struck(NamedTuple):
    """What a fault did.

    `t_ns` is when the blow was sent, on the monotonic clock in nanoseconds. `alive_right_after` tells whether the
    process was still there when asked at once, because a signal is a request. `landed_after_s` is how long it took
    until the process had ended, or had stopped, in seconds; None where that was not seen.
    """

    buyer: int
    step: str
    blow: Blow
    pid: int
    t_ns: int
    alive_right_after: bool
    landed_after_s: float | None = None

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Struck":
        """Return what `_asdict` wrote; raises KeyError, TypeError or ValueError for anything else."""
        return cls(**dict(document) | {"blow": Blow(document["blow"])})


@dataclass(frozen=True, slots=True)
class Setup:
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
        require_whole("workers", self.workers, 0, MOST_WORKERS)
        if not 0 <= self.opens_in <= LONGEST_WAIT:
            raise BadInputError(f"opens-in is {self.opens_in!r}; use 0 to {LONGEST_WAIT:g} seconds")
        if self.opens_in and self.gate == "none":
            raise BadInputError("without a gate nothing opens; leave out --opens-in, or --gate none")
        self._require_one_fault_each()
        if self.workers and (self.via != "direct" or self.offices > 1 or self.faults):
            raise BadInputError("a pool of workers sells directly, in one office and without faults; leave one out")
        if self.workers and self.gate == "barrier":
            raise BadInputError(
                "a barrier waits for all buyers at once, and a pool plays a few; leave out one of the two"
            )
        if self.submit == "sync" and not self.workers:
            raise BadInputError("without --workers nobody is handed in; leave out --submit")
        if self.via != "direct" and self.faults:
            raise BadInputError(
                "with clerks the buyers do not touch the ticket, so nobody can be struck there; "
                "leave out --via, or --kill and --hang"
            )
        if self.via != "direct" and self.offices > 1:
            raise BadInputError("clerks sit in one office; leave out --offices or --via")
        if self.clerks > 1 and self.via == "direct":
            raise BadInputError("without --via queue or pipe there are no clerks; leave out --clerks")

    def _require_one_fault_each(self) -> None:
        struck = [fault.buyer for fault in self.faults]
        twice = next((buyer for buyer in struck if struck.count(buyer) > 1), None)
        if twice is not None:
            raise BadInputError(f"buyer {twice} can be struck only once; leave out one of its faults")

    def require_fit(self, scenario: Scenario) -> None:
        """Raise BadInputError where this sale has not the buyers that these dials need, or the trains."""
        plain = not self.workers and self.via == "direct"
        if scenario.trains > 1 and not (plain and self.offices == 1 and not self.faults):
            raise BadInputError(
                "a journey on two trains is sold directly, in one office and without faults; "
                "leave out --workers, --via, --offices, --kill and --hang"
            )
        if scenario.is_split and not plain:
            raise BadInputError(
                f"with --lock {scenario.lock} every buyer sells itself a ticket of its own share; "
                "leave out --workers and --via"
            )
        if self.offices > scenario.buyers:
            raise BadInputError(
                f"{self.offices} offices need a buyer each and there are {scenario.buyers}; use fewer --offices"
            )
        for fault in self.faults:
            if not 1 <= fault.buyer <= scenario.buyers:
                raise BadInputError(f"{fault} strikes nobody; the sale has buyers 1 to {scenario.buyers}")

    def to_json(self) -> dict[str, Any]:
        """Return the dials as a JSON object; a fault becomes an object with buyer, step and blow."""
        return asdict(self) | {"faults": [fault._asdict() for fault in self.faults]}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Setup":
        """Return the dials that `to_json` wrote; raises BadInputError for a key or a value that is none."""
        unknown = set(document) - set(cls.__slots__)
        if unknown:
            raise BadInputError(f"a setup has no {reprlib.repr(min(unknown))}; it has {', '.join(cls.__slots__)}")
        try:
            faults = tuple(_fault(fault) for fault in document.get("faults", ()))
            return cls(**dict(document) | {"faults": faults})
        except (TypeError, ValueError, KeyError, AttributeError):
            raise BadInputError(f"the setup is not one: {reprlib.repr(document)}; write it with --history") from None


def _fault(document: Mapping[str, Any]) -> Fault:
    """Return the fault of a JSON object; raises an error of Python's own for anything else."""
    buyer, step, blow = (document[name] for name in ("buyer", "step", "blow"))
    fault = Fault.parsed(f"{buyer}@{step}")
    return Fault(fault.buyer, fault.step, Blow(blow))


def _require_one_of(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise BadInputError(f"{name} is {value!r:.40}; use one of {', '.join(choices)}")
