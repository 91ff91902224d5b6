"""What runs in the processes of a sale with clerks.

A buyer asks, waits for the answer, and touches nothing. A clerk takes a question, serves it whole and answers it, until
there are no more. Clerks always end with their parent, even if it is killed; `daemon=True` alone promises less.
"""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from booking.processes import lifeline
from booking.processes.journal import END, NOBODY, READY, Journal
from booking.processes.lifeline import PipeEnds
from booking.purchase import Desk, Outcome, buy
from booking.simulation.buyer import Train, settled
from booking.simulation.clerks.channel import BUY, LOOK, Answer, BuyersSide, ClerkDiedError, ClerksSide, Question
from booking.simulation.desk import RealDesk
from booking.stores import Store

if TYPE_CHECKING:
    from multiprocessing.synchronize import Barrier


@dataclass(frozen=True, kw_only=True)
class ClientTask:
    """All that the process is told: who it is, whom it can ask, and how long its payment takes."""

    buyer: int
    store: Store
    side: BuyersSide
    pay_s: float
    ends: PipeEnds
    barrier: "Barrier | None" = None


def run_client(task: ClientTask) -> None:
    """Be one buyer, from the gate to the end."""
    lifeline.become_child(task.ends, task.store.sweep_own)
    task.side.close_unused()
    journal = Journal(task.buyer, task.ends.journal)
    journal.record(READY, "call")
    lifeline.pass_gate(task.ends, task.barrier)
    answer = _ask_clerks(task, journal)
    journal.record(END, "return", answer.outcome, answer.error)


def _ask_clerks(task: ClientTask, journal: Journal) -> Answer:
    """Look, then buy, and return how it ended; unfinished if the clerk died."""

    def ask(word: str) -> Answer:
        """Ask one question and wait for the answer of the clerk that takes it."""
        question = Question(task.buyer, word, task.pay_s)
        return task.side.ask(question, lambda told: journal.record(told, "call"))

    try:
        looked = ask(LOOK)
        answer = ask(BUY) if looked.outcome is None else looked
    except ClerkDiedError as error:
        return Answer(Outcome.UNFINISHED, str(error))
    task.side.leave()
    return answer


@dataclass(frozen=True, kw_only=True)
class ClerkTask:
    """All that a clerk's process is told."""

    train: Train
    side: ClerksSide
    ends: PipeEnds


def run_clerk(task: ClerkTask) -> None:
    """Be one clerk, from the first question to the last."""
    lifeline.become_child(task.ends, task.train.store.sweep_own)
    task.side.close_unused()
    own = Journal(NOBODY, task.ends.journal)
    for question in task.side.questions(lambda word: own.record(word, "call")):
        task.side.answer(question, _serve(task, question))


def _serve(task: ClerkTask, question: Question) -> Answer:
    """Do what the buyer asks for, on the buyer's behalf; the steps carry its number and this clerk's process."""
    journal = Journal(question.buyer, task.ends.journal)
    desk = RealDesk(task.train.store, task.train.lock, journal.record, question.pay_s)
    return Answer(*settled(partial(_looked if question.word == LOOK else buy, desk)))


def _looked(desk: Desk) -> Outcome | None:
    """Look; the buyer has not ended by that."""
    desk.look()
    return None
