"""The verdict on a sale: a pure function of its history.

Count the successes, never the stock: every winner of a race writes the same number, so the file looks right
after a disaster. What has to hold is

    bought <= tickets - count_left <= bought + unknown     and     bought <= tickets
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

from booking.history.finding import SOUND, UNKNOWN, Anomaly, Finding
from booking.history.history import CHANGED, TORN, Event, History
from booking.history.waiting import stuck, unanswered
from booking.purchase import Outcome
from booking.steps import Step
from booking.text.display import html
from booking.text.words import buyers, count_of

__all__ = ["MOST_STEPS_SHOWN", "SOUND", "UNKNOWN", "Anomaly", "Finding", "Verdict", "judge", "replay_command"]

_READS = frozenset({Step.LOOK, Step.READ})
_WRITES = frozenset({Step.WRITE, Step.SWAP})
MOST_STEPS_SHOWN = 64
"""A schedule longer than this is not printed with a finding; it would fill the screen."""


class Verdict(NamedTuple):
    """What a sale came to.

    `name` is "sound", the worst anomaly found, or "unknown" where some buyer never answered and nothing worse is
    certain. `unknown` are the buyers that had begun to write and never answered, a part of `unfinished`.
    `oversold` is how many tickets were sold beyond those that existed. `stock_left` is None for an unreadable
    store. With two `trains` a ticket is one on both, `tickets` are those of each, and `second_left` is what is left
    on the second.
    """

    name: str
    tickets: int
    buyers: int
    sold: int
    sold_out: int
    torn_reads: int
    unfinished: int
    unknown: int
    stock_left: int | None
    findings: tuple[Finding, ...] = ()
    second_left: int | None = None
    trains: int = 1

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        return html(self)

    @property
    def oversold(self) -> int:
        """Return how many tickets were sold that did not exist."""
        return max(0, self.sold - self.tickets)

    @property
    def sentence(self) -> str:
        """Return the verdict in a sentence or two that need no knowledge of the code."""
        held = f"{count_of(self.sold, 'buyer')} {'holds' if self.sold == 1 else 'hold'} a ticket"
        held += " on both trains" if self.trains > 1 else ""
        existed = f"{self.tickets} existed{' on each' if self.trains > 1 else ''}."
        return " ".join([f"{held}; {existed}", *(finding.text for finding in self.findings)])

    def to_json(self) -> dict[str, Any]:
        """Return the verdict as the JSON object that `booking run --json` prints."""
        return {
            "tickets": self.tickets,
            "buyers": self.buyers,
            "sold": self.sold,
            "sold_out": self.sold_out,
            "oversold": self.oversold,
            "torn_reads": self.torn_reads,
            "unfinished": self.unfinished,
            "unknown": self.unknown,
            "stock_left": self.stock_left,
            **({"second_left": self.second_left} if self.trains > 1 else {}),
            "verdict": self.name,
            "findings": [
                {"anomaly": f.anomaly, "text": f.text, "events": list(f.events), "replay": f.replay}
                for f in self.findings
            ],
        }


def judge(history: History) -> Verdict:
    """Return the verdict on a sale; the same history always gives the same verdict.

    Buyers that stayed away from a replay are nobody's loss and count nowhere.
    """
    outcomes = [ending.outcome for ending in history.endings if not ending.stayed_away]
    findings = tuple(_replayed(history, tuple(_findings(history))))
    named = {finding.anomaly for finding in findings}
    worst = next((anomaly for anomaly in Anomaly if anomaly in named), None)
    unknown = outcomes.count(Outcome.UNKNOWN)
    unfinished = outcomes.count(Outcome.UNFINISHED) + unknown
    return Verdict(
        name=worst or (UNKNOWN if unfinished or named else SOUND),
        tickets=history.scenario.tickets,
        buyers=history.scenario.buyers,
        sold=outcomes.count(Outcome.BOUGHT),
        sold_out=outcomes.count(Outcome.SOLD_OUT),
        torn_reads=outcomes.count(Outcome.TORN_READ),
        unfinished=unfinished,
        unknown=unknown,
        stock_left=history.stock_left,
        findings=findings,
        second_left=history.second_left,
        trains=history.scenario.trains,
    )


def _findings(history: History) -> Iterator[Finding]:
    sold = sum(ending.outcome is Outcome.BOUGHT for ending in history.endings)
    if sold and _is_isolated(history):
        yield _own_copies(history, sold)
    elif sold > history.scenario.tickets:
        yield _same_count(history, Anomaly.OVERSOLD)
    else:
        for train, left in enumerate(history.counts_left, 1):
            if left is not None:
                yield from _stock_findings(history, train, left, sold)
    yield from _half_journeys(history)
    if None in history.counts_left:
        yield from _emptied(history)
    yield from _torn_reads(history)
    yield from stuck(history)


def _replayed(history: History, findings: tuple[Finding, ...]) -> Iterator[Finding]:
    """Tell with each anomaly how to make it happen again; a sound sale needs no search for its order."""
    replay = replay_command(history) if any(finding.anomaly != UNKNOWN for finding in findings) else None
    for finding in findings:
        yield finding if finding.anomaly == UNKNOWN else finding._replace(replay=replay)


def _half_journeys(history: History) -> Iterator[Finding]:
    """Report that one train has lost more tickets than the other, though they are sold together."""
    gone = [history.scenario.tickets - left for left in history.counts_left if left is not None]
    if len(set(gone)) < 2:  # noqa: PLR2004 - there are two trains to differ
        return
    writes = [e for e in history.events if e.step in _WRITES and e.phase == "return"]
    halves = {e.buyer for e in writes if e.train == 1} ^ {e.buyer for e in writes if e.train > 1}
    text = f"Half a journey: train 1 lost {count_of(gone[0], 'ticket')} and train 2 lost {gone[1]:,}."
    if halves:
        text += f" {buyers(halves)} wrote for one train and not for the other."
    yield Finding(Anomaly.HALF_JOURNEY, text, tuple(event.seq for event in writes))


def _stock_findings(history: History, train: int, left: int, sold: int) -> Iterator[Finding]:
    gone = history.scenario.tickets - left
    unknown = sum(ending.outcome is Outcome.UNKNOWN for ending in history.endings)
    if gone < sold:
        yield _same_count(history, Anomaly.LOST_UPDATE, train)
    elif gone > sold + unknown:
        yield Finding(
            UNKNOWN,
            f"{_file(history, train)} lost {count_of(gone, 'ticket')}, but {count_of(sold, 'buyer')} bought one: "
            "somebody else changed the file, or a buyer ended without an answer.",
        )


def _is_isolated(history: History) -> bool:
    """Tell whether the count is what it was although buyers wrote: nobody has seen anything but its own writes."""
    mine: dict[int, object] = {}
    for event in history.events:
        if event.phase == "call":
            continue
        if event.step in _READS and event.value != mine.get(event.buyer, history.scenario.tickets):
            return False
        if event.step in _WRITES and event.value != CHANGED:
            mine[event.buyer] = event.value
    return bool(mine) and history.stock_left == history.scenario.tickets


def _own_copies(history: History, sold: int) -> Finding:
    """Explain a sale in which every buyer had a count of its own."""
    writes = [event for event in history.events if event.step in _WRITES and event.phase == "return"]
    who = "The buyer changed a copy of its own" if sold == 1 else "Each buyer changed a copy of its own"
    text = f"{who}, which nobody else sees, and the count that was for sale is still {history.stock_left}."
    anomaly = Anomaly.OVERSOLD if sold > history.scenario.tickets else Anomaly.LOST_UPDATE
    return Finding(anomaly, text, tuple(event.seq for event in writes))


def _emptied(history: History) -> Iterator[Finding]:
    """Name the buyer that emptied the file and never filled it."""
    halves = {e.buyer: e for e in history.events if e.step in {Step.TRUNCATE, Step.WRITE} and e.phase == "return"}
    for event in (halves[ending.buyer] for ending in history.endings if unanswered(ending) and ending.buyer in halves):
        if event.step == Step.TRUNCATE:
            text = f"The file is left empty: buyer {event.buyer} had emptied it and never came to write it."
            yield Finding(UNKNOWN, f"{text} `booking reset --force` fills it again.", (event.seq,))


def _same_count(history: History, anomaly: Anomaly, train: int = 1) -> Finding:
    """Name the buyers that acted on one count: each read it before the first of them wrote."""
    for count, group in sorted(_purchases_by_count(history, train).items(), reverse=True):
        first = min(group, key=lambda pair: pair[1].seq)
        others = [pair for pair in group if pair is not first and pair[0].seq < first[1].seq]
        if others:
            who = buyers([read.buyer for read, _ in others])
            where = f" for train {train}" if history.scenario.trains > 1 else ""
            text = f"{who} read count={count}{where} before buyer {first[1].buyer} wrote {count - 1}."
            events = sorted(event.seq for pair in [first, *others] for event in pair)
            return Finding(anomaly, _lost(anomaly, history, train) + text, tuple(events))
    known = "More tickets were sold than the file lost."
    unknown = "Several buyers acted on the same count; no events were kept to tell which."
    return Finding(anomaly, known if history.events else _lost(anomaly, history, train) + unknown, ())


def _file(history: History, train: int) -> str:
    return "The file" if history.scenario.trains == 1 else f"The file of train {train}"


def _lost(anomaly: Anomaly, history: History, train: int) -> str:
    left = history.counts_left[train - 1]
    if anomaly is Anomaly.OVERSOLD or left is None:
        return ""
    return f"{_file(history, train)} lost only {history.scenario.tickets - left}. "


def _purchases_by_count(history: History, train: int) -> dict[int, list[tuple[Event, Event]]]:
    """Return, for each count, the read and the write of every buyer that bought on the strength of it."""
    returned = [event for event in history.events if event.phase == "return" and event.train == train]
    reads = {e.buyer: e for e in returned if e.step == Step.READ}
    writes = {e.buyer: e for e in returned if e.step in _WRITES and e.value != CHANGED}
    groups = defaultdict(list)
    for ending in history.endings:
        read, write = reads.get(ending.buyer), writes.get(ending.buyer)
        if ending.outcome is Outcome.BOUGHT and read and write and isinstance(read.value, int):
            groups[read.value].append((read, write))
    return groups


def _torn_reads(history: History) -> Iterator[Finding]:
    emptied: Event | None = None
    for event in history.events:
        if event.step == Step.TRUNCATE:
            emptied = event
        if event.value == TORN and event.phase == "return":
            whose = f"buyer {emptied.buyer} had emptied it and not yet written it" if emptied else "it was no count"
            witness = (emptied.seq, event.seq) if emptied else (event.seq,)
            yield Finding(Anomaly.TORN_READ, f"Buyer {event.buyer} read half a file: {whose}.", witness)


def replay_command(history: History) -> str | None:
    """Return the command that replays the sale, None where its order is unknown or too long to print.

    None for a sale of several offices too: a replay has one, whose lock may keep apart whom theirs did not.
    """
    if not history.events or history.setup.offices > 1 or any(unanswered(ending) for ending in history.endings):
        return None
    from booking.history.linearization import linearize  # noqa: PLC0415 - only what went wrong has to be replayed
    from booking.history.schedule import command  # noqa: PLC0415

    schedule = linearize(history, most_steps=MOST_STEPS_SHOWN)
    if schedule is None:
        return None
    return command(history.scenario, tuple(schedule))
