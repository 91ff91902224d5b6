"""A lesson: who is there, what they guessed, how each round went. Pure: it does nothing but remember.

A lesson goes through its rounds, and each round through three phases: the class joins and guesses, the sale is open,
and the verdict is on the wall. The server carries out what a method returns.
"""

import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from booking.errors import BadInputError
from booking.history.history import History
from booking.history.verdict import judge
from booking.processes.journal import END, Message
from booking.purchase import Outcome
from booking.steps import PAY, Step

MOST_PHONES = 128
MOST_STEPPED = 20
"""Buyers who can take turns step by step: more lanes do not fit on the wall."""
CREW = 2
"""Buyers of a round in which the class votes who moves."""
MOST_HANDED = 200
LONGEST_NAME = 20
MODES = ("buy", "schedule", "vote")
_SHOWN = frozenset(Step) | {PAY}


class Phase(StrEnum):
    """Where a round is."""

    GUESS = "guess"
    SALE = "sale"
    VERDICT = "verdict"
    END = "end"


@dataclass
class Phone:
    """A phone that has joined: its number from 1, and the name typed there, which may be empty."""

    number: int
    name: str = ""

    @property
    def label(self) -> str:
        """Return the name, or the number if there is none."""
        return self.name or f"#{self.number}"


@dataclass
class Round:
    """One round. Phones and buyers are known by their numbers; `steps` of a buyer are (step, phase, value, ms)."""

    lock: str
    guesses: dict[int, int] = field(default_factory=dict)
    buyers: dict[int, int] = field(default_factory=dict)
    """The phone of each buyer."""
    pids: dict[int, int] = field(default_factory=dict)
    steps: dict[int, list[tuple[str, str, Any, float]]] = field(default_factory=dict)
    outcomes: dict[int, str] = field(default_factory=dict)
    votes: dict[int, str] = field(default_factory=dict)
    turns: list[int] = field(default_factory=list)
    history: str | None = None
    verdict: dict[str, Any] | None = None
    note: str = ""
    began_ns: int | None = None

    @property
    def holders(self) -> list[int]:
        """Return the buyers that hold a ticket."""
        return [buyer for buyer, outcome in self.outcomes.items() if outcome == Outcome.BOUGHT]

    def buyer_of(self, phone: int) -> int | None:
        """Return the buyer that this phone sent, None if it sent none."""
        return next((buyer for buyer, sender in self.buyers.items() if sender == phone), None)

    def tally(self) -> list[tuple[str, int]]:
        """Return the votes, the most wanted first."""
        return Counter(self.votes.values()).most_common()


@dataclass
class Handed:
    """A lock that a phone has handed in: its file's name, the class in it, and what the proof says of it."""

    phone: int
    file: str
    name: str = ""
    says: str = ""
    usable: bool = False


