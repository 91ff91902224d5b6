"""Why a witness goes wrong, in one sentence made of who read what before whose write."""

from collections import defaultdict
from collections.abc import Sequence

from booking.explorer.result import WAITING, Witness
from booking.history.cycle import told
from booking.history.history import BLOCKED, TORN
from booking.history.verdict import Anomaly
from booking.model.world import Moved
from booking.steps import Step

_PAIR = 2


def reason(witness: Witness) -> str:
    """Return the sentence."""
    return {
        Anomaly.OVERSOLD: _overwritten,
        Anomaly.LOST_UPDATE: _overwritten,
        Anomaly.HALF_JOURNEY: _half,
        Anomaly.TORN_READ: _torn,
        Anomaly.DEADLOCK: _stuck,
    }[Anomaly(witness.anomaly)](witness)


def names(buyers: Sequence[int]) -> str:
    """Return "Buyer 1", "Buyers 1 and 2" or "Buyers 1, 2 and 3"; there is at least one."""
    *first, last = map(str, sorted(buyers))
    return f"Buyers {', '.join(first)} and {last}" if first else f"Buyer {last}"


def _overwritten(witness: Witness) -> str:
    """Name the buyers that acted on the same count: each read it before the first of them wrote."""
    on_one = next(filter(None, (_overwritten_on(witness, train) for train in (1, 2))), None)
    return on_one or "A buyer wrote a count that did not follow from what others had written before."


def _overwritten_on(witness: Witness, train: int) -> str | None:
    moves = [(place, moved) for place, moved in enumerate(witness.happened) if moved.train == train]
    reads = {moved.buyer: (place, moved) for place, moved in moves if moved.step is Step.READ}
    writes = {moved.buyer: (place, moved) for place, moved in moves if moved.step is Step.WRITE}
    groups: defaultdict[tuple[object, object], list[int]] = defaultdict(list)
    for buyer in reads.keys() & writes.keys():
        groups[reads[buyer][1].value, writes[buyer][1].value].append(buyer)
    for (read, written), group in groups.items():
        first = min(writes[buyer][0] for buyer in group)
        early = [buyer for buyer in group if reads[buyer][0] < first]
        if len(early) >= _PAIR:
            whole = "both" if len(early) == _PAIR else "all"
            any_one = "either" if len(early) == _PAIR else "any of them"
            on_train = f" for train {train}" if any(moved.train > 1 for moved in witness.happened) else ""
            return f"{names(early)} {whole} read {read}{on_train} before {any_one} wrote {written}."
    return None


def _half(witness: Witness) -> str:
    """Name who stopped between its two writes, or else what the two trains' counts say."""
    dead = next((moved.buyer for moved in witness.happened if moved.step is None), None)
    if dead is not None:
        return f"Buyer {dead} died between its two writes: it took a ticket for one train and none for the other."
    return f"Train 1 says {witness.left} and train 2 says {witness.second_left}: somebody lost a ticket on one of them."


def _torn(witness: Witness) -> str:
    place, moved = next((place, m) for place, m in enumerate(witness.happened) if m.value == TORN)
    emptied = [m.buyer for m in witness.happened[:place] if m.step is Step.TRUNCATE]
    if not emptied:
        return f"Buyer {moved.buyer} read half a file."
    died = any(m.step is None and m.buyer == emptied[-1] for m in witness.happened[:place])
    until = "and died" if died else "and not yet written it"
    return f"Buyer {moved.buyer} read half a file: buyer {emptied[-1]} had emptied it {until}."


def _stuck(witness: Witness) -> str:
    waiting = [buyer for buyer, end in witness.ends.items() if end == WAITING]
    holders = [buyer for buyer in witness.ends if _locks(witness.happened, buyer) > 0]
    dead = [moved.buyer for moved in witness.happened if moved.step is None and moved.buyer in holders]
    if not dead and any(moved.train > 1 for moved in witness.happened):
        return _circle(witness)
    wait = f"{names(waiting)} {'waits' if len(waiting) == 1 else 'wait'} for ever."
    if dead:
        return f"{names(dead)} died holding the lock, and nobody else can give it back. {wait}"
    return f"{names(holders)} {'keeps' if len(holders) == 1 else 'keep'} a lock that others need. {wait}"


def _circle(witness: Witness) -> str:
    """Name who holds the lock of which train and waits for that of which other."""
    holds: dict[int, list[int]] = {}
    for moved in witness.happened:
        if moved.step is Step.ACQUIRE and moved.value != BLOCKED:
            holds.setdefault(moved.buyer, []).append(moved.train)
        elif moved.step is Step.RELEASE:
            holds[moved.buyer].remove(moved.train)
    inside = {buyer for buyer, trains in holds.items() if trains and witness.ends[buyer] == WAITING}
    return told(holds, {buyer: 3 - holds[buyer][0] for buyer in inside})


def _locks(happened: Sequence[Moved], buyer: int) -> int:
    """Return how many locks a buyer has taken and not given back."""
    steps = [moved.step for moved in happened if moved.buyer == buyer and moved.value != BLOCKED]
    return steps.count(Step.ACQUIRE) - steps.count(Step.RELEASE)
