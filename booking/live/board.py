"""The board of the live view: what every buyer does now, kept up to date message by message, and as few lines.

Pure: it only counts. `booking.live.view` shows it.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from booking.history.history import BLOCKED
from booking.processes.journal import END, READY, Message
from booking.purchase import Outcome
from booking.scenario import Scenario
from booking.steps import PAY, Step
from booking.text.verbs import VERBS
from booking.text.words import ranges

MOST_ROWS = 16
"""Up to so many buyers have a line each; more are summed up by what they do."""

STARTING = "starting"
KILLED = "killed"

_ANY = "the count"
_DOING = {(READY, "call"): "at the gate"} | {
    (str(step), phase): text.format(_ANY).partition(",")[0]
    for step in (*Step, PAY)
    for phase, text in (("call", VERBS[step].doing), ("return", VERBS[step].done))
}
_ORDER = [STARTING, *dict.fromkeys(_DOING.values()), *Outcome, KILLED]


@dataclass
class Board:
    """What is known of a sale under way.

    `doing` has a word or two for every buyer, `left` is the count that was written last, `sold` how many buyers
    have said that they bought, `holders` who is inside the lock, and `pids` the processes of those that have not
    ended.
    """

    scenario: Scenario
    doing: dict[int, str] = field(init=False)
    left: int = field(init=False)
    sold: int = 0
    holders: set[int] = field(default_factory=set)
    pids: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin with everybody starting."""
        self.doing = dict.fromkeys(range(1, self.scenario.buyers + 1), STARTING)
        self.left = self.scenario.tickets

    def take(self, message: Message) -> None:
        """Count one message of a buyer; what a clerk or a worker says for itself is not shown."""
        buyer, word, phase = message.buyer, message.word, message.phase
        if not buyer:
            return
        if word == END:
            self.doing[buyer] = str(message.value)
            self.sold += message.value == Outcome.BOUGHT
            self.pids.pop(buyer, None)
            return
        self.pids.setdefault(buyer, message.pid)  # its own: a clerk's steps carry the clerk's
        self.doing[buyer] = _DOING.get((word, phase), self.doing[buyer])
        if message.train > 1:  # the lines about the file and the lock are those of the first train
            return
        if word in {Step.WRITE, Step.SWAP} and phase == "return" and isinstance(message.value, int):
            self.left = self.left - 1 if self.scenario.is_split else message.value
        elif word == Step.ACQUIRE and phase == "return" and message.value != BLOCKED:
            self.holders.add(buyer)
        elif word == Step.RELEASE:
            self.holders.discard(buyer)

    def mourn(self, dead: Collection[int]) -> None:
        """Note that these buyers' processes have ended without a word."""
        for buyer in dead:
            self.doing[buyer] = KILLED
            self.pids.pop(buyer, None)

    def lines(self) -> Iterator[str]:
        """Yield the heading, then a line per buyer, or where they are too many a line per thing that they do."""
        tickets = self.scenario.tickets
        where = "in the shares" if self.scenario.is_split else "in the file"
        where += " of train 1" if self.scenario.trains > 1 else ""
        over = f", {self.sold - tickets:,} too many" if self.sold > tickets else ""
        yield f"Tickets left {where}: {self.left:,}   Sold so far: {self.sold:,} of {tickets:,}{over}"
        yield from self._each() if len(self.doing) <= MOST_ROWS else self._summed()

    def _each(self) -> Iterator[str]:
        for buyer, doing in self.doing.items():
            holding = ", holding the lock" if buyer in self.holders else ""
            yield f"buyer {buyer:<3} {doing}{holding}"

    def _summed(self) -> Iterator[str]:
        groups: dict[str, list[int]] = {}
        for buyer, doing in self.doing.items():
            groups.setdefault(doing, []).append(buyer)
        for doing in sorted(groups, key=_ORDER.index):
            yield f"{doing:<21}{len(groups[doing]):>6,}   {ranges(groups[doing])}"
        if self.holders:
            yield f"{'holding the lock':<21}{len(self.holders):>6,}   {ranges(self.holders)}"
