"""What a proof finds: three answers for each property, and the witness of what is broken."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from booking.cells import Value

Answer: TypeAlias = Literal["holds", "broken", "unknown"]
HOLDS: Answer = "holds"
BROKEN: Answer = "broken"
UNKNOWN: Answer = "unknown"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a witness.

    `buyer` counts from 1. `cell` is written as in the lock's code, like "flag[0]", and is "" for a fence, and for an
    "enter" or a "leave" that touches no cell. `kind` is what was done: an access, or the "flush" of the oldest write
    in a store buffer. `value` is what was read or written, for an addition, a swap or a compare and swap the new
    value; `was` is what the buyer was told, None for a write. `file` and `line` are the place in the lock's code, line
    0 for a flush, and `source` is the text of that line. `cells` has the values of all cells after the step, and
    `buffers` what waits in each buyer's store buffer, oldest first, empty with sequential consistency. `inside` names
    the buyers that are inside after the step.
    """

    buyer: int
    cell: str
    kind: str
    value: Value
    was: Value
    file: str
    line: int
    source: str
    cells: Mapping[str, Value]
    buffers: tuple[tuple[tuple[str, Value], ...], ...]
    inside: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Witness:
    """How a property breaks: these `steps`, and then those of the `cycle` again and again; () for none."""

    steps: tuple[Step, ...]
    cycle: tuple[Step, ...] = ()

    @property
    def schedule(self) -> tuple[int, ...]:
        """Return the buyers of all steps, one round of the cycle included; a flush is its buyer's number, negative."""
        return tuple(-step.buyer if step.kind == "flush" else step.buyer for step in (*self.steps, *self.cycle))


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer for one property. `reason` says in one sentence what it rests on, or what broke it."""

    answer: Answer
    reason: str
    witness: Witness | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """What is known of a lock with so many buyers, in a memory that is "sc" or "tso".

    `bypass` is how often others get in, at most, between a buyer's first own step and its entry; None if there is
    no bound or none was found, and `bypass_reason` says which. `steps` is the fewest accesses of cells until two are
    inside, None if that does not happen or was not found. `entries` is how often each buyer got in at most, 0 for no
    limit. `states` is how many states were looked at, which differs between versions of Python. `schedule` replays
    the first witness.
    """

    lock: str
    buyers: int
    memory: str
    exclusion: Finding
    deadlock_freedom: Finding
    starvation_freedom: Finding
    bypass: int | None
    bypass_reason: str
    steps: int | None
    entries: int
    states: int
    seconds: float

    @property
    def findings(self) -> dict[str, Finding]:
        """Return the finding for each property by its name."""
        return {
            "exclusion": self.exclusion,
            "deadlock_freedom": self.deadlock_freedom,
            "starvation_freedom": self.starvation_freedom,
        }

    @property
    def schedule(self) -> tuple[int, ...]:
        """Return the schedule of the first witness, () for none."""
        return next((found.witness.schedule for found in self.findings.values() if found.witness), ())
