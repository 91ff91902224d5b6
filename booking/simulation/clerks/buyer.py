"""What runs in the process of a buyer that goes to a clerk: it asks, waits for the answer, and touches nothing."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from booking.processes import lifeline
from booking.processes.journal import END, READY, Journal
from booking.processes.lifeline import PipeEnds
from booking.purchase import Outcome
from booking.simulation.clerks.channel import BUY, LOOK, Answer, BuyersSide, ClerkDiedError, Question
from booking.stores import Store

if TYPE_CHECKING:
    from multiprocessing.synchronize import Barrier


@dataclass(frozen=True)
class ClientTask:
    """All that the process is told: who it is, whom it can ask, and how long its payment takes."""

    buyer: int
    store: Store
    side: BuyersSide
    pay_s: float
    ends: PipeEnds
    barrier: "Barrier | None" = None


def visit_counter(task: ClientTask) -> None:
    """Be one buyer, from the gate to the end."""
    lifeline.become_child(task.ends, task.store.sweep_own)
    task.side.close_unused()
    journal = Journal(task.buyer, task.ends.journal)
    journal.record(READY, "call")
    lifeline.pass_gate(task.ends, task.barrier)
    answer = asked(task, journal)
    journal.record(END, "return", answer.outcome, answer.error)


def asked(task: ClientTask, journal: Journal) -> Answer:
    """Look, then buy, and return how it ended; in doubt, where the clerk died, it is unfinished."""

    def ask(word: str) -> Answer:
        """Put one question to whichever clerk takes it, and wait for the answer."""
        question = Question(task.buyer, word, task.pay_s)
        return task.side.ask(question, lambda told: journal.record(told, "call"))

    try:
        looked = ask(LOOK)
        answer = ask(BUY) if looked.outcome is None else looked
    except ClerkDiedError as error:
        return Answer(Outcome.UNFINISHED, str(error))
    task.side.leave()
    return answer
