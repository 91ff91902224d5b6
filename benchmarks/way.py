"""What a way to sell tickets is: the contract of all that benchmarks/peers.py compares."""

import json
from abc import ABC, abstractmethod
from pathlib import Path


class Way(ABC):
    """One way to sell tickets: the parent prepares it; each buyer enters it after the fork, and buys and buys."""

    path: str

    def prepare(self, folder: Path, tickets: int) -> None:
        """Put so many tickets up for sale in an empty folder."""
        self.path = str(folder / "db.json")
        Path(self.path).write_text(json.dumps({"count": tickets}), "utf-8")

    @abstractmethod
    def enter(self) -> None:
        """Open, in a buyer's process, what a fork must not share."""

    @abstractmethod
    def buy(self) -> bool:
        """Buy one ticket and return whether there was one."""

    def left(self) -> int:
        """Return how many tickets are left, when all buyers have gone."""
        count: int = json.loads(Path(self.path).read_bytes())["count"]
        return count
