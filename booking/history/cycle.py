"""Who holds what and waits for what, where every lock belongs to one train: the circle of a deadlock, in words."""

from collections.abc import Iterable, Mapping, Sequence

from booking.text.words import buyers


def told(holds: Mapping[int, Sequence[int]], waits: Mapping[int, int]) -> str:
    """Return the sentences that name the circle, and who waits behind it.

    `holds` has the trains whose locks each buyer holds, and `waits` the train whose lock each one waits for, both by
    the buyers' numbers; somebody waits.
    """
    inside = sorted(buyer for buyer in waits if holds.get(buyer))
    behind = sorted(set(waits) - set(inside))
    sentences = [_link(buyer, holds, waits[buyer]) for buyer in inside]
    if behind:
        sentences.append(f"{buyers(behind)} {'waits' if len(behind) == 1 else 'wait'} behind them.")
    return " ".join(sentences)


def _link(buyer: int, holds: Mapping[int, Sequence[int]], wanted: int) -> str:
    holders = [other for other, trains in holds.items() if wanted in trains and other != buyer]
    whose = f", which {_named(holders)} {'holds' if len(holders) == 1 else 'hold'}" if holders else ""
    return f"Buyer {buyer} holds {_locks(holds[buyer])} and waits for that of train {wanted}{whose}."


def _locks(trains: Sequence[int]) -> str:
    return " and ".join(f"the lock of train {train}" for train in sorted(trains))


def _named(numbers: Iterable[int]) -> str:
    text = buyers(numbers)
    return text[0].lower() + text[1:]
