"""A sale in which the buyers ask clerks: the buyers start first, then the clerks, and the clerks leave last.

A buyer asks, waits for the answer, and touches nothing. A clerk takes a question, serves it whole and answers it, until
there are no more. Clerks always end with their parent, even if it is killed; `daemon=True` alone promises less.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from booking.errors import BadInputError
from booking.history.history import History
from booking.processes import lifeline
from booking.processes.fork import fork_lock
from booking.processes.group import Process
from booking.processes.journal import END, NOBODY, READY, Journal
from booking.processes.lifeline import PipeEnds
from booking.purchase import Desk, Outcome, buy
from booking.simulation.buyer import Train, settled
from booking.simulation.channels import (
    BUY,
    CHANNELS,
    EMPTY,
    FULL,
    LOOK,
    ROOM,
    Answer,
    BuyersSide,
    ClerkDiedError,
    ClerksSide,
    Question,
)
from booking.simulation.desk import RealDesk
from booking.simulation.running import GRACE, Plan, RunningSale
from booking.stores import Store
from booking.text.words import buyers, count_of

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
    def ask(word: str) -> Answer:
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
    desk.look()
    return None


class SaleWithClerks(RunningSale):
    """A sale under way whose buyers ask and whose clerks sell; the group has first the buyers, then the clerks."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self._only_clerks_left = False
        self._dead_clerks: tuple[int, ...] = ()
        self._dead_before_time_out: tuple[int, ...] = ()

    def hold(self, timeout: float) -> History:
        """Hold the sale and close the channel; raise BadInputError if there is no room for one."""
        try:
            self.channel = CHANNELS[self.plan.setup.channel](self.plan.group.context, self.plan.setup.clerks)
        except OSError as error:
            raise BadInputError(f"the system has no room for so many clerks ({error.strerror}); use fewer") from None
        try:
            return super().hold(timeout)
        finally:
            self.channel.close()

    def _start(self) -> None:
        train, ends = self.plan.trains[0], self.plan.group.ends
        for buyer, pay_s in enumerate(self.plan.pay_s, 1):
            with fork_lock:
                side = self.channel.for_next_buyer()
                task = ClientTask(
                    buyer=buyer, store=train.store, side=side, pay_s=pay_s, ends=ends, barrier=self.barrier
                )
                self._begin(run_client, task, f"buyer-{buyer}")
        for clerk in range(1, self.plan.setup.clerks + 1):
            with fork_lock:
                clerk_task = ClerkTask(train=train, side=self.channel.for_next_clerk(), ends=ends)
                self._begin(run_clerk, clerk_task, f"clerk-{clerk}")
        self.plan.group.seal()

    def _begin(self, target: Callable[[Any], None], argument: object, name: str) -> None:
        self._check_interrupted()
        self.plan.group.start(target, argument, name)
        self.channel.started()

    @property
    def _clerks(self) -> Sequence[Process]:
        return self.plan.group.processes[self.plan.scenario.buyers :]

    def _nobody_speaks(self) -> bool:
        return self.plan.group.all_ended(None if self._only_clerks_left else self._buyer_processes)

    def _listen(self, timeout: float) -> bool:
        """Take messages until every buyer has ended or the time is up, then let the clerks go home."""
        for message in self._messages(timeout):
            if len(self.recorder.ended) == self.plan.scenario.buyers:
                break
            if message is None and _dead(self._clerks):
                self.channel.abandon()
        in_time = self._buyers_have_ended()
        if in_time:
            self._only_clerks_left = True
            if self._all_were_served():
                self.channel.finish()
            else:
                self.channel.abandon()
            for _ in self._messages(GRACE):
                pass
            self.plan.group.all_end_within(GRACE)
        self._dead_clerks = _dead(self._clerks)
        self._dead_before_time_out = () if in_time else _dead(self._buyer_processes)
        return not in_time

    def _all_were_served(self) -> bool:
        served = sum(message.value != Outcome.UNFINISHED for message in self.recorder.ended.values())
        return served == self.plan.scenario.buyers and all(clerk.exitcode is None for clerk in self._clerks)

    def _notes(self) -> tuple[str, ...]:
        clerks = f"{count_of(self.plan.setup.clerks, 'clerk')} sold"
        if self.plan.setup.channel == "pipe":
            notes = [f"{clerks}; every buyer asked through a pipe of its own."]
        else:
            full, empty = (count_of(self.recorder.told[word], "time") for word in (FULL, EMPTY))
            asked = f"the buyers asked through one queue with room for {ROOM} questions."
            notes = [f"{clerks}; {asked} A buyer found it full {full}, a clerk found it empty {empty}."]
        for number in self._dead_clerks:
            clerk = self._clerks[number - 1]
            error = self.recorder.failures.get(clerk.pid or 0)
            why = f": {error}" if error else ""
            notes.append(f"Clerk {number} (process {clerk.pid}) died (exit code {clerk.exitcode}){why}.")
        if self._dead_before_time_out and self.plan.setup.channel == "queue":
            notes.append(
                f"{buyers(self._dead_before_time_out)} died, perhaps while putting a question into the queue. "
                "The queue's lock has no owner, so it stays locked, and no other question gets through."
            )
        return tuple(notes)


def _dead(processes: Sequence[Process]) -> tuple[int, ...]:
    """Return which of them, from 1, have ended with another exit code than 0."""
    return tuple(number for number, process in enumerate(processes, 1) if process.exitcode not in {None, 0})
