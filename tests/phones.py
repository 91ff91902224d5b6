"""Phones without a browser: raw connections that join, press, listen and vanish, as many as a test wants."""

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

THUMB = 0.25
"""Seconds between two presses."""
JSON = {"Content-Type": "application/json", "X-Booking": "1"}


@dataclass(eq=False)
class Door:
    """Where an open lesson can be reached."""

    host: str
    port: int
    word: str
    secret: str
    pid: int = 0

    async def ask(
        self, method: str, path: str, content: object = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Send one request and return the status, the headers and the body."""
        body = b"" if content is None else content if isinstance(content, bytes) else json.dumps(content).encode()
        reader, writer = await asyncio.open_connection(self.host, self.port)
        lines = {"Host": f"{self.host}:{self.port}", "Connection": "close", "Content-Length": str(len(body))} | (
            headers or {}
        )
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        writer.write(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
        status, got = await _head(reader)
        text = await reader.read()
        writer.close()
        return status, got, text

    async def say(self, path: str, content: object, **headers: str) -> tuple[int, Any]:
        """Send JSON as our own pages do, and return the status and the answer."""
        extra = {name.replace("_", "-"): value for name, value in headers.items()}
        status, _, body = await self.ask("POST", path, content, JSON | extra)
        return status, json.loads(body) if body.startswith(b"{") else body

    @property
    def cookie(self) -> str:
        """Return the teacher's cookie."""
        return f"booking-teacher={self.secret}"

    async def teach(self, **what: object) -> int:
        """Press one of the teacher's buttons."""
        return (await self.say("/wall/do", what, Cookie=self.cookie))[0]

    def wall(self) -> "Screen":
        """Return the projector's page."""
        return Screen(self, "/wall/events", {"Cookie": self.cookie})


@dataclass(eq=False)
class Screen:
    """Something that listens to a stream of states."""

    door: Door
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=dict)
    heard_at: float = 0.0
    news: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None

    def listen(self) -> None:
        """Open the stream."""
        self.task = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        reader, writer = await asyncio.open_connection(self.door.host, self.door.port, limit=2**22)
        lines = {"Host": f"{self.door.host}:{self.door.port}"} | self.headers
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        writer.write(f"GET {self.path} HTTP/1.1\r\n{head}\r\n".encode())
        try:
            status, _ = await _head(reader)
            assert status == 200, status
            while line := await reader.readline():
                if line.startswith(b"data: "):
                    self.state, self.heard_at = json.loads(line[6:]), time.monotonic()
                    self.news.set()
        finally:
            writer.close()

    async def until(self, holds: Callable[[dict[str, Any]], bool], within: float = 20.0) -> dict[str, Any]:
        """Return the first state for which this holds."""
        async with asyncio.timeout(within):
            while not (self.state and holds(self.state)):
                self.news.clear()
                await self.news.wait()
        return self.state

    def vanish(self) -> None:
        """Hang up without a word."""
        if self.task:
            self.task.cancel()


@dataclass(eq=False)
class Phone(Screen):
    """A phone that has joined."""

    secret: str = ""
    acted_at: float = 0.0

    @classmethod
    async def join(cls, door: Door, name: str = "", secret: str = "") -> "Phone":
        """Join and listen."""
        status, answer = await door.say(f"/{door.word}/join", {"name": name, "phone": secret})
        assert status == 200, answer
        phone = cls(door, f"/{door.word}/events?phone={answer['phone']}", secret=answer["phone"])
        phone.listen()
        return phone

    async def act(self, action: str, *, hasty: bool = False, **said: object) -> int:
        """Press a button, as fast as a thumb can; a hasty one presses faster."""
        if not hasty:
            await asyncio.sleep(max(0.0, self.acted_at + THUMB - time.monotonic()))
        self.acted_at = time.monotonic()
        return (await self.door.say(f"/{self.door.word}/{action}", said, X_Phone=self.secret))[0]


async def _head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    first = (await reader.readline()).decode()
    headers = {}
    while (line := (await reader.readline()).decode().strip()) != "":
        name, _, value = line.partition(": ")
        headers[name.lower()] = value
    return int(first.split()[1]), headers


@contextmanager
def open_lesson(folder: Path, *arguments: str) -> Iterator[Door]:
    """Open a lesson as a teacher does, and end it with Ctrl-C's signal."""
    command = [sys.executable, "-m", "booking", "class", "--no-open", "--port", "0", *arguments]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield _door(process)
        finally:
            process.terminate()
            _, errors = process.communicate(timeout=20)
            assert "Traceback" not in errors, errors


def _door(process: subprocess.Popen[str]) -> Door:
    text = ""
    assert process.stdout is not None
    for line in process.stdout:
        text += line
        if line.startswith("Ctrl-C"):
            break
    found = re.search(r"http://([\d.]+):(\d+)/(\w{4}) ", text)
    secret = re.search(r"/wall#(\S+)", text)
    assert found, text or (process.stderr and process.stderr.read())
    assert secret
    return Door(found[1], int(found[2]), found[3], secret[1], process.pid)
