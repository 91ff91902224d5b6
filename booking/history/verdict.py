"""The verdict on a sale: a pure function of its history.

Count the successes, never the stock: every winner of a race writes the same number, so the file looks right
after a disaster. What has to hold is

    bought <= tickets - count_left <= bought + unknown     and     bought <= tickets
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from booking.history.finding import SOUND, UNKNOWN, Anomaly, Finding, is_lost_update, label, summary, unanswered
from booking.history.history import Event, History
from booking.purchase import Outcome
from booking.scenario import PAIR
from booking.steps import CHANGED, READS, TORN, Step
from booking.text.display import html
from booking.text.words import buyers, count_of, every_train

_COUNTS = ("tickets", "buyers", "sold", "sold_out", "oversold", "torn_reads", "unfinished", "unknown", "stock_left")
_WRITES = frozenset({Step.WRITE, Step.SWAP})
MOST_STEPS_SHOWN = 64
"""A schedule longer than this is not printed with a finding; it would fill the screen."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a sale came to.

    `name` is "sound", the worst anomaly found, or "unknown" if a buyer may hold a ticket or the history was cut
    short. `unfinished` are the buyers that never answered; `unknown`, a part of them, had begun to write.
    `oversold` is how many tickets were sold beyond those that existed. `counts_left` is what is left on each train,
    None for an unreadable store, and `sold_on` how many tickets of it are sold. With several trains a buyer needs two
    of them, and `tickets` are those of each.
    """

    name: str
    tickets: int
    buyers: int
    sold: int
    sold_out: int
    torn_reads: int
    unfinished: int
    unknown: int
    counts_left: tuple[int | None, ...]
    sold_on: tuple[int, ...]
    findings: tuple[Finding, ...] = ()

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        return html(self)

    @property
    def stock_left(self) -> int | None:
        """Return what is left in the one store, or in that of the first train; None for an unreadable one."""
        return self.counts_left[0]

    @property
    def oversold(self) -> int:
        """Return how many tickets were sold that did not exist."""
        return max(0, max(self.sold_on) - self.tickets)

    @property
    def label(self) -> str:
        """Return the verdict in a word or two for a headline."""
        return label(self.name)

    @property
    def summary(self) -> str:
        """Return what the sale came to, in a sentence that needs no knowledge of the code."""
        return summary(self.name, self.tickets, self.sold, self.sold_on, self.torn_reads, self.unfinished)

    @property
    def headline(self) -> str:
        """Return the verdict in one line: "OVERSOLD: 10 tickets were sold, but only 1 existed."."""
        return f"{self.label}: {self.summary}"

    @property
    def reasons(self) -> str:
        """Return who did what, in a sentence for each finding; empty if there is none."""
        # Beside an oversold sale a lost update has the same witness, and is not told twice.
        return " ".join(f.text for f in self.findings if not (self.oversold and f.anomaly == Anomaly.LOST_UPDATE))

    @property
    def sentence(self) -> str:
        """Return the summary and the reasons."""
        return f"{self.summary} {self.reasons}".rstrip()

    def __str__(self) -> str:
        return f"{self.headline} {self.reasons}".rstrip()

    def to_json(self) -> dict[str, Any]:
        """Return the verdict as the JSON object that `booking run --json` prints."""
        left = list(self.counts_left)
        by_train = {"second_left": left[1], "counts_left": left} if len(left) > 1 else {}  # the older key came first
        findings = [asdict(finding) | {"events": list(finding.events)} for finding in self.findings]
        counts = {name: getattr(self, name) for name in _COUNTS}
        return counts | by_train | {"verdict": self.name, "findings": findings}


def judge(history: History) -> Verdict:
    """Return the verdict on a sale; buyers that a replay's schedule does not name are not counted."""
    outcomes = [ending.outcome for ending in history.endings if not ending.stayed_away]
    findings = list(_findings(history))
    named = {finding.anomaly for finding in findings}
    command = replay_command(history) if named.intersection(Anomaly) else None
    findings = [replace(f, replay=command) if f.anomaly in set(Anomaly) else f for f in findings]
    worst = next((anomaly for anomaly in Anomaly if anomaly in named), None)
    unknown = outcomes.count(Outcome.UNKNOWN)
    return Verdict(
        name=worst or (UNKNOWN if UNKNOWN in named else SOUND),
        tickets=history.scenario.tickets,
        buyers=history.scenario.buyers,
        sold=outcomes.count(Outcome.BOUGHT),
        sold_out=outcomes.count(Outcome.SOLD_OUT),
        torn_reads=outcomes.count(Outcome.TORN_READ),
        unfinished=outcomes.count(Outcome.UNFINISHED) + unknown,
        unknown=unknown,
        counts_left=history.counts_left,
        sold_on=_sold_on(history, Outcome.BOUGHT),
        findings=tuple(findings),
    )


