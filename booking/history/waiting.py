"""Why a sale did not end: who waits for a lock, and what became of the buyer that holds it."""

from collections import Counter
from collections.abc import Iterator, Sequence

from booking.history.finding import UNKNOWN, Anomaly, Finding
from booking.history.history import BLOCKED, Ending, Event, History
from booking.purchase import Outcome
from booking.steps import PAY, Step
from booking.text.words import buyers


def stuck(history: History) -> Iterator[Finding]:
    """Explain a sale that did not end: who waits, and what became of the one that holds the lock."""
    lost = [ending for ending in history.endings if unanswered(ending)]
    last = {event.buyer: event for event in history.events}
    waiting = [e for e in lost if e.alive and _waits(last.get(e.buyer))]
    holding = _holding(history) if waiting else set()
    holders = [e for e in history.endings if e.buyer in holding]
    dead = [e for e in holders if not e.alive]
    if waiting and holders and all(not h.alive or h in waiting for h in holders):
        events = [last[e.buyer].seq for e in [*dead, *waiting]]
        text = _circle_text(history, waiting) if history.scenario.trains > 1 and not dead else ""
        yield Finding(Anomaly.DEADLOCK, text or _deadlock_text(waiting, dead), tuple(events))
    yield from _deserted([ending for ending in lost if ending.deserted])
    for ending in lost:
        explained = ending in dead or (ending in waiting and holders)
        if not explained and not ending.deserted:
            yield _lost_buyer(ending, last.get(ending.buyer), holds=ending in holders)


def unanswered(ending: Ending) -> bool:
    """Return whether this buyer came to the sale and never said how its purchase ended."""
    return ending.outcome in {Outcome.UNFINISHED, Outcome.UNKNOWN} and not ending.stayed_away


def _waits(event: Event | None) -> bool:
    return event is not None and event.step == Step.ACQUIRE and (event.phase == "call" or event.value == BLOCKED)


def _holding(history: History) -> set[int]:
    """Return the buyers that took a lock and did not give it back."""
    holds: Counter[int] = Counter()
    for event in history.events:
        if event.phase == "return" and event.value != BLOCKED:
            holds[event.buyer] += (event.step == Step.ACQUIRE) - (event.step == Step.RELEASE)
    return {buyer for buyer, locks in holds.items() if locks > 0}


def _circle_text(history: History, waiting: Sequence[Ending]) -> str:
    """Name who holds the lock of which train and waits for that of which other."""
    holds: dict[int, list[int]] = {}
    wants: dict[int, int] = {}
    for event in history.events:
        if event.step == Step.ACQUIRE:
            wants[event.buyer] = event.train
        if event.phase == "return" and event.value != BLOCKED:
            if event.step == Step.ACQUIRE:
                holds.setdefault(event.buyer, []).append(event.train)
            elif event.step == Step.RELEASE:
                holds[event.buyer].remove(event.train)
    from booking.history.cycle import told  # noqa: PLC0415 - few sales end in a circle

    return told(holds, {ending.buyer: wants[ending.buyer] for ending in waiting})


def _deserted(lost: Sequence[Ending]) -> Iterator[Finding]:
    """Name the buyers that nobody served to the end, all in one sentence: they may be a hundred thousand."""
    for error in sorted({str(ending.error) for ending in lost}):
        who = buyers([ending.buyer for ending in lost if ending.error == error])
        yield Finding(UNKNOWN, f"{who} got no answer: {error}.")


def _deadlock_text(waiting: Sequence[Ending], dead: Sequence[Ending]) -> str:
    who = buyers([ending.buyer for ending in waiting])
    if not dead:
        return f"{who} wait for each other's locks, and nobody can move."
    holder = dead[0]
    verb = "waits" if len(waiting) == 1 else "wait"
    lost = f"Buyer {holder.buyer} (process {holder.pid}) died while it held the lock (exit code {holder.exitcode})"
    if holder.deserted:
        lost = f"The lock was held for buyer {holder.buyer} when {holder.error}"
    return f"{lost}; {who[0].lower()}{who[1:]} {verb} for ever."


def _where(last: Event | None) -> str:
    """Return where a buyer stood when it was last heard of."""
    if last is None:
        return "before its first step"
    if last.phase == "return":
        return f"after its last step, {last.step}"
    if last.step == Step.ACQUIRE:
        return "while it waited for the lock"
    return "while it paid" if last.step == PAY else f"in its step {last.step}"


def _lost_buyer(ending: Ending, last: Event | None, *, holds: bool) -> Finding:
    where = _where(last)
    holding = ", holding the lock," if holds else ""
    if ending.error:
        text = f"Buyer {ending.buyer} gave up: {ending.error}."
    elif ending.alive:
        text = f"Buyer {ending.buyer} (process {ending.pid}) did not answer in time{holding} {where}."
    else:
        text = f"Buyer {ending.buyer} (process {ending.pid}) died{holding} {where} (exit code {ending.exitcode})."
    return Finding(UNKNOWN, text, (last.seq,) if last else ())
