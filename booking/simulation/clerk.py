"""What runs in a clerk's process: take a question, serve it whole, answer it, until nobody asks any more.

Clerks are daemons in what the word promises: they end with their parent. `daemon=True` alone keeps that promise
only where the parent ends in good order; the guard keeps it always.
"""

from dataclasses import dataclass
from functools import partial

from booking.locks import Lock
from booking.purchase import Desk, Outcome, buy
from booking.simulation import guard
from booking.simulation.buyer import settled
from booking.simulation.channels import LOOK, Answer, ClerksSide, Question
from booking.simulation.desk import RealDesk
from booking.simulation.ends import Ends
from booking.simulation.journal import NOBODY, Journal
from booking.stores import Store


@dataclass(frozen=True)
class Post:
    """All that a clerk's process is told."""

    store: Store
    lock: Lock
    side: ClerksSide
    ends: Ends


def serve(post: Post) -> None:
    """Be one clerk, from the first question to the last."""
    guard.enter(post.ends, post.store.path)
    post.side.settle()
    own = Journal(NOBODY, post.ends.journal)
    for question in post.side.questions(lambda word: own.record(word, "call")):
        post.side.answer(question, answered(post, question))


def answered(post: Post, question: Question) -> Answer:
    """Do what the buyer asks for, on the buyer's behalf; the steps carry its number and this clerk's process."""
    journal = Journal(question.buyer, post.ends.journal)
    desk = RealDesk(post.store, post.lock, journal.record, question.pay_s)
    return Answer(*settled(partial(_looked if question.word == LOOK else buy, desk)))


def _looked(desk: Desk) -> Outcome | None:
    """Look; the buyer has not ended by that."""
    desk.look()
    return None
