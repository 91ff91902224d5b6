"""Trees and callers for the tests: real processes on a free port, ended by their number."""

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

DEADLINE = 20.0
"""Seconds after which an answer counts as never."""


class Caller:
    """One connection to an office."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address, DEADLINE)
        self._lines = self.socket.makefile("rb")

    def send(self, data: bytes | dict[str, Any]) -> None:
        """Send bytes as they are, or a document as a line."""
        self.socket.sendall(data if isinstance(data, bytes) else json.dumps(data).encode() + b"\n")

    def hear(self) -> Any:  # noqa: ANN401 - the test says what it expects
        """Return the office's next line, None if it has hung up."""
        try:
            line = self._lines.readline()
        except ConnectionResetError:
            return None
        return json.loads(line) if line else None

    def ask(self, data: bytes | dict[str, Any]) -> Any:  # noqa: ANN401
        """Send a request and return the next line."""
        self.send(data)
        return self.hear()

    def hear_until(self, step: str, phase: str) -> list[dict[str, Any]]:
        """Return the events up to this one, included."""
        events: list[dict[str, Any]] = []
        while not events or (events[-1]["step"], events[-1]["phase"]) != (step, phase):
            events.append(self.hear()["event"])
        return events

    def hear_answer(self) -> dict[str, Any]:
        """Return the answer, after all events."""
        while "event" in (line := self.hear()):
            pass
        answer: dict[str, Any] = line
        return answer

    def close(self) -> None:
        """Hang up."""
        self._lines.close()
        self.socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class OpenOffice:
    """A `booking office` in another process."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.db = folder / "db.json"
        command = [sys.executable, "-m", "booking", "office", "--db", str(self.db), *options]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
        )
        self.heard: list[str] = []
        self.errors = ""
        try:
            line = self.wait_for("Listening on ")
        except AssertionError as error:
            self.close()
            raise AssertionError(self.errors) from error
        host, _, port = line.removeprefix("Listening on ").rstrip(".").rpartition(":")
        self.address = (host, int(port))

    @property
    def at(self) -> str:
        """Return HOST:PORT."""
        return "{}:{}".format(*self.address)

    def wait_for(self, words: str) -> str:
        """Return the next line of the screen with these words in it."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.heard.append(line.rstrip("\n"))
            if words in line:
                return self.heard[-1]
        raise AssertionError(f"the office ended without {words!r}: {self.heard}")

    def call(self) -> Caller:
        """Connect."""
        return Caller(self.address)

    def children(self) -> list[int]:
        """Return the numbers of the office's processes."""
        rows = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout  # noqa: S607
        pairs = [tuple(map(int, row.split())) for row in rows.splitlines()]
        return [pid for pid, parent in pairs if parent == self.process.pid]

    def all_end_within(self, seconds: float) -> bool:
        """Return whether the office and all its processes end so soon: they share its output, which ends with them."""
        try:
            out, self.errors = self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            return False
        self.heard += out.splitlines()
        return True

    def end(self, number: signal.Signals, within: float = DEADLINE) -> tuple[int, str]:
        """Send a signal and return the exit status and standard error, once every process has ended."""
        self.process.send_signal(number)
        assert self.all_end_within(within)
        return self.process.returncode, self.errors

    def close(self) -> None:
        """End it, however it stands."""
        if self.process.poll() is None:
            self.process.kill()
        if self.process.stdout and not self.process.stdout.closed:
            _, self.errors = self.process.communicate(timeout=DEADLINE)
