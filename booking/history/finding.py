"""What a judge can find: an anomaly with its witness; and why a sale did not end.

A lock whose holder died is an orphaned lock; a deadlock of the living is a cycle of the wait-for graph: Coffman,
Elphick and Shoshani, "System deadlocks", ACM Computing Surveys 3, 1971.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from booking.history.history import Ending, Event, History
from booking.purchase import Outcome
from booking.scenario import PAIR
from booking.steps import BLOCKED, PAY, Step
from booking.text.words import buyers, count_of, every_train

SOUND = "sound"
UNKNOWN = "unknown"
UNFINISHED = "unfinished"
"""A finding about a buyer that died before its write began: it certainly holds no ticket, so it is no anomaly."""


class Anomaly(StrEnum):
    """What can go wrong, the worst first."""

    OVERSOLD = "oversold"
    """More buyers hold a ticket than there were tickets."""
    LOST_UPDATE = "lost update"
    """A buyer wrote over what another had written since it read, so the count fell by less than was sold."""
    HALF_JOURNEY = "half journey"
    """Of trains that are sold together, one has lost more tickets than another."""
    TORN_READ = "torn read"
    """A buyer read a half-written file."""
    DEADLOCK = "deadlock"
    """Buyers wait for a lock that will never be given back: its holder died, or they wait for each other in a cycle."""
    STARVATION = "starvation"
    """A buyer takes steps or waits forever and never ends: others are served again and again, or no buyer can end."""


def is_lost_update(sold: int, tickets: int, left: int) -> bool:
    """Return whether the store lost fewer tickets than were sold; judge and explorer both ask this."""
    return tickets - left < sold


@dataclass(frozen=True, slots=True)
class Finding:
    """One anomaly with its witness, or a note that is none (UNKNOWN, UNFINISHED).

    `text` says in a sentence who did what before whom. `events` are the numbers (`seq`) of the events that show
    it. `replay` is the command that makes it happen again, None if the sale's order is unknown or too long.
    """

    anomaly: str
    text: str
    events: tuple[int, ...] = ()
    replay: str | None = None


_HAPPENED: dict[str, str] = {
    Anomaly.LOST_UPDATE: "a buyer overwrote another one's write. ",
    Anomaly.HALF_JOURNEY: "one train lost more tickets than another. ",
    Anomaly.TORN_READ: "{} read half a file. ",
    Anomaly.DEADLOCK: "buyers wait forever for a lock. ",
}


def label(name: str) -> str:
    """Return a verdict's name in a word or two for a headline."""
    return "CORRECT" if name == SOUND else name.upper()


def summary(name: str, tickets: int, sold: int, sold_on: Sequence[int], torn_reads: int, unfinished: int) -> str:  # noqa: PLR0913, PLR0917
    """Return what a sale came to, in a sentence that needs no knowledge of the code; the numbers are a verdict's."""
    if max(sold_on) > tickets:
        return _oversold(tickets, sold_on)
    what = _HAPPENED.get(name, "").format(count_of(torn_reads, "buyer"))
    lost = f", and {count_of(unfinished, 'buyer')} never answered" if name == UNKNOWN and unfinished else ""
    return f"{what[:1].upper()}{what[1:]}{_kept(tickets, sold, len(sold_on))}{lost}."


def _oversold(tickets: int, sold_on: Sequence[int]) -> str:
    """Return the sentence about tickets that were sold and did not exist."""
    most = max(sold_on)
    where = {1: "", PAIR: " for each train"}.get(len(sold_on), f" for train {sold_on.index(most) + 1}")
    were = "was" if most == 1 else "were"
    return f"{count_of(most, 'ticket')} {were} sold{where}, but only {tickets:,} existed."


def _kept(tickets: int, sold: int, trains: int) -> str:
    """Return how many tickets existed and were sold, without a full stop."""
    if trains > 1:
        got = f"{count_of(sold, 'buyer')} got one on {every_train(trains)}"
        return f"{count_of(tickets, 'ticket')} existed on each train, {got}"
    were_sold = f"{sold:,} were sold" if sold > 1 else "1 was sold" if sold else "none was sold"
    return f"{count_of(tickets, 'ticket')} existed, {were_sold}"


