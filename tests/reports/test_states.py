"""What was true after each event: the file, the lock, the tickets sold, and what the buyer knows."""

import pytest
from sales import ended as ending
from sales import sale

from booking.history.history import History
from booking.history.states import ending_words, first_steps, states
from booking.history.verdict import Verdict
from booking.model.prediction import predict
from booking.purchase import Outcome
from booking.scenario import Scenario
from booking.steps import BLOCKED, TORN, Step

Judged = tuple[History, Verdict]


def test_the_file_changes_when_a_write_returns(race: Judged) -> None:
    """Buyer 2 writes first (event 6); the second write of the same number changes nothing in the file."""
    history, _ = race
    assert [state.files[0] for state in states(history)] == [1, 1, 1, 1, 1, 0, 0, 0, 0, 0]


def test_sold_counts_what_was_bought_and_not_what_the_file_lost(race: Judged) -> None:
    """Two buyers wrote 0 over 1: the file lost one ticket, two were sold."""
    history, _ = race
    assert [state.sold for state in states(history)] == [0, 0, 0, 0, 0, 1, 1, 1, 1, 2]


def test_journeys_on_different_trains_sell_no_ticket_twice() -> None:
    """Buyers 1 and 3 travel on different trains of four: each of these has sold one ticket, as many as it had."""
    scenario = Scenario(3, lock="mp", trains=4)
    history = predict(scenario, (1,) * 8 + (3,) * 8).history
    assert [ending.outcome for ending in history.endings if ending.buyer != 2] == [Outcome.BOUGHT] * 2
    assert states(history)[-1].sold == 1


def test_a_buyer_knows_what_it_read_last_and_what_comes_next(race: Judged) -> None:
    """The words of buyer 1 through its purchase, in which buyer 2 interferes without its noticing."""
    history, _ = race
    told = [(m.doing, m.knows, m.then) for m, e in zip(states(history), history.events, strict=True) if e.buyer == 1]
    assert told == [
        ("is reading the count", "nothing", "pay"),
        ("has read 1", "read 1", "pay"),
        ("is paying", "read 1", "write 0"),
        ("has paid", "read 1", "write 0"),
        ("is writing 0", "read 1", "bought a ticket"),
        ("has written 0", "read 1", "bought a ticket"),
    ]


def test_a_read_proves_a_write_that_has_not_returned(torn: Judged) -> None:
    """Buyer 1 finds half a file before the truncation returns, so the file was half-written already then."""
    history, _ = torn
    assert [state.files[0] for state in states(history)] == [2, 2, 2, 2, TORN, TORN, TORN, 1]


def test_a_late_read_does_not_bring_an_old_count_back() -> None:
    """Buyer 1's read returns 1 after buyer 2 has written 0: the file holds 0."""
    steps = [
        (1, Step.READ, "call", None),
        (2, Step.WRITE, "call", 0),
        (2, Step.WRITE, "return", 0),
        (1, Step.READ, "return", 1),
    ]
    history = sale(Scenario(2), steps, [ending(1, Outcome.UNFINISHED), ending(2, Outcome.BOUGHT)], 0)
    assert [state.files[0] for state in states(history)] == [1, 1, 0, 0]


def test_a_dead_holder_keeps_the_lock(stuck: Judged) -> None:
    """Buyer 1 died inside, so it is the holder to the end."""
    history, _ = stuck
    assert [state.holders[0] for state in states(history)] == [(), (1,), (1,), (1,)]


def test_the_lock_is_free_from_the_call_of_release() -> None:
    """Two holders of a semaphore leave in turn; a blocked attempt makes nobody a holder."""
    steps = [
        (1, Step.ACQUIRE, "return", None),
        (2, Step.ACQUIRE, "return", None),
        (3, Step.ACQUIRE, "return", BLOCKED),
        (1, Step.RELEASE, "call", None),
        (1, Step.RELEASE, "return", None),
        (2, Step.RELEASE, "call", None),
    ]
    endings = [ending(buyer, Outcome.SOLD_OUT) for buyer in (1, 2, 3)]
    history = sale(Scenario(3, lock="semaphore", permits=2), steps, endings, 1)
    assert [state.holders[0] for state in states(history)] == [(1,), (1, 2), (1, 2), (2,), (2,), ()]


def test_everybody_stands_at_the_gate_with_a_first_step(torn: Judged) -> None:
    """Before the first event each buyer is about to take its own first step."""
    history, _ = torn
    assert first_steps(history) == {1: "look at the count", 2: "read the count"}


@pytest.mark.parametrize(
    ("outcome", "exitcode", "alive", "words"),
    [
        (Outcome.BOUGHT, 0, False, "bought a ticket"),
        (Outcome.SOLD_OUT, 0, False, "left: sold out"),
        (Outcome.TORN_READ, 0, False, "gave up: half a file"),
        (Outcome.UNKNOWN, -9, False, "was killed by signal 9"),
        (Outcome.UNFINISHED, 3, False, "died with exit code 3"),
        (Outcome.UNFINISHED, None, True, "did not finish in time"),
        (Outcome.UNFINISHED, None, False, "stayed away"),
    ],
)
def test_every_ending_has_words(outcome: Outcome, exitcode: int | None, alive: bool, words: str) -> None:  # noqa: FBT001
    """A student reads how each buyer ended without knowing what an exit code is."""
    assert ending_words(ending(1, outcome, exitcode, alive=alive)) == words
