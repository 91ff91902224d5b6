"""What happened in a sale: every step with its call and its return, and how each buyer ended.

A history is plain data. On disk it is JSON Lines: a header, then the events, then one ending per buyer.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, NamedTuple, TypeAlias

from booking.displayed import html
from booking.purchase import Outcome
from booking.scenario import Scenario
from booking.staging import Staging, Struck

SCHEMA = 1
TORN = "torn"
BLOCKED = "blocked"
CHANGED = "changed"
Phase: TypeAlias = Literal["call", "return"]
Value: TypeAlias = int | str | None

CLERK_DIED = "the clerk died"
WORKER_DIED = "a worker died"
TIME_WAS_UP = "the time was up"


class Event(NamedTuple):
    """One half of a step: the moment before it, or the moment after it.

    `seq` counts from 1 in the order of the one pipe that all buyers write to, so what happened before an event
    has a smaller number. `t_ns` is the monotonic clock in nanoseconds. `buyer` counts from 1.
    `value` is the count read or to be written, TORN for a half-written file, BLOCKED for an attempt to take a
    lock that another buyer holds, else None. A swap is called with the count that it expects, and returns the count
    that it has written, or CHANGED where it found another than expected. `train` is which train was touched, from 1;
    paying touches none and has 1.
    """

    seq: int
    t_ns: int
    buyer: int
    pid: int
    step: str
    phase: Phase
    value: Value = None
    train: int = 1

    def to_json(self) -> dict[str, Any]:
        """Return the event as a JSON object; the first train, or the only one, is not named in it."""
        document = self._asdict()
        if self.train == 1:
            del document["train"]
        return document


class Ending(NamedTuple):
    """How one buyer ended.

    `exitcode` is the one of its process: 0 for a normal end, -9 when signal 9 ended it, None while unknown.
    `alive` tells that it was still alive when the sale was closed, so that the sale itself ended it.
    `error` is what the buyer said when the disk failed it, CLERK_DIED, WORKER_DIED or TIME_WAS_UP. In a replay, one
    that is neither alive nor has an exit code never began, because the schedule does not name it.
    """

    buyer: int
    pid: int
    outcome: Outcome
    exitcode: int | None = 0
    alive: bool = False
    error: str | None = None

    @property
    def stayed_away(self) -> bool:
        """Return whether this buyer never came, so that it is missed by nobody."""
        return self.outcome is Outcome.UNFINISHED and self.exitcode is None and not self.alive and not self.error

    @property
    def deserted(self) -> bool:
        """Return whether nobody served this buyer to the end, which is no failure of the disk."""
        return self.error in {CLERK_DIED, WORKER_DIED, TIME_WAS_UP}


class History(NamedTuple):
    """A whole sale.

    `stock_left` is the count in the store afterwards, None where it cannot be read. `elapsed_s` is the time
    from the opening of the gate to the last buyer's end, in seconds. `timed_out` tells that the time-out closed
    the sale. `versions` and `start_method` say where it ran. `notes` are sentences about what stands around the
    buyers, clerks and workers for example. `staging` are the dials around the sale, and `struck` is what its faults
    did. `second_left` is the count of the second train, None too in a sale with one.

    A pool with very many buyers keeps no events, see `booking.simulation.pool.MOST_RECORDED`.
    """

    scenario: Scenario
    events: tuple[Event, ...]
    endings: tuple[Ending, ...]
    stock_left: int | None
    elapsed_s: float = 0.0
    timed_out: bool = False
    start_method: str = ""
    versions: Mapping[str, str] = {}
    staging: Staging = Staging()
    struck: tuple[Struck, ...] = ()
    notes: tuple[str, ...] = ()
    second_left: int | None = None

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        return html(self)

    @property
    def counts_left(self) -> tuple[int | None, ...]:
        """Return the count of each train afterwards."""
        return (self.stock_left, self.second_left)[: self.scenario.trains]

    def of(self, buyer: int) -> tuple[Event, ...]:
        """Return the events of one buyer, in order."""
        return tuple(event for event in self.events if event.buyer == buyer)

    def to_lines(self) -> Iterator[str]:
        """Yield the lines of a history file, without line ends."""
        import json  # noqa: PLC0415 - a sale without a file needs none

        header: dict[str, Any] = {
            "schema": SCHEMA,
            "scenario": self.scenario.to_json(),
            "stock_left": self.stock_left,
            "elapsed_s": self.elapsed_s,
            "timed_out": self.timed_out,
            "start_method": self.start_method,
            "versions": dict(self.versions),
            **({"notes": list(self.notes)} if self.notes else {}),
        }
        if self.staging != Staging():
            header["staging"] = self.staging.to_json()
        if self.scenario.trains > 1:
            header["second_left"] = self.second_left
        if self.struck:
            header["struck"] = [blow._asdict() for blow in self.struck]
        yield json.dumps(header)
        for event in self.events:
            yield json.dumps(event.to_json())
        for ending in self.endings:
            yield json.dumps(ending._asdict())

    @classmethod
    def from_lines(cls, lines: Iterable[str]) -> "History":
        """Return the history that `to_lines` wrote.

        Raises BadInputError, with the number of the line, where a line is not what it has to be, and where
        the endings of some buyers are missing.
        """
        from booking.history_lines import parsed  # noqa: PLC0415 - a sale that is held now is not read from a file

        return parsed(lines)