@dataclass
class Lesson:
    """All of a lesson. `locks` are those of the planned rounds, `offered` those that the class can vote for."""

    tickets: int = 1
    mode: str = "buy"
    locks: list[str] = field(default_factory=lambda: ["none", "file"])
    offered: list[str] = field(default_factory=list)
    phones: dict[str, Phone] = field(default_factory=dict)
    """By the secret that each phone was given."""
    rounds: list[Round] = field(default_factory=list)
    handed: list[Handed] = field(default_factory=list)
    phase: Phase = Phase.GUESS
    names_hidden: bool = False

    def __post_init__(self) -> None:
        """Begin with the first round."""
        if not self.rounds:
            self.rounds.append(Round(self.locks[0]))

    @property
    def round(self) -> Round:
        """Return the round that is played."""
        return self.rounds[-1]

    def join(self, secret: str, name: str) -> Phone:
        """Let a phone in, or change its name; raise BadInputError if the room is full."""
        if secret not in self.phones:
            if len(self.phones) >= MOST_PHONES:
                raise BadInputError(f"the room is full: {MOST_PHONES} phones")
            self.phones[secret] = Phone(len(self.phones) + 1)
        phone = self.phones[secret]
        phone.name = cleaned(name)
        return phone

    def guess(self, phone: Phone, number: int) -> None:
        """Note how many tickets a phone expects to be sold; only before the sale."""
        if self.phase is Phase.GUESS and 0 <= number <= MOST_PHONES:
            self.round.guesses[phone.number] = number

    def begin(self) -> int:
        """Open the sale and return how many buyers have to be ready: 0 if each comes with a press."""
        self.phase = Phase.SALE
        if self.mode == "buy":
            return 0
        phones = [phone.number for phone in self.phones.values()][:MOST_STEPPED]
        if self.mode == "schedule":
            self.round.buyers = dict(enumerate(phones, 1))
        return len(self.round.buyers) or CREW

    def press(self, phone: Phone) -> int | None:
        """Return the new buyer that a press sends, None if this phone may not press now."""
        if self.phase is not Phase.SALE or self.mode != "buy" or self.round.buyer_of(phone.number):
            return None
        buyer = len(self.round.buyers) + 1
        self.round.buyers[buyer] = phone.number
        return buyer

    def step(self, phone: Phone) -> int | None:
        """Return the buyer that this phone moves, None if it may not move one now."""
        if self.phase is not Phase.SALE or self.mode != "schedule":
            return None
        return self._moved(self.round.buyer_of(phone.number))

    def count_votes(self) -> int | None:
        """Return the buyer that most phones want to move, None if nobody voted; the votes are used up."""
        if self.phase is not Phase.SALE or self.mode != "vote" or not self.round.votes:
            return None
        wanted = self.round.tally()[0][0]
        self.round.votes.clear()
        return self._moved(int(wanted))

    def _moved(self, buyer: int | None) -> int | None:
        if buyer is None or buyer in self.round.outcomes:
            return None
        self.round.turns.append(buyer)
        return buyer

    @property
    def choices(self) -> list[str]:
        """Return what the class can vote for now."""
        if self.phase is Phase.VERDICT:
            return self.offered
        if self.phase is Phase.SALE and self.mode == "vote":
            return [str(buyer) for buyer in range(1, CREW + 1) if buyer not in self.round.outcomes]
        return []

    def vote(self, phone: Phone, choice: str) -> None:
        """Note a vote, if it is one of the choices."""
        if choice in self.choices:
            self.round.votes[phone.number] = choice

    @property
    def everybody_is_done(self) -> bool:
        """Return whether no buyer of the round can still do anything."""
        crew = self.round.buyers or (range(1, CREW + 1) if self.mode == "vote" else ())
        waited_for = len(self.phones) if self.mode == "buy" else len(crew)
        return self.phase is Phase.SALE and len(self.round.outcomes) >= waited_for > 0

    def hear(self, message: Message) -> None:
        """Note what a buyer's process tells."""
        played = self.round
        played.began_ns = played.began_ns or message.t_ns
        if message.word in _SHOWN:
            ms = round((message.t_ns - played.began_ns) / 1e6, 1)
            taken = played.steps.setdefault(message.buyer, [])
            taken.append((message.word, message.phase, message.value, ms))
            played.pids[message.buyer] = message.pid
        elif message.word == END:
            played.outcomes[message.buyer] = str(message.value)

    def close(self, history: str | None, note: str = "") -> None:
        """End the round with its history as JSON Lines; None if nobody bought or the sale could not be held."""
        played, self.phase = self.round, Phase.VERDICT
        played.history, played.note = history, note
        played.votes.clear()
        if history is None:
            return
        whole = History.from_lines(history.splitlines())
        verdict = judge(whole)
        played.outcomes |= {ending.buyer: str(ending.outcome) for ending in whole.endings}
        played.verdict = {"name": verdict.name, "sentence": verdict.sentence, "sold": verdict.sold}

    def hand_in(self, phone: Phone) -> Handed:
        """Note that a phone hands in a lock, which is not graded yet; raise BadInputError if there are too many."""
        if len(self.handed) >= MOST_HANDED:
            raise BadInputError(f"the class has handed in {MOST_HANDED} locks, which is enough for a lesson")
        self.handed.append(Handed(phone.number, f"lock{len(self.handed) + 1}.py"))
        return self.handed[-1]

    def go_on(self, lock: str | None = None) -> None:
        """Begin the next round, with this lock, the next of the plan, or the class's choice; without one, end."""
        if lock is None and len(self.rounds) < len(self.locks):
            lock = self.locks[len(self.rounds)]
        if lock is None:
            self.phase = Phase.END
            return
        self.rounds.append(Round(lock))
        self.phase = Phase.GUESS

    def label(self, phone_number: int | None) -> str:
        """Return what a phone is called on the wall."""
        phone = next((phone for phone in self.phones.values() if phone.number == phone_number), None)
        return f"#{phone_number}" if phone is None or self.names_hidden else phone.label

    def to_json(self) -> dict[str, Any]:
        """Return the whole lesson as JSON values, to go on with it later."""
        return {"schema": 1} | asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Lesson":
        """Return the lesson that `to_json` wrote; a sale that was open begins again. Raise BadInputError."""
        try:
            values = {name: value for name, value in document.items() if name != "schema"}
            phones = {secret: Phone(**phone) for secret, phone in values.pop("phones").items()}
            rounds = [_round(table) for table in values.pop("rounds")]
            handed = [Handed(**table) for table in values.pop("handed", ())]
            phase = Phase(values.pop("phase"))
            if phase is Phase.SALE:
                rounds[-1], phase = Round(rounds[-1].lock, rounds[-1].guesses), Phase.GUESS
            return cls(**values, phones=phones, rounds=rounds, handed=handed, phase=phase)
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise BadInputError(f"this is no saved lesson ({error!r:.80}); name another file in --save") from None


def _round(table: dict[str, Any]) -> Round:
    numbered = ("guesses", "buyers", "pids", "steps", "outcomes", "votes")
    tables = {name: {int(number): value for number, value in table[name].items()} for name in numbered}
    return Round(**(table | tables))


def cleaned(name: str) -> str:
    """Return at most 20 printable characters of a name, without what could turn the text around it."""
    kept = [character for character in unicodedata.normalize("NFC", name) if character.isprintable()]
    kept = [character for character in kept if unicodedata.category(character) not in {"Cf", "Me", "Co"}]
    return " ".join("".join(kept).split())[:LONGEST_NAME].strip()
