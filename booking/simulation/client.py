"""What runs in the process of a buyer that goes to a clerk: it asks, waits for the answer, and touches nothing."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from booking.purchase import Outcome
from booking.simulation import gates, guard
from booking.simulation.channels import BUY, LOOK, Answer, BuyersSide, ClerkDiedError, Question
from booking.simulation.ends import Ends
from booking.simulation.journal import END, READY, Journal
from booking.stores import Store

if TYPE_CHECKING:
    from multiprocessing.synchronize import Barrier


@dataclass(frozen=True)
class Visit:
    """All that the process is told: who it is, whom it can ask, and how long its payment takes."""

    buyer: int
    store: Store
    side: BuyersSide
    pay_s: float
    ends: Ends
    barrier: "Barrier | None" = None


def visit_counter(visit: Visit) -> None:
    """Be one buyer, from the gate to the end."""
    guard.enter(visit.ends, visit.store.path)
    visit.side.settle()
    journal = Journal(visit.buyer, visit.ends.journal)
    journal.record(READY, "call")
    gates.pass_through(visit.ends, visit.barrier)
    answer = asked(visit, journal)
    journal.record(END, "return", answer.outcome, answer.error)


def asked(visit: Visit, journal: Journal) -> Answer:
    """Look, then buy, and return how it ended; in doubt, where the clerk died, it is unfinished."""

    def ask(word: str) -> Answer:
        """Put one question to whichever clerk takes it, and wait for the answer."""
        question = Question(visit.buyer, word, visit.pay_s)
        return visit.side.ask(question, lambda told: journal.record(told, "call"))

    try:
        looked = ask(LOOK)
        answer = ask(BUY) if looked.outcome is None else looked
    except ClerkDiedError as error:
        return Answer(Outcome.UNFINISHED, str(error))
    visit.side.leave()
    return answer
