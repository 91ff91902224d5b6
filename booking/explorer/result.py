"""What an exploration found: plain data, made by the explorer and shown by the reports."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import Any

from booking.history.finding import Anomaly
from booking.model.listing import Listing
from booking.model.world import Moved
from booking.scenario import Scenario
from booking.text.display import html
from booking.text.words import digits

SCHEMA = 1
WAITING = "waits forever"
"""How a buyer ends whose lock nobody can give back."""
ENDLESS = "never ends"
"""How a buyer ends that is in the middle of its code when the schedule ends: it repeats its last steps forever."""


@dataclass(frozen=True, slots=True)
class Witness:
    """A schedule that shows an anomaly, with what happens at each of its places.

    In `schedule` 2 is a step of buyer 2 and -2 its crash. Buyers that never move are not in it. `ends` tells how
    each buyer that takes part ends: one of the outcomes, WAITING or ENDLESS. `text` is the judge's sentence.
    `counts_left` is the count in the store of each train afterwards, None if it is half-written. `error` is the
    exception with which a buyer's code fails, with file and line, "" for none. `listing` is the buyers' code with the
    line of each place.
    """

    anomaly: str
    schedule: tuple[int, ...]
    happened: tuple[Moved, ...]
    ends: Mapping[int, str]
    text: str
    counts_left: tuple[int | None, ...]
    error: str = ""
    listing: Listing | None = field(default=None, repr=False, compare=False)

    @property
    def steps(self) -> int:
        """Return how many moves it has."""
        return len(self.schedule)

    @property
    def switches(self) -> int:
        """Return how often another buyer takes over; a death is nobody's turn."""
        turns = [buyer for buyer in self.schedule if buyer > 0]
        return sum(one != other for one, other in pairwise(turns))


@dataclass(frozen=True, slots=True)
class Exploration:
    """Everything that can happen in one scenario.

    With `exhausted` false something was cut short: the counts are then lower bounds, `probability_oversold` is
    None, and the verdict is an anomaly that was found, or "unknown", but never "sound". `states` and
    `transitions` count the world with interchangeable buyers; `interleavings`, `sold` (by tickets sold) and
    `anomalies` (only those found) count schedules of named buyers. `probability_oversold` is for a sale in which
    each step goes to a uniformly chosen buyer that can move; a death has no probability, so with crashes it is
    None. The witnesses show the worst anomaly, and are None where none was found.

    Where the buyers can bring the world back to where it was, as by busy waiting, there are infinitely many
    interleavings: every count of them is None then, and so is `probability_oversold`, while `exhausted`, the verdict,
    the witnesses and the keys of `sold` and `anomalies` hold for all of them. A verdict that is "sound" says nothing
    about how long a buyer that can always go on to its end may be kept from it; where none can, it is "starvation".
    """

    scenario: Scenario
    crashes: int
    exhausted: bool
    states: int
    transitions: int
    interleavings: int | None
    probability_oversold: Fraction | None
    sold: Mapping[int, int | None]
    verdict: str
    anomalies: Mapping[str, int | None]
    shortest: Witness | None
    fewest_switches: Witness | None

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        return html(self)

    @property
    def oversold_interleavings(self) -> int | None:
        """Return in how many interleavings more tickets are sold than there were, None for infinitely many."""
        return self.anomalies.get(Anomaly.OVERSOLD, 0)

    @property
    def max_sold(self) -> int:
        """Return the largest number of tickets sold in any interleaving that was counted; 0 for none."""
        return max(self.sold, default=0)

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object; counts are strings, they exceed 2**53.

        `booking explore --json` adds the keys `crashes`, `clerks` and `elapsed_s`.
        """
        probability, shortest, fewest = self.probability_oversold, self.shortest, self.fewest_switches
        return {
            "schema": SCHEMA,
            "scenario": self.scenario.to_json(),
            "exhausted": self.exhausted,
            "states": self.states,
            "transitions": self.transitions,
            "interleavings": _digits(self.interleavings),
            "oversold_interleavings": _digits(self.oversold_interleavings),
            "probability_oversold": None
            if probability is None
            else "/".join(map(digits, probability.as_integer_ratio())),
            "sold": {str(sold): _digits(count) for sold, count in sorted(self.sold.items())},
            "max_sold": self.max_sold,
            "verdict": self.verdict,
            "anomalies": {name: _digits(count) for name, count in self.anomalies.items()},
            "shortest": shortest
            and {"schedule": list(shortest.schedule), "steps": shortest.steps}
            | ({"error": shortest.error} if shortest.error else {}),
            "fewest_switches": fewest and {"schedule": list(fewest.schedule), "switches": fewest.switches},
        }


def _digits(number: int | None) -> str | None:
    return None if number is None else digits(number)
