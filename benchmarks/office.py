"""Requests per second at the ticket office: a process for each client, and a few processes for all in turn.

    python benchmarks/office.py [CLIENTS] [REQUESTS] [AT_ONCE]

Each of CLIENTS (200) connects, sends REQUESTS (5) one after the other, and leaves; AT_ONCE (50) are connected at
any moment. The load comes from one process that waits for nobody, on the same machine as the office. Payments
take no time, so what is measured is the office. "lost" counts requests without a good answer.
"""

import json
import selectors
import socket
import subprocess
import sys
import tempfile
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

WAYS = {"a process for each": ["--per-client"], "4 for all in turn": ["--workers", "4"]}
REQUESTS = {"look": {"do": "look"}, "buy": {"do": "buy"}}


@dataclass
class Load:
    """Clients that come, ask and leave."""

    address: tuple[str, int]
    line: bytes
    requests: int
    waiting: deque[int]
    good: int = 0
    lost: int = 0
    delays: list[float] = field(default_factory=list)
    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)

    def run(self, at_once: int) -> float:
        """Return how many seconds it took until every client had left."""
        began = time.perf_counter()
        for _ in range(min(at_once, len(self.waiting))):
            self.come()
        while self.selector.get_map():
            for key, _ in self.selector.select(10):
                self.hear(key.fileobj, key.data)
        return time.perf_counter() - began

    def come(self) -> None:
        """Connect the next client and send its first request."""
        if not self.waiting:
            return
        self.waiting.popleft()
        connection = socket.create_connection(self.address, 10)
        self.selector.register(connection, selectors.EVENT_READ, {"left": self.requests, "text": b"", "sent": 0.0})
        self.ask(connection, self.selector.get_key(connection).data)

    def ask(self, connection: socket.socket, state: dict[str, object]) -> None:
        """Send one request."""
        state["sent"] = time.perf_counter()
        connection.sendall(self.line)

    def hear(self, connection: socket.socket, state: dict) -> None:
        """Take what arrived; after the last answer leave, and let the next client come."""
        try:
            piece = connection.recv(65536)
        except ConnectionResetError:
            piece = b""
        state["text"] += piece
        if piece and not state["text"].endswith(b"\n"):
            return
        if piece and json.loads(state["text"])["ok"]:
            self.good += 1
            self.delays.append(time.perf_counter() - state["sent"])
            state["left"] -= 1
            state["text"] = b""
            if state["left"]:
                self.ask(connection, state)
                return
        self.lost += state["left"]
        self.selector.unregister(connection)
        connection.close()
        self.come()


def measured(way: list[str], request: dict[str, str], clients: int, requests: int, at_once: int) -> str:
    """Open an office, put the load on it, close it, and return what came of it."""
    with tempfile.TemporaryDirectory() as folder:
        options = ["--db", str(Path(folder) / "db.json"), "--pay", "0", "--tickets", str(clients * requests)]
        command = [sys.executable, "-m", "booking", "office", "--lock", "file", *options, *way]
        # The screen goes into a file: reading it would take the time of those who are measured.
        with (Path(folder) / "screen").open("w+") as screen, subprocess.Popen(command, stdout=screen) as office:
            load = Load(
                address_in(Path(screen.name)), json.dumps(request).encode() + b"\n", requests, deque(range(clients))
            )
            seconds = load.run(at_once)
            office.kill()
    delays = sorted(load.delays)
    middle, worst = delays[len(delays) // 2], delays[-1]
    return f"{load.good / seconds:8,.0f} per s   {middle * 1e3:7.1f} ms   {worst * 1e3:7.1f} ms   {load.lost:5d}"


def address_in(screen: Path) -> tuple[str, int]:
    """Return where the office says that it listens, once it does."""
    for _ in range(1000):
        for line in screen.read_text().splitlines():
            if line.startswith("Listening on "):
                host, _, port = line.removeprefix("Listening on ").rstrip(".").rpartition(":")
                return host, int(port)
        time.sleep(0.01)
    raise SystemExit("the office does not open")


def main() -> None:
    """Measure both ways with both requests."""
    clients, requests, at_once = (int(given) for given in [*sys.argv[1:], *["200", "5", "50"][len(sys.argv) - 1 :]])
    print(f"{clients} clients, {requests} requests each, {at_once} at once")
    print(f"{'':24}{'requests':>14}   {'median':>10}   {'longest':>10}   {'lost':>5}")
    for name, way in WAYS.items():
        for verb, request in REQUESTS.items():
            print(f"{name:19} {verb:4}{measured(way, request, clients, requests, at_once)}")


if __name__ == "__main__":
    main()