def _findings(history: History) -> Iterator[Finding]:
    sold_on = _sold_on(history, Outcome.BOUGHT)
    oversold = None
    train, sold = next(((t, sold) for t, sold in enumerate(sold_on, 1) if sold > history.scenario.tickets), (1, 0))
    if sold:
        oversold = _own_copies(history, sold) if _is_isolated(history) else _same_count(history, train)
        yield oversold
    for train, left in enumerate(history.counts_left, 1):
        if left is not None:
            yield from _stock_findings(history, train, left, sold_on[train - 1], oversold)
    yield from _half_journeys(history)
    if None in history.counts_left:
        yield from _emptied(history)
    yield from _torn_reads(history)
    yield from unanswered(history)


def _sold_on(history: History, outcome: Outcome) -> tuple[int, ...]:
    return history.scenario.sold_on([ending.buyer for ending in history.endings if ending.outcome is outcome])


def _half_journeys(history: History) -> Iterator[Finding]:
    """Report that one train has lost more tickets than another, though they are sold together."""
    scenario, sold = history.scenario, _sold_on(history, Outcome.BOUGHT)
    gone = {n: scenario.tickets - left for n, left in enumerate(history.counts_left, 1) if left is not None}
    if len({lost - sold[train - 1] for train, lost in gone.items()}) < 2:  # noqa: PLR2004 - two trains differ
        return
    writes = [e for e in history.events if e.step in _WRITES and e.phase == "return"]
    wrote: dict[int, set[int]] = {event.buyer: set() for event in writes}
    for event in writes:
        wrote[event.buyer].add(event.train)
    halves = {buyer for buyer, some in wrote.items() if some != set(scenario.route(buyer))}
    of_sold = [f" ({n:,} sold)" if scenario.trains > PAIR else "" for n in sold]
    first, *others = (
        f"train {train} lost {count_of(lost, 'ticket')}{of_sold[train - 1]}" for train, lost in gone.items()
    )
    text = f"Half a journey: {', '.join([first, *others[:-1]])} and {others[-1]}."
    if halves:
        text += f" {buyers(halves)} did not write for {every_train(len(history.counts_left))}."
    yield Finding(Anomaly.HALF_JOURNEY, text, tuple(event.seq for event in writes))


def _stock_findings(history: History, train: int, left: int, sold: int, oversold: Finding | None) -> Iterator[Finding]:
    """Compare what the store lost with what was sold; beside an oversold sale the witness is the same."""
    gone = history.scenario.tickets - left
    unknown = _sold_on(history, Outcome.UNKNOWN)[train - 1]
    if is_lost_update(sold, history.scenario.tickets, left):
        only = f"{_file(history, train)} lost only {count_of(gone, 'ticket')}."
        if oversold is not None:
            yield Finding(Anomaly.LOST_UPDATE, only, oversold.events)
        elif _is_isolated(history):
            yield replace(_own_copies(history, sold), anomaly=Anomaly.LOST_UPDATE)
        else:
            found = _same_count(history, train)
            yield replace(found, anomaly=Anomaly.LOST_UPDATE, text=f"{only} {found.text}".rstrip())
    elif gone > sold + unknown:
        yield Finding(
            UNKNOWN,
            f"{_file(history, train)} lost {count_of(gone, 'ticket')}, but {count_of(sold, 'buyer')} bought one: "
            "another program changed the file, or a buyer ended without an answer.",
        )


def _is_isolated(history: History) -> bool:
    """Return whether the count is unchanged and every buyer saw only its own writes: a store without sharing."""
    mine: dict[int, object] = {}
    for event in history.events:
        if event.phase == "call":
            continue
        if event.step in READS and event.value != mine.get(event.buyer, history.scenario.tickets):
            return False
        if event.step in _WRITES and event.value != CHANGED:
            mine[event.buyer] = event.value
    return bool(mine) and set(history.counts_left) == {history.scenario.tickets}


def _own_copies(history: History, sold: int) -> Finding:
    """Explain a sale in which every buyer had its own count."""
    writes = [event for event in history.events if event.step in _WRITES and event.phase == "return"]
    who = "The buyer changed a copy of its own" if sold == 1 else "Each buyer changed a copy of its own"
    text = f"{who}, which nobody else sees, and the count that was for sale is still {history.stock_left}."
    return Finding(Anomaly.OVERSOLD, text, tuple(event.seq for event in writes))


