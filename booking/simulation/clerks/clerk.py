"""What runs in a clerk's process: take a question, serve it whole, answer it, until nobody asks any more.

Clerks always end with their parent, even if it is killed; `daemon=True` alone promises less.
"""

from dataclasses import dataclass
from functools import partial

from booking.processes import lifeline
from booking.processes.journal import NOBODY, Journal
from booking.processes.lifeline import PipeEnds
from booking.purchase import Desk, Outcome, buy
from booking.simulation.buyer import Train, settled
from booking.simulation.clerks.channel import LOOK, Answer, ClerksSide, Question
from booking.simulation.desk import RealDesk


@dataclass(frozen=True)
class ClerkTask:
    """All that a clerk's process is told."""

    train: Train
    side: ClerksSide
    ends: PipeEnds


def serve(task: ClerkTask) -> None:
    """Be one clerk, from the first question to the last."""
    lifeline.become_child(task.ends, task.train.store.sweep_own)
    task.side.close_unused()
    own = Journal(NOBODY, task.ends.journal)
    for question in task.side.questions(lambda word: own.record(word, "call")):
        task.side.answer(question, answered(task, question))


def answered(task: ClerkTask, question: Question) -> Answer:
    """Do what the buyer asks for, on the buyer's behalf; the steps carry its number and this clerk's process."""
    journal = Journal(question.buyer, task.ends.journal)
    desk = RealDesk(task.train.store, task.train.lock, journal.record, question.pay_s)
    return Answer(*settled(partial(_looked if question.word == LOOK else buy, desk)))


def _looked(desk: Desk) -> Outcome | None:
    """Look; the buyer has not ended by that."""
    desk.look()
    return None
