"""What a state of the quotient shows: how many tickets are sold, and what went wrong."""

from booking.explorer.automaton import UNEXPLORED
from booking.explorer.quotient import Field, Quotient
from booking.history.finding import Anomaly, is_lost_update
from booking.purchase import Outcome
from booking.trains import NAMES

SEVERITY = (Anomaly.OVERSOLD, Anomaly.LOST_UPDATE, Anomaly.HALF_JOURNEY, Anomaly.TORN_READ, Anomaly.DEADLOCK)
"""What can be shown by a schedule, the worst first; starvation takes a schedule without an end."""


class Anomalies:
    """Reads the anomalies off the states of one quotient."""

    def __init__(self, quotient: Quotient, tickets: int) -> None:
        self.quotient = quotient
        self.tickets = tickets
        self._bought = self._ended(Outcome.BOUGHT)
        self._torn = self._ended(Outcome.TORN_READ)
        self._cells = [cell for cell, _ in NAMES if cell in quotient.packing.cells]

    def sold(self, state: int) -> int:
        """Return how many buyers hold a ticket."""
        return sum(count.of(state) for count in self._bought)

    def is_followed(self, state: int) -> bool:
        """Tell whether no buyer has gone beyond what its automaton knows."""
        return not self.quotient.packing.counts[UNEXPLORED].of(state)

    def is_settled(self, state: int) -> bool:
        """Tell whether every buyer that has moved has ended, or waits for a lock for ever."""
        moving = {move.before for _, move in self.quotient.steps(state)}
        return moving <= self.quotient.roots and self.is_followed(state)

    def can_show(self, anomaly: Anomaly) -> bool:
        """Tell, without a search, whether a state could show it: a circle takes locks, half a journey two trains."""
        if anomaly is Anomaly.DEADLOCK:
            return self.quotient.can_deadlock
        return anomaly is not Anomaly.HALF_JOURNEY or len(self._cells) > 1

    def shown(self, state: int) -> list[Anomaly]:
        """Return what went wrong in a settled state, the worst first."""
        return [anomaly for anomaly in SEVERITY if self.shows(state, anomaly)]

    def shows(self, state: int, anomaly: Anomaly) -> bool:
        """Tell whether this went wrong in a settled state; what is oversold or torn is so in any state."""
        match anomaly:
            case Anomaly.OVERSOLD:
                return self.sold(state) > self.tickets
            case Anomaly.LOST_UPDATE:
                return any(is_lost_update(self.sold(state), self.tickets, left) for left in self._left(state))
            case Anomaly.HALF_JOURNEY:
                return len(set(self._left(state))) > 1
            case Anomaly.TORN_READ:
                return any(count.of(state) for count in self._torn)
            case _:
                return bool(self.quotient.blocked(state))

    def _left(self, state: int) -> list[int]:
        """Return what is left on each train whose count can be read; shares are each buyer's own and lose nothing."""
        if self.quotient.shared.split:
            return []
        found = [self.quotient.packing.value(cell, state) for cell in self._cells]
        return [left for left in found if isinstance(left, int)]

    def _ended(self, outcome: Outcome) -> list[Field]:
        packing = self.quotient.packing
        return [count for count, local in zip(packing.counts, packing.local, strict=True) if local.next is outcome]
