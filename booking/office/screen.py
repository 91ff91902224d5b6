"""What the office's screen shows: a line for everything that happens, and for a ticket too many."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from booking.locks import Reach
from booking.office import story
from booking.office.address import written
from booking.office.protocol import Told
from booking.office.visitor import Visitor
from booking.purchase import Outcome
from booking.registry import protection_of
from booking.scenario import Scenario
from booking.text.words import count_of

_ONE_TREE = (
    "The lock {lock} works here, because all who buy are processes of this one office;\n"
    "a `booking buy` without --at does not see it."
)

Tell = Callable[[str], None]


@dataclass
class Screen:
    """Tells the story line by line; `bought` is how many tickets the office has sold."""

    tell: Tell
    scenario: Scenario
    bought: int = 0

    def opens(self, address: str, workers: int) -> None:
        """Say what is sold, how, and where; with `workers` 0 each client gets a process of its own."""
        processes = "1 process" if workers == 1 else f"{workers} processes"
        served = f"{processes} for all clients in turn" if workers else "a process for each client"
        stock = count_of(self.scenario.tickets, "ticket")
        self.tell(f"The office sells {stock}; lock {self.scenario.lock}; {served}.")
        if protection_of(self.scenario).facts.reach is Reach.PROCESS_TREE:
            self.tell(_ONE_TREE.format(lock=self.scenario.lock))
        self.tell(f"In other terminals: booking buy --at {address} --name YOU   (Ctrl-C closes the office)")
        self.tell(f"Listening on {address}.")

    def comes(self, visitor: Visitor, place: tuple[Any, ...]) -> None:
        """Say that a client has connected from there."""
        self.tell(f"{visitor.label} comes from {written(*place[:2])}")

    def leaves(self, visitor: Visitor) -> None:
        """Say that a client is no longer connected."""
        self.tell(f"{visitor.label} leaves")

    def refused(self, visitor: Visitor, error: str) -> None:
        """Say why a client does not get what it wants."""
        self.tell(f"{visitor.label} is refused: {error}")

    def happened(self, visitor: Visitor, told: Told) -> None:
        """Say one event of a purchase."""
        words = story.happened(told)
        if words:
            self.tell(f"{visitor.label} {words}")

    def answered(self, visitor: Visitor, answer: dict[str, Any]) -> None:
        """Say what a request came to, and count the tickets: the file looks right after a disaster."""
        if not answer["ok"]:
            self.refused(visitor, answer["error"])
        elif "count" in answer:
            self.tell(f"{visitor.label} looks and sees {count_of(answer['count'], 'ticket')}")
        else:
            self._sold(visitor, Outcome(answer["outcome"]))

    def _sold(self, visitor: Visitor, outcome: Outcome) -> None:
        self.tell(f"{visitor.label} {story.ended(outcome, present=not visitor.has_left)}")
        if outcome is Outcome.BOUGHT:
            self.bought += 1
            if self.bought > self.scenario.tickets:
                self.tell(story.oversold(self.bought, self.scenario.tickets))
