"""What the office's screen shows: a line for each event, and the tally of the day."""

from collections.abc import Callable
from dataclasses import dataclass

from booking.history.finding import label, summary
from booking.locks import Reach
from booking.office.connection import Listener
from booking.office.protocol import StepEvent
from booking.purchase import Outcome
from booking.registry import protection_of
from booking.scenario import Scenario
from booking.text.verbs import narrated
from booking.text.words import count_of

_ONE_TREE = (
    "The lock {lock} works here, because all buyers are processes of this one office;\n"
    "a `booking buy` without --at does not see it."
)
_ENDINGS = {
    Outcome.BOUGHT: "has a ticket",
    Outcome.SOLD_OUT: "finds it sold out",
    Outcome.TORN_READ: "read half a file and has no ticket",
}


@dataclass
class Screen:
    """Shows each event as a line, which `tell` prints; `bought` is how many tickets the office has sold.

    `who` is the label of a client.
    """

    tell: Callable[[str], None]
    scenario: Scenario
    bought: int = 0

    def opens(self, listener: Listener, workers: int) -> None:
        """Say what is sold, how, and where; with `workers` 0 each client gets its own process."""
        processes = "1 process" if workers == 1 else f"{workers} processes"
        served = f"{processes} for all clients in turn" if workers else "a process for each client"
        stock = count_of(self.scenario.tickets, "ticket")
        self.tell(f"The office sells {stock}; lock {self.scenario.lock}; {served}.")
        if protection_of(self.scenario).facts.reach is Reach.PROCESS_TREE:
            self.tell(_ONE_TREE.format(lock=self.scenario.lock))
        self.tell(
            f"In other terminals: booking buy --at {listener.public_address} --name YOU   (Ctrl-C closes the office)"
        )
        self.tell(f"Listening on {listener.address}.")

    def closes(self) -> None:
        """Say what the day came to; an office sees no more than how many tickets it sold."""
        self._tell_tally("oversold" if self.bought > self.scenario.tickets else "not oversold")

    def _tell_tally(self, name: str) -> None:
        came_to = summary(name, self.scenario.tickets, self.bought, (self.bought,), 0, 0)
        self.tell(f"{label(name)}: {came_to}")

    def happened(self, who: str, event: StepEvent) -> None:
        """Say one event of a purchase."""
        text = narrated(event.step, event.phase, event.value)
        if text:
            self.tell(f"{who} {text}")

    def ended(self, who: str, outcome: Outcome, *, present: bool) -> None:
        """Say how a purchase ended, and whether the client was there to hear it; count the tickets.

        The file looks right after a disaster, so this tally is what shows one.
        """
        self.tell(f"{who} {_ENDINGS[outcome]}{'' if present else ', but left before it heard so'}")
        if outcome is Outcome.BOUGHT:
            self.bought += 1
            if self.bought > self.scenario.tickets:
                self._tell_tally("oversold")
