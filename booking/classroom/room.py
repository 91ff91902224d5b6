"""A lesson with everything around it: the teller's pipes, the screens that listen, and the secrets.

What a phone or the teacher asks for changes the lesson, and what the lesson then wants goes to the teller. A phone
names no path, no lock file and no option.
"""

import asyncio
import base64
import json
import re
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from booking.classroom.lesson import MOST_PHONES, Lesson, Phase, Phone
from booking.errors import BadInputError
from booking.processes.journal import Message
from booking.scenario import Scenario

LONGEST_CODE = 20_000
GATHER = 0.05
"""Seconds in which what happens is gathered into one event for every screen."""
PULSE = 15.0
"""Seconds of silence after which an event stream sends its state again, so that a dead one is noticed."""
VOTE_LASTS = 4.0
"""Seconds from the first vote until the votes are counted, unless all phones have voted before."""


@dataclass(frozen=True)
class Judged:
    """What the grader says of a lock: its class, a sentence, and whether a round can be held with it."""

    name: str
    says: str
    usable: bool


def code_in(text: str) -> str:
    """Return the code that a phone has sent: itself, or what the lab's link carries behind `#code=`.

    Raise BadInputError for a link that carries none, and for too much.
    """
    link = re.fullmatch(r"\s*https?://\S*#code=([\w-]+)\s*", text)
    if link:
        try:
            text = base64.urlsafe_b64decode(link[1] + "=" * (-len(link[1]) % 4)).decode()
        except ValueError:
            raise BadInputError("this link holds no code; copy it again from the lab") from None
    if len(text) > LONGEST_CODE:
        raise BadInputError(f"a lock has at most {LONGEST_CODE:,} characters")
    return text


@dataclass
class Classroom:
    """The room. `word` lets phones in, `secret` the teacher; `wall` is the projector's address, `url` the phones'.

    `hosts` are the names under which the server may be asked. `save` keeps the lesson.
    """

    lesson: Lesson
    scenario: Scenario
    orders: Connection
    news: Connection
    word: str
    url: str
    wall: str
    hosts: list[str]
    language: str = "en"
    save: Callable[[Mapping[str, Any]], None] = lambda _: None
    grade: Callable[[Path], Judged] = lambda path: Judged(path.name, "not graded", usable=False)
    folder: Path = field(default_factory=Path)
    """Where the locks that are handed in lie."""
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    version: int = 0
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _votes_due: float | None = None
    _closing: bool = False
    _grading: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))

    def hear_teller(self) -> None:
        """Take in what the teller has told."""
        with suppress(EOFError, OSError):
            while self.news.poll(0):
                kind, content = self.news.recv()
                self._take_news(kind, content)
                self.version += 1

    def _take_news(self, kind: str, content: Any) -> None:  # noqa: ANN401 - as the teller says
        if kind == "message":
            self.lesson.hear(Message(*content))
            if self.lesson.everybody_is_done:
                self.orders.send(("close", None))
        elif kind == "over":
            self.lesson.close(content)
        elif kind == "failed":
            self.lesson.close(None, content)

    async def run(self) -> None:
        """Tell every screen what has changed, a few times a second, and count votes when they are due."""
        told = self.version
        while True:
            await asyncio.sleep(GATHER)
            self._count_votes()
            if told != self.version:
                told = self.version
                async with self._changed:
                    self._changed.notify_all()
                if self.lesson.phase is not Phase.SALE:
                    self.save(self.lesson.to_json())

    def _count_votes(self) -> None:
        lesson = self.lesson
        if lesson.mode != "vote" or lesson.phase is not Phase.SALE or not lesson.round.votes:
            self._votes_due = None
            return
        self._votes_due = self._votes_due or time.monotonic() + VOTE_LASTS
        if time.monotonic() >= self._votes_due or len(lesson.round.votes) >= len(lesson.phones):
            self._votes_due = None
            self._order("step", lesson.count_votes())
            self.version += 1

    async def close(self) -> None:
        """Hang up on every screen."""
        self._closing = True
        async with self._changed:
            self._changed.notify_all()

    def join(self, secret: str, name: str) -> str:
        """Let a phone in, a known one by its secret, and return the secret; raise BadInputError if the room is full."""
        if secret not in self.lesson.phones:
            secret = secrets.token_urlsafe(12)
        self.lesson.join(secret, name)
        self.version += 1
        return secret

    def act(self, phone: Phone, action: str, said: Mapping[str, Any]) -> None:
        """Do what a phone asks for; nothing if it may not now, or if there is no such action."""
        match action, said:
            case "guess", {"number": int(number)}:
                self.lesson.guess(phone, number)
            case "buy", _:
                self._order("buy", self.lesson.press(phone))
            case "step", _:
                self._order("step", self.lesson.step(phone))
            case "vote", {"choice": str(choice)}:
                self.lesson.vote(phone, choice)
        self.version += 1

    async def hand_in(self, phone: Phone, text: str) -> None:
        """Keep a lock and let it be graded in a child of its own; raise BadInputError for what is no code."""
        code = code_in(text)
        handed = self.lesson.hand_in(phone)
        path = self.folder / handed.file
        path.write_text(code, encoding="utf-8")
        self.version += 1
        async with self._grading:
            judged = await asyncio.to_thread(self.grade, path)
        handed.name, handed.says, handed.usable = judged.name, judged.says, judged.usable
        self.version += 1

    def teach(self, said: Mapping[str, Any]) -> None:
        """Do what the teacher's button says."""
        match self.lesson.phase, said:
            case Phase.GUESS, {"do": "begin"}:
                self._begin()
            case Phase.SALE, {"do": "close"}:
                self.orders.send(("close", None))
            case Phase.VERDICT, {"do": "next"}:
                self.lesson.go_on(self._chosen(said.get("lock")))
            case _, {"do": "names"}:
                self.lesson.names_hidden = not self.lesson.names_hidden
        self.version += 1

    def _begin(self) -> None:
        ready, lesson = self.lesson.begin(), self.lesson
        scenario = Scenario(
            buyers=ready or MOST_PHONES, tickets=lesson.tickets, lock=lesson.round.lock, pay=self.scenario.pay
        )
        self.orders.send(("open-stepped" if ready else "open", scenario))

    def _chosen(self, lock: object) -> str | None:
        """Return the lock that a button names: one that is offered, or one that was handed in; None for neither."""
        if lock in self.lesson.offered:
            return str(lock)
        usable = [handed.file for handed in self.lesson.handed if handed.usable]
        return str(self.folder / str(lock)) if lock in usable else None

    def _order(self, order: str, buyer: int | None) -> None:
        if buyer is not None:
            self.orders.send((order, buyer))

    async def events(self, view: Callable[[], Mapping[str, Any]]) -> AsyncIterator[str]:
        """Yield the whole state first and then after each change, as server-sent events (HTML standard, 9.2)."""
        while not self._closing:
            seen = self.version
            yield f"data: {json.dumps(view())}\n\n"
            with suppress(TimeoutError):
                async with asyncio.timeout(PULSE), self._changed:
                    await self._changed.wait_for(lambda: seen != self.version or self._closing)  # noqa: B023 - at once