def unanswered(history: History) -> Iterator[Finding]:
    """Yield why buyers never answered: a deadlock, a missing clerk or worker, or one sentence for each other buyer."""
    lost = [ending for ending in history.endings if ending.unanswered]
    last = {event.buyer: event for event in history.events}
    waits = {e.buyer: last[e.buyer].train for e in lost if e.alive and _waits(last.get(e.buyer))}
    holds = held_locks(history.events)
    holders = [e for e in history.endings if holds.get(e.buyer)] if waits else []
    gone = [e for e in holders if not e.alive]
    if holders and all(not holder.alive or holder.buyer in waits for holder in holders):
        text = _orphaned(waits, gone[0]) if gone else _cycle(holds, waits)
        yield Finding(Anomaly.DEADLOCK, text, tuple(last[buyer].seq for buyer in [*(e.buyer for e in gone), *waits]))
    yield from _unserved([ending for ending in lost if ending.deserted])
    for ending in lost:
        explained = ending in gone or (ending.buyer in waits and holders) or ending.deserted
        if not explained:
            freed = bool(holds.get(ending.buyer)) and _was_freed(history, last[ending.buyer])
            yield _lost_buyer(ending, last.get(ending.buyer), holds=bool(holds.get(ending.buyer)), freed=freed)


def held_locks(events: Iterable[Event]) -> dict[int, list[int]]:
    """Return the trains whose locks each buyer took and did not give back, by the buyers' numbers."""
    holds: dict[int, list[int]] = {}
    for event in events:
        if event.phase == "return" and event.value != BLOCKED:
            if event.step == Step.ACQUIRE:
                holds.setdefault(event.buyer, []).append(event.train)
            elif event.step == Step.RELEASE and event.train in holds.get(event.buyer, ()):
                holds[event.buyer].remove(event.train)
    return holds


def wait_for(history: History) -> tuple[tuple[int, int], ...]:
    """Return who waits for whom when the sale ends: pairs of a buyer and one that holds the lock it waits for.

    They are the edges of the wait-for graph. A dead holder counts only if no living one holds the lock, because the
    system may have freed it. Nothing is returned for several process trees, where a lock may exist several times.
    """
    if history.setup.trees > 1:
        return ()
    last, holds = {event.buyer: event for event in history.events}, held_locks(history.events)
    alive = {ending.buyer for ending in history.endings if ending.alive}
    wanted = {buyer: last[buyer].train for buyer in sorted(alive) if _waits(last.get(buyer))}
    edges = []
    for buyer, train in wanted.items():
        holders = [holder for holder, trains in holds.items() if train in trains and holder != buyer]
        edges += [(buyer, holder) for holder in [h for h in holders if h in alive] or holders]
    return tuple(edges)


def _waits(event: Event | None) -> bool:
    return event is not None and event.step == Step.ACQUIRE and (event.phase == "call" or event.value == BLOCKED)


def _orphaned(waits: Iterable[int], holder: Ending) -> str:
    """Explain a wait for a lock that no process is left to give back."""
    name = f"buyer {holder.buyer}"
    if holder.deserted:
        lost = f"The lock was held for {name} when {holder.error}"
    elif holder.unanswered:
        lost, name = f"B{name[1:]}{_process(holder)} died while it held the lock{_code(holder)}", f"dead {name}"
    else:
        lost = f"B{name[1:]} ended and kept the lock"
    return f"{lost}. {_wait(waits)} for the lock that {name} held: an orphaned lock, not a cycle of waits."


