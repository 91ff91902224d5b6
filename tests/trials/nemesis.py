"""Buyers are killed all through a sale: no acknowledged sale is lost and no ticket is sold twice.

The nemesis and the three kinds of answers are those of Jepsen: a buyer that was told has bought (acked), one that
was killed may hold a ticket (unknown) or not, and a checker compares both with what the store has lost.
"""

import os
import random
import signal
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from booking.explorer import explore
from booking.history.history import History
from booking.history.verdict import judge
from booking.processes.journal import END, IDLE, READY, Message
from booking.registry import LOCKS, protection_of
from booking.scenario import Scenario
from booking.simulation.sale import simulate
from booking.steps import PAY as PAYS
from booking.steps import Step

BUYERS, TICKETS = 40, 30
PAY = (0.0, 0.002)
EVERY = 8
"""One message in so many is followed by a kill."""
PATIENCE = 200
"""Silences in a row, of 50 ms each, after which a sale under a lock that the system frees counts as stuck."""
SOFT_PATIENCE = 6
"""The same for `file-soft`, whose file bars everybody for ever if its maker is killed before it has signed it.

And for a lock that is lost with its holder: of a holder that died while it gave it back, nobody knows whether it did.
"""

SAFE = [name for name in LOCKS if explore(Scenario(2, lock=name)).verdict == "sound"]
"""The locks under which no order of the steps oversells."""


@dataclass
class Nemesis:
    """Watches a sale and kills its buyers at random moments; when nobody says anything any more, all of them."""

    dice: random.Random
    patience: int
    alive: dict[int, int] = field(default_factory=dict)
    silences: int = 0

    def __call__(self, message: Message) -> None:
        """Take note of who is there, and perhaps strike, whoever it was that spoke."""
        self.silences = self.silences + 1 if message.word == IDLE else 0
        if message.word == READY:
            self.alive[message.buyer] = message.pid
        elif message.word == END:
            self.alive.pop(message.buyer, None)
        elif message.word == IDLE:
            while self.silences > self.patience and self.alive:
                self.strike()
        elif self.alive and not self.dice.randrange(EVERY):
            self.strike()

    def strike(self) -> None:
        """Kill one buyer."""
        pid = self.alive.pop(self.dice.choice(list(self.alive)))
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@dataclass
class Account:
    """What so many kills have done to so many sales."""

    sales: int = 0
    kills: int = 0
    inside: int = 0
    """Kills of buyers that had the lock, or without one had read and not yet written."""
    acked: int = 0
    sold: int = 0
    unknown: int = 0
    stuck: int = 0
    """Sales in which nobody could go on any more."""
    wrong: list[str] = field(default_factory=list)

    def add(self, other: "Account") -> None:
        """Add another account to this one."""
        for name in ("sales", "kills", "inside", "acked", "sold", "unknown", "stuck", "wrong"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


def sale_with_a_nemesis(lock: str, folder: Path, dice: random.Random, *, restock: bool = True) -> Account:
    """Hold one sale of too few tickets under this lock, kill many of its buyers, and settle the account.

    Without `restock` the store in the folder holds the tickets already, and its disk may refuse to write.
    """
    db = folder / "db.json"
    scenario = Scenario(BUYERS, TICKETS, lock, pay=PAY)
    freed = protection_of(scenario).facts.freed_when_holder_dies
    for unsigned in folder.glob("*.soft*"):
        unsigned.unlink()
    nemesis = Nemesis(dice, PATIENCE if freed and lock != "file-soft" else SOFT_PATIENCE)
    history = simulate(scenario, db=db, watch=nemesis, restock=restock)
    stuck = history.timed_out or nemesis.silences > nemesis.patience
    acked, unknown = judge(history).sold, judge(history).unknown
    killed = [ending.buyer for ending in history.endings if ending.exitcode == -signal.SIGKILL]
    sold = TICKETS - (TICKETS if history.stock_left is None else history.stock_left)
    found = {
        f"acked {acked} <= sold {sold} <= acked + unknown {acked + unknown}": not acked <= sold <= acked + unknown,
        f"{acked} tickets sold of {TICKETS}": acked > TICKETS,
        "nobody could go on, though the lock is freed": stuck and freed and lock != "file-soft",
        "the store cannot be read": history.stock_left is None,
        "somebody neither ended nor was killed": any(
            e.exitcode not in ({None} if e.alive and history.timed_out else {0, -signal.SIGKILL})
            for e in history.endings
        ),
        f"{sorted(path.name for path in folder.iterdir())} is left": any(folder.glob("*.booking-*")),
    }
    inside = sum(_was_inside(history, buyer) for buyer in killed)
    wrong = [f"{lock}: {what}" for what, is_so in found.items() if is_so]
    return Account(1, len(killed), inside, acked, sold, unknown, stuck, wrong)


def kills(lock: str, folder: Path, times: int) -> Account:
    """Kill at least so many buyers, some of them inside, in sales that also sell."""
    dice, account = random.Random(lock), Account()
    while account.kills < times or not (account.inside and account.acked):
        account.add(sale_with_a_nemesis(lock, folder, dice))
    return account


_INSIDE = {(Step.READ, "return"), (PAYS, "call"), (PAYS, "return"), (Step.WRITE, "call"), (Step.SWAP, "call")}
_HOLDING = {(Step.ACQUIRE, "return"), (Step.READ, "call"), (Step.WRITE, "return"), (Step.RELEASE, "call")}


def _was_inside(history: History, buyer: int) -> bool:
    events = history.of(buyer)
    last = (events[-1].step, events[-1].phase) if events else None
    inside = _INSIDE if protection_of(history.scenario).facts.permits is None else _INSIDE | _HOLDING
    return last in inside
