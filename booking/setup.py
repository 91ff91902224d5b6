"""The dials around a sale: what changes while buyers, store and lock stay the same."""

import re
import reprlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from typing import Any

from booking.errors import BadInputError
from booking.scenario import require_whole
from booking.steps import PAY, RECORDED
from booking.text.words import nearest

LONGEST_WAIT = 3600.0
MOST_WORKERS = 256
MOST_TREES = 64
GATES = ("event", "barrier", "none")
CHANNELS = ("direct", "queue", "pipe")
SUBMISSIONS = ("async", "sync")
HAND_OVERS = ("initializer", "argument", "manager")


class FaultKind(StrEnum):
    """What is done to a buyer; histories of earlier versions have these values."""

    TERM = "TERM"
    """It is asked to end (SIGTERM)."""
    KILL = "KILL"
    """It is made to end (SIGKILL)."""
    FREEZE = "HANG"
    """It stops and neither moves nor ends (SIGSTOP)."""

    @property
    def signal_name(self) -> str:
        """Return the name of the signal that does it."""
        return "SIGSTOP" if self is FaultKind.FREEZE else f"SIG{self}"


@dataclass(frozen=True, slots=True)
class Fault:
    """One buyer is struck in the middle of a step.

    `step` is a step's name or "pay"; for acquire that is while the buyer waits for the lock.
    """

    buyer: int
    step: str
    kind: FaultKind

    @classmethod
    def parsed(cls, text: str, *, freeze: bool = False) -> "Fault":
        """Return the fault of "3@pay" or "3@pay:TERM"; raise BadInputError with an example."""
        match = re.fullmatch(r"(\d{1,5})@([a-z]+)(?::(TERM|KILL))?", text, re.ASCII)
        option = "--freeze" if freeze else "--kill"
        if match is None or (freeze and match[3]):
            example = "2@pay" if freeze else "2@pay or 2@read:TERM"
            raise BadInputError(f"{option} is {text!r:.40}; use BUYER@STEP, for example {example}")
        if match[2] not in {*RECORDED, PAY}:
            steps = sorted({*RECORDED, PAY})
            raise BadInputError(
                f"{option} {text}: no step {match[2]!r:.20}{nearest(match[2], steps)}; use one of {', '.join(steps)}"
            )
        return cls(
            buyer=int(match[1]), step=match[2], kind=FaultKind.FREEZE if freeze else FaultKind(match[3] or "KILL")
        )

    def __str__(self) -> str:
        return f"{self.buyer}@{self.step}:{self.kind}"


@dataclass(frozen=True, slots=True)
class FaultReport:
    """What a fault did.

    `t_ns` is when the signal was sent, on the monotonic clock in nanoseconds. `alive_right_after` is whether the
    process still existed immediately afterwards: a signal is a request. `took_effect_after_s` is how many seconds it
    took until the process had ended, or had stopped; None if that was not seen.
    """

    buyer: int
    step: str
    kind: FaultKind
    pid: int
    t_ns: int
    alive_right_after: bool
    took_effect_after_s: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return asdict(self, dict_factory=_document)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "FaultReport":
        """Return what `to_json` wrote; raise KeyError, TypeError or ValueError for anything else."""
        values = {_FIELDS.get(key, key): value for key, value in document.items()}
        return cls(**values | {"kind": FaultKind(values["kind"])})


@dataclass(frozen=True, slots=True)
class Setup:
    """The dials around a sale. The defaults are the plain sale: every buyer a process, one gate, no faults.

    `gate` is how the sale opens, `countdown` how many seconds after all buyers are ready. `faults` strike buyers.
    `trees` is the number of independent process trees that sell. `channel` is how a buyer reaches the store: directly,
    or through `clerks` clerk processes and a queue or pipes. `pool` is the size of a process pool that plays the
    buyers, 0 for a process each; `submit` is how buyers are submitted to it, and `hand_over` how its workers get the
    lock: when they start, as an argument of each buyer, or as an argument that stands for a lock in a manager process.

    Raise BadInputError for a value out of range; `booking.rules` knows which values go together.
    """

    gate: str = "event"
    countdown: float = 0.0
    faults: tuple[Fault, ...] = ()
    trees: int = 1
    channel: str = "direct"
    clerks: int = 1
    pool: int = 0
    submit: str = "async"
    hand_over: str = "initializer"

    def __post_init__(self) -> None:
        """Refuse a value out of range."""
        _require_one_of("gate", self.gate, GATES)
        _require_one_of("channel", self.channel, CHANNELS)
        _require_one_of("submit", self.submit, SUBMISSIONS)
        _require_one_of("hand-over", self.hand_over, HAND_OVERS)
        require_whole("trees", self.trees, 1, MOST_TREES)
        require_whole("clerks", self.clerks, 1, MOST_TREES)
        require_whole("pool", self.pool, 0, MOST_WORKERS)
        if not 0 <= self.countdown <= LONGEST_WAIT:
            raise BadInputError(f"countdown is {self.countdown!r}; use 0 to {LONGEST_WAIT:g} seconds")

    @property
    def is_plain(self) -> bool:
        """Return whether every buyer is a process that buys directly from the store."""
        return self.channel == "direct" and not self.pool

    def to_json(self) -> dict[str, Any]:
        """Return the dials as a JSON object; a fault becomes an object with buyer, step and blow."""
        document = asdict(self, dict_factory=_document)
        return document | {"faults": list(document["faults"])}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Setup":
        """Return the dials that `to_json` wrote; raise BadInputError for an unknown key or a wrong value."""
        names = {_key(field.name): field.name for field in fields(cls)}
        unknown = set(document) - set(names)
        if unknown:
            raise BadInputError(f"a setup has no {reprlib.repr(min(unknown))}; it has {', '.join(names)}")
        try:
            values = {names[key]: value for key, value in document.items()}
            return cls(**values | {"faults": tuple(_fault(fault) for fault in document.get("faults", ()))})
        except (TypeError, ValueError, KeyError, AttributeError):
            raise BadInputError(f"invalid setup {reprlib.repr(document)}; write it with --history") from None


_KEYS = {
    "countdown": "opens_in",
    "trees": "offices",
    "channel": "via",
    "pool": "workers",
    "kind": "blow",
    "took_effect_after_s": "landed_after_s",
}
"""The JSON keys that differ from the fields: histories of earlier versions have them."""
_FIELDS = {key: name for name, key in _KEYS.items()}


def _key(field: str) -> str:
    return _KEYS.get(field, field)


def _document(values: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    return {_key(name): value for name, value in values}


def _fault(document: Mapping[str, Any]) -> Fault:
    """Return the fault of a JSON object; raises an error of Python's own for anything else."""
    buyer, step, kind = (document[name] for name in ("buyer", "step", "blow"))
    fault = Fault.parsed(f"{buyer}@{step}")
    return replace(fault, kind=FaultKind(kind))


def _require_one_of(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise BadInputError(f"{name} is {value!r:.40}{nearest(value, choices)}; use one of {', '.join(choices)}")