def _cycle(holds: Mapping[int, Sequence[int]], waits: Mapping[int, int]) -> str:
    """Name who holds which lock and waits for which other, then who waits behind them."""
    holders = Counter(train for trains in holds.values() for train in set(trains))
    own = [buyer for buyer, wanted in waits.items() if wanted in holds.get(buyer, ()) and holders[wanted] == 1]
    if own:
        behind = set(waits) - set(own)
        text = " ".join(f"Buyer {buyer} holds the lock and waits for it again: for itself." for buyer in sorted(own))
        return f"{text} {_wait(behind)} behind it." if behind else text
    if len(set(waits.values())) == 1:
        return f"{_wait(waits)} for each other's locks in a cycle of waits, and none of them can move."
    inside = _in_cycles({buyer: wanted for buyer, wanted in waits.items() if holds.get(buyer)}, holds)
    behind = set(waits) - set(inside)
    sentences = [_link(buyer, holds, waits[buyer]) for buyer in inside] + ["This is a cycle of waits."]
    return " ".join([*sentences, f"{_wait(behind)} behind it."] if behind else sentences)


def _in_cycles(waits: Mapping[int, int], holds: Mapping[int, Sequence[int]]) -> list[int]:
    """Return those of the buyers that others of them wait for, without those that only wait behind a cycle."""
    inside = [buyer for buyer in sorted(waits) if set(holds[buyer]) & set(waits.values())]
    if len(inside) in {0, len(waits)}:
        return sorted(waits)
    return _in_cycles({buyer: waits[buyer] for buyer in inside}, holds)


def _link(buyer: int, holds: Mapping[int, Sequence[int]], wanted: int) -> str:
    holders = [other for other, trains in holds.items() if wanted in trains and other != buyer]
    whose = f", which {_lower(buyers(holders))} {'holds' if len(holders) == 1 else 'hold'}" if holders else ""
    held = " and ".join(f"the lock of train {train}" for train in sorted(holds[buyer]))
    return f"Buyer {buyer} holds {held} and waits for that of train {wanted}{whose}."


def _wait(waits: Iterable[int]) -> str:
    who = sorted(waits)
    return f"{buyers(who)} {'waits' if len(who) == 1 else 'wait'}"


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]


def _unserved(lost: Sequence[Ending]) -> Iterator[Finding]:
    """Name the buyers that got no answer from a clerk or a worker in one sentence: they may be a hundred thousand."""
    for error in sorted({str(ending.error) for ending in lost}):
        who = buyers([ending.buyer for ending in lost if ending.error == error])
        yield Finding(UNKNOWN, f"{who} got no answer: {error}.")


def _lost_buyer(ending: Ending, last: Event | None, *, holds: bool, freed: bool) -> Finding:
    """Say where one buyer died or ran out of time; before its write it holds no ticket, so the sale stays known."""
    if ending.error:
        text = f"Buyer {ending.buyer} gave up: {ending.error}."
    elif ending.alive:
        holding = ", holding the lock," if holds else ""
        text = f"Buyer {ending.buyer}{_process(ending)} did not answer in time{holding} {_where(last)}."
    else:
        holding = ", holding the lock" + ", which the system freed" * freed if holds else ""
        text = f"Buyer {ending.buyer}{_process(ending)} died {_where(last)}{holding}{_code(ending)}."
    certain = ending.died and ending.outcome is Outcome.UNFINISHED
    return Finding(UNFINISHED if certain else UNKNOWN, text, (last.seq,) if last else ())


def _was_freed(history: History, last: Event) -> bool:
    """Return whether another buyer took the lock of a dead one, where one lock lets in one buyer."""
    return (history.scenario.permits, history.setup.trees) == (1, 1) and any(
        event.step == Step.ACQUIRE and event.phase == "return" and event.value != BLOCKED
        for event in history.events
        if event.seq > last.seq and event.buyer != last.buyer
    )


def _where(last: Event | None) -> str:
    """Return where a buyer stood when it was last heard of."""
    if last is None:
        return "before its first step"
    if last.phase == "return" and last.value != BLOCKED:
        return f"after its last step, {last.step}"
    if last.step == Step.ACQUIRE:
        return "while it waited for the lock"
    return "while it paid" if last.step == PAY else f"in its step {last.step}"


def _process(ending: Ending) -> str:
    return f" (process {ending.pid})" if ending.pid else ""


def _code(ending: Ending) -> str:
    return f" (exit code {ending.exitcode})" if ending.pid else ""
