"""What a state of the quotient shows: how many tickets are sold, and what went wrong."""

from booking.explorer.automaton import UNEXPLORED
from booking.explorer.quotient import Field, Quotient
from booking.history.finding import UNFINISHED, Anomaly, is_lost_update
from booking.purchase import Outcome

SEVERITY: tuple[str, ...] = (
    Anomaly.OVERSOLD,
    Anomaly.LOST_UPDATE,
    Anomaly.HALF_JOURNEY,
    Anomaly.TORN_READ,
    Anomaly.DEADLOCK,
    UNFINISHED,
    Anomaly.STARVATION,
)
"""What can be found, the worst first. UNFINISHED is a buyer whose code fails."""
LASTING: frozenset[str] = frozenset({Anomaly.OVERSOLD, Anomaly.TORN_READ, UNFINISHED})
"""What cannot be made good again, whatever happens afterwards."""


class Anomalies:
    """Reads the anomalies off the states of one quotient."""

    def __init__(self, quotient: Quotient, tickets: int) -> None:
        self.quotient = quotient
        self.tickets = tickets
        self._bought = self._those(Outcome.BOUGHT)
        self._ended: dict[str, list[Field]] = {
            Anomaly.TORN_READ: self._those(Outcome.TORN_READ),
            UNFINISHED: self._those(Outcome.UNFINISHED, Outcome.UNKNOWN),
        }
        self._on = {cell: self._those(Outcome.BOUGHT, cell=cell) for cell in quotient.packing.cells}

    def sold(self, state: int) -> int:
        """Return how many buyers hold a ticket."""
        return sum(count.of(state) for count in self._bought)

    def is_followed(self, state: int) -> bool:
        """Return whether no buyer has gone beyond what its automaton knows."""
        return not self.quotient.packing.counts[UNEXPLORED].of(state)

    def is_settled(self, state: int) -> bool:
        """Return whether every buyer that has moved has ended, or waits for a lock for ever."""
        moving = {move.before for _, move in self.quotient.steps(state)}
        return moving <= self.quotient.roots and self.is_followed(state)

    def can_show(self, anomaly: str) -> bool:
        """Return, without a search, whether a settled state could show it."""
        if anomaly in self._ended:
            return bool(self._ended[anomaly])
        if anomaly == Anomaly.DEADLOCK:
            return self.quotient.can_deadlock
        return anomaly != Anomaly.STARVATION and (anomaly != Anomaly.HALF_JOURNEY or len(self._on) > 1)

    def shown(self, state: int) -> list[str]:
        """Return what went wrong in a settled state, the worst first."""
        return [anomaly for anomaly in SEVERITY if self.shows(state, anomaly)]

    def shows(self, state: int, anomaly: str) -> bool:
        """Return whether this went wrong in a settled state; what is oversold or torn is so in any state."""
        if anomaly in self._ended:
            return any(count.of(state) for count in self._ended[anomaly])
        match anomaly:
            case Anomaly.OVERSOLD:
                return self.sold(state) > self.tickets and any(sold > self.tickets for sold in self._sold_on(state))
            case Anomaly.LOST_UPDATE:
                return any(is_lost_update(sold, self.tickets, left) for sold, left in self._left(state))
            case Anomaly.HALF_JOURNEY:
                return len({sold + left for sold, left in self._left(state)}) > 1
        return anomaly == Anomaly.DEADLOCK and bool(self.quotient.blocked(state))

    def _sold_on(self, state: int) -> list[int]:
        """Return how many tickets of each train are sold."""
        return [sum(count.of(state) for count in bought) for bought in self._on.values()]

    def _left(self, state: int) -> list[tuple[int, int]]:
        """Return how many tickets are sold and left on each train whose count can be read; shares lose nothing."""
        if self.quotient.shared.split:
            return []
        found = [self.quotient.packing.value(cell, state) for cell in self._on]
        return [(sold, left) for sold, left in zip(self._sold_on(state), found, strict=True) if isinstance(left, int)]

    def _those(self, *outcomes: Outcome, cell: str | None = None) -> list[Field]:
        """Return where to find the number of buyers that ended like this, those that were made to crash left out.

        With a `cell` only the buyers count that were given it.
        """
        packing, alive = self.quotient.packing, self.quotient.automaton.states
        return [
            count
            for count, local in zip(packing.counts, alive, strict=False)
            if local.next in outcomes and (cell is None or cell in local.cells)
        ]