def _emptied(history: History) -> Iterator[Finding]:
    """Name the buyer that emptied the file and never filled it."""
    halves = {e.buyer: e for e in history.events if e.step in {Step.TRUNCATE, Step.WRITE} and e.phase == "return"}
    lost = [ending.buyer for ending in history.endings if ending.unanswered]
    for event in (halves[buyer] for buyer in lost if buyer in halves):
        if event.step == Step.TRUNCATE:
            text = f"The file is left empty: buyer {event.buyer} had emptied it and never came to write it."
            yield Finding(UNKNOWN, f"{text} `booking reset --force` fills it again.", (event.seq,))


def _same_count(history: History, train: int = 1) -> Finding:
    """Name the buyers that acted on one count: each read it before the first of them wrote."""
    for (_, count), group in sorted(_purchases_by_count(history, train).items(), reverse=True):
        first = min(group, key=lambda pair: pair[1].seq)
        others = [pair for pair in group if pair is not first and pair[0].seq < first[1].seq]
        if others:
            who = buyers([read.buyer for read, _ in others])
            where = f" for train {train}" if history.scenario.trains > 1 else ""
            again = f"so {'it' if len(others) == 1 else 'they'} sold the same ticket again"
            text = f"{who} had already read {count}{where} when buyer {first[1].buyer} wrote {count - 1}, {again}."
            events = sorted(event.seq for pair in [first, *others] for event in pair)
            return Finding(Anomaly.OVERSOLD, text, tuple(events))
    known = "A buyer wrote a count that did not follow from what others had written before."
    unknown = "Several buyers acted on the same count; no events were kept to tell which."
    return Finding(Anomaly.OVERSOLD, known if history.events else unknown)


def _file(history: History, train: int) -> str:
    if history.scenario.shares:
        return "All shares together"
    return "The file" if history.scenario.trains == 1 else f"The file of train {train}"


def _purchases_by_count(history: History, train: int) -> dict[tuple[int, int], list[tuple[Event, Event]]]:
    """Return the read and the write of who bought, by train (by buyer if tickets are split) and by the count read."""
    returned = [event for event in history.events if event.phase == "return" and event.train == train]
    reads = {e.buyer: e for e in returned if e.step == Step.READ}
    writes = {e.buyer: e for e in returned if e.step in _WRITES and e.value != CHANGED}
    groups = defaultdict(list)
    for ending in history.endings:
        read, write = reads.get(ending.buyer), writes.get(ending.buyer)
        if ending.outcome is Outcome.BOUGHT and read and write and isinstance(read.value, int):
            cell = ending.buyer if history.scenario.shares else train
            groups[cell, read.value].append((read, write))
    return groups


def _torn_reads(history: History) -> Iterator[Finding]:
    """Name who had emptied the file when a torn read met it, at its call or at its return."""
    emptied: dict[int, Event] = {}
    met: dict[int, Event | None] = {}
    for event in history.events:
        before = emptied.get(event.train)
        if event.step == Step.TRUNCATE:
            emptied[event.train] = event
        elif event.step == Step.WRITE and event.phase == "return" and before and before.buyer == event.buyer:
            del emptied[event.train]
        elif event.phase == "call":
            met[event.buyer] = before
        elif event.value == TORN:
            cause = before or met.get(event.buyer)
            whose = f"buyer {cause.buyer} had emptied it and not yet written it" if cause else "it held no count"
            witness = (cause.seq, event.seq) if cause else (event.seq,)
            yield Finding(Anomaly.TORN_READ, f"Buyer {event.buyer} read half a file: {whose}.", witness)


def replay_command(history: History) -> str | None:
    """Return the command that replays the sale, None if its order is unknown or too long, or it had several trees.

    Real processes do not record the accesses of a lock of one's own, so their order is unknown.
    """
    if not history.events or history.setup.trees > 1 or any(ending.unanswered for ending in history.endings):
        return None
    if ".py" in history.scenario.lock and all(event.step != Step.ACCESS for event in history.events):
        return None
    from booking.history.linearization import linearize  # noqa: PLC0415 - only what went wrong has to be replayed
    from booking.history.schedule import command  # noqa: PLC0415

    schedule = linearize(history, most_steps=MOST_STEPS_SHOWN)
    return None if schedule is None else command(history.scenario, tuple(schedule))
