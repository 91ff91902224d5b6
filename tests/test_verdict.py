"""The judge, on histories written by hand: every anomaly with its witness, and nothing worse than is certain."""

from collections import Counter

import pytest
from interleavings import complete_schedules
from written import events, sale, steps

from booking.explorer import explore
from booking.history.finding import SOUND, UNKNOWN, Anomaly, summary
from booking.history.history import History
from booking.history.verdict import judge
from booking.model.prediction import predict
from booking.purchase import Outcome
from booking.scenario import Scenario

BOUGHT, SOLD_OUT, TORN_READ = Outcome.BOUGHT, Outcome.SOLD_OUT, Outcome.TORN_READ
UNFINISHED, LOST = Outcome.UNFINISHED, Outcome.UNKNOWN


AGAIN = ", so it sold the same ticket again."


def findings(history: History) -> list[tuple[str, str, tuple[int, ...]]]:
    """Return what the judge found: the anomaly, the sentence and the witness."""
    return [(finding.anomaly, finding.text, finding.events) for finding in judge(history).findings]


def test_a_sale_in_turn_is_sound() -> None:
    """One buys, one finds it sold out, and the file lost one ticket."""
    verdict = judge(sale(steps("1.look=1 1.read=1 1.write=0 2.look=0 2.read=0"), [BOUGHT, SOLD_OUT]))
    assert (verdict.name, verdict.sold, verdict.sold_out, verdict.oversold, verdict.findings) == (SOUND, 1, 1, 0, ())
    assert verdict.sentence == "1 ticket existed, 1 was sold."


def test_oversold_counts_the_successes_and_not_the_stock() -> None:
    """Two bought the one ticket: the file says 0, as if nothing had happened, and the judge does not believe it."""
    # 1 and 2: reads; 3 and 4: writes; each with its call before it, so the returns are events 2, 4, 6 and 8.
    history = sale(steps("1.read=1 2.read=1 1.write=0 2.write=0"), [BOUGHT, BOUGHT])
    assert findings(history) == [
        ("oversold", f"Buyer 2 had already read 1 when buyer 1 wrote 0{AGAIN}", (2, 4, 6, 8)),
        ("lost update", "The file lost only 1 ticket.", (2, 4, 6, 8)),
    ]
    verdict = judge(history)
    assert (verdict.name, verdict.oversold, verdict.stock_left) == (Anomaly.OVERSOLD, 1, 0)
    said = f"2 tickets were sold, but only 1 existed. Buyer 2 had already read 1 when buyer 1 wrote 0{AGAIN}"
    assert verdict.sentence == said
    assert str(verdict) == f"OVERSOLD: {said}"
    assert verdict.findings[0].replay == "booking replay 1,2,1,2 --buyers 2 --tickets 1 --lock none --store json"


def test_the_first_writer_is_named_whoever_read_first() -> None:
    """The witness is everybody who acted on the count that the first writer used up."""
    history = sale(steps("3.read=1 2.read=1 1.read=1 2.write=0 1.write=0 3.write=0"), [BOUGHT] * 3)
    assert findings(history)[0][:2] == (
        "oversold",
        "Buyers 1 and 3 had already read 1 when buyer 2 wrote 0, so they sold the same ticket again.",
    )


def test_a_lost_update_is_found_where_nobody_is_without_a_ticket() -> None:
    """Two tickets, two buyers, and a file that says 1: one of them will be sold again."""
    history = sale(steps("1.read=2 2.read=2 1.write=1 2.write=1"), [BOUGHT, BOUGHT], tickets=2, left=1)
    assert findings(history) == [
        (
            "lost update",
            f"The file lost only 1 ticket. Buyer 2 had already read 2 when buyer 1 wrote 1{AGAIN}",
            (2, 4, 6, 8),
        )
    ]
    assert judge(history).name == Anomaly.LOST_UPDATE


def test_a_torn_read_names_who_had_emptied_the_file() -> None:
    """Buyer 2 met the file between the two halves of buyer 1's write."""
    told = "1.read 1.read=1 1.truncate 1.truncate= 2.look 2.look=torn 1.write 1.write=0"
    history = sale(told, [BOUGHT, TORN_READ], store="inplace")
    # Event 3 begins to empty the file, 4 has done it, 6 reads it.
    assert findings(history) == [
        ("torn read", "Buyer 2 read half a file: buyer 1 had emptied it and not yet written it.", (4, 6))
    ]
    assert (judge(history).name, judge(history).torn_reads) == (Anomaly.TORN_READ, 1)


def test_the_worst_names_the_verdict() -> None:
    """Where several things went wrong the verdict is called after the worst, and all are told."""
    told = steps("1.read=1 2.read=1 1.truncate= 3.look=torn 1.write=0 2.truncate= 2.write=0")
    history = sale(told, [BOUGHT, BOUGHT, TORN_READ], store="inplace")
    assert [anomaly for anomaly, *_ in findings(history)] == ["oversold", "lost update", "torn read"]
    assert judge(history).name == Anomaly.OVERSOLD


def test_a_dead_holder_and_those_who_wait_for_ever_are_a_deadlock() -> None:
    """The holder was killed, the others wait for a lock that nobody can give back."""
    told = "1.acquire 2.acquire 3.acquire 1.acquire= 1.read 1.read=1"
    history = sale(told, [UNFINISHED] * 3, left=1, lock="mp", dead=[1], alive=[2, 3])
    # Event 6 is the last of the dead holder, 2 and 3 are the calls that never returned.
    assert findings(history) == [
        (
            "deadlock",
            (
                "Buyer 1 (process 101) died while it held the lock (exit code -9). "
                "Buyers 2 and 3 wait for the lock that dead buyer 1 held: an orphaned lock, not a cycle of waits."
            ),
            (6, 2, 3),
        )
    ]
    verdict = judge(history)
    assert (verdict.name, verdict.unfinished, verdict.unknown) == (Anomaly.DEADLOCK, 3, 0)
    assert verdict.findings[0].replay is None


def test_buyers_that_hold_what_the_other_waits_for_are_a_deadlock() -> None:
    """Nobody died: each of two holds one lock and waits for the other's."""
    told = "1.acquire 1.acquire= 2.acquire 2.acquire= 1.acquire 2.acquire"
    history = sale(told, [UNFINISHED] * 2, left=1, lock="semaphore", alive=[1, 2])
    text = "Buyers 1 and 2 wait for each other's locks in a cycle of waits, and none of them can move."
    assert findings(history) == [("deadlock", text, (5, 6))]


def test_a_holder_that_hangs_is_no_deadlock() -> None:
    """The holder lives and may go on some day: nobody knows, and its process is named."""
    told = "1.acquire 2.acquire 1.acquire= 1.read 1.read=1 1.pay"
    history = sale(told, [UNFINISHED] * 2, left=1, lock="mp", alive=[1, 2])
    [(anomaly, text, witness)] = findings(history)
    assert (anomaly, witness) == ("unknown", (6,))
    assert text.startswith("Buyer 1 (process 101) did not answer in time, holding the lock, ")
    assert judge(history).name == UNKNOWN


def test_a_buyer_killed_in_its_write_may_hold_a_ticket() -> None:
    """It had begun to write and never answered: with the file at 0 the books balance, and nobody knows."""
    for left in (0, 1):
        history = sale("1.read 1.read=1 1.write", [LOST, SOLD_OUT], left=left, dead=[1])
        verdict = judge(history)
        assert (verdict.name, verdict.sold, verdict.unknown, verdict.unfinished) == (UNKNOWN, 0, 1, 1)
        [(anomaly, text, witness)] = findings(history)
        assert (anomaly, witness) == ("unknown", (3,))
        assert text.startswith("Buyer 1 (process 101) died")
        assert text.endswith("write (exit code -9).")


def test_a_buyer_killed_before_its_first_step_is_nobodys_anomaly() -> None:
    """It holds no ticket for certain: the sale is sound, and says who died."""
    history = sale(steps("2.read=1 2.write=0"), [UNFINISHED, BOUGHT], dead=[1])
    [(anomaly, text, witness)] = findings(history)
    assert (anomaly, witness) == ("unfinished", ())
    assert text == "Buyer 1 (process 101) died before its first step (exit code -9)."
    assert (judge(history).name, judge(history).sold, judge(history).unfinished) == (SOUND, 1, 1)


def test_a_holder_killed_before_its_write_leaves_the_sale_sound() -> None:
    """It held a lock that the system freed, the next buyer took it and bought, and nothing is in doubt."""
    told = "1.acquire 1.acquire= 1.read 1.read=1 1.pay 2.acquire 2.acquire= 2.read 2.read=1 2.write 2.write=0 2.release"
    verdict = judge(sale(told, [UNFINISHED, BOUGHT], lock="file", dead=[1]))
    assert (verdict.name, verdict.sold, verdict.unfinished, verdict.unknown) == (SOUND, 1, 1, 0)
    assert verdict.sentence == (
        "1 ticket existed, 1 was sold. "
        "Buyer 1 (process 101) died while it paid, holding the lock, which the system freed (exit code -9)."
    )


def test_a_buyer_that_the_time_out_cut_off_is_unknown() -> None:
    """It had not begun to write, but it was alive: the history is cut, and nobody knows how it would have ended."""
    history = sale("1.read 1.read=1 1.pay", [UNFINISHED], left=1, alive=[1])
    assert judge(history).name == UNKNOWN
    assert findings(history)[0][0] == "unknown"


def test_a_torn_read_after_the_write_has_returned_accuses_nobody() -> None:
    """Buyer 1 had filled the file again before buyer 2 asked, so it did not leave it empty."""
    told = steps("1.read=1 1.truncate= 1.write=0 2.look=torn")
    history = sale(told, [BOUGHT, TORN_READ], store="inplace")
    assert findings(history) == [("torn read", "Buyer 2 read half a file: it held no count.", (8,))]


def test_a_torn_read_whose_answer_came_after_the_write_still_has_its_witness() -> None:
    """The read began while the file was empty; its answer arrived when the file had been filled again."""
    told = "1.truncate 1.truncate= 2.look 1.write 1.write=0 2.look=torn"
    history = sale(told, [BOUGHT, TORN_READ], store="inplace")
    text = "Buyer 2 read half a file: buyer 1 had emptied it and not yet written it."
    assert findings(history) == [("torn read", text, (2, 6))]


def test_counts_of_different_shares_are_not_compared() -> None:
    """Each buyer of a partition sale reads its own share; equal counts in two shares have nothing to do with it."""
    told = steps("1.read=1 2.read=1 1.write=0 2.write=0")
    history = sale(told, [BOUGHT, BOUGHT], tickets=2, left=1, lock="partition")
    assert findings(history) == [
        (
            "lost update",
            (
                "All shares together lost only 1 ticket. "
                "A buyer wrote a count that did not follow from what others had written before."
            ),
            (),
        )
    ]


@pytest.mark.parametrize(
    "scenario",
    [
        Scenario(2),
        Scenario(2, 2),
        Scenario(2, store="inplace"),
        Scenario(2, 2, store="memory"),
        Scenario(2, 2, trains=2),
    ],
    ids=["one-ticket", "two-tickets", "inplace", "memory", "two-trains"],
)
def test_judge_and_explorer_call_the_same_things_by_the_same_names(scenario: Scenario) -> None:
    """Every schedule is judged by itself, and each anomaly is found as often as the explorer counts it."""
    found: Counter[str] = Counter()
    for schedule in complete_schedules(scenario):
        found.update({finding.anomaly for finding in predict(scenario, schedule).verdict.findings})
    assert found == explore(scenario).anomalies


def test_a_stock_that_nobody_bought_is_reported() -> None:
    """The file lost more than was sold, and nobody is missing: somebody else changed it."""
    history = sale(steps("1.read=5 1.write=4"), [BOUGHT], tickets=5, left=2)
    assert judge(history).name == UNKNOWN
    assert findings(history)[0][1].startswith("The file lost 3 tickets, but 1 buyer bought one: another program")


def test_what_a_buyer_said_when_it_gave_up_is_told() -> None:
    """A disk that fails is the buyer's last word, in the verdict too."""
    history = sale(steps("1.read=1"), [UNFINISHED], left=1)
    gave_up = history.endings[0].__class__(1, 101, UNFINISHED, 0, error="the disk is full")
    told = History(history.scenario, history.events, (gave_up,), (1,))
    assert findings(told) == [("unknown", "Buyer 1 gave up: the disk is full.", (2,))]


@pytest.mark.parametrize("left", [None, 0, 1, 7])
def test_no_stock_in_the_world_hides_an_oversold_ticket(left: int | None) -> None:
    """Whatever the file says afterwards, and when it says nothing at all, two successes for one ticket are found."""
    history = sale(steps("1.read=1 2.read=1 1.write=0 2.write=0"), [BOUGHT, BOUGHT], left=left)
    assert judge(history).name == Anomaly.OVERSOLD


def test_the_same_history_always_gets_the_same_verdict() -> None:
    """The judge is a function: no clock, no dice, and the history is as it was."""
    history = sale(steps("1.read=1 2.read=1 2.write=0 1.write=0"), [BOUGHT, BOUGHT])
    before = tuple(history.to_lines())
    assert judge(history) == judge(history) == judge(History.from_lines(before))
    assert (tuple(history.to_lines()), history.events) == (
        before,
        events(steps("1.read=1 2.read=1 2.write=0 1.write=0")),
    )


@pytest.mark.parametrize(
    ("name", "numbers", "sentence"),
    [
        # tickets, sold, sold on each train, torn reads, unfinished
        ("sound", (1, 0, (0,), 0, 0), "1 ticket existed, none was sold."),
        ("sound", (5, 3, (3,), 0, 1), "5 tickets existed, 3 were sold."),
        ("oversold", (1, 10, (10,), 0, 0), "10 tickets were sold, but only 1 existed."),
        ("oversold", (1, 2, (2, 2), 0, 0), "2 tickets were sold for each train, but only 1 existed."),
        ("oversold", (1, 2, (1, 2, 1), 0, 0), "2 tickets were sold for train 2, but only 1 existed."),
        ("sound", (1, 1, (1, 1), 0, 0), "1 ticket existed on each train, 1 buyer got one on both trains."),
        ("torn read", (1, 1, (1,), 1, 0), "1 buyer read half a file. 1 ticket existed, 1 was sold."),
        ("unknown", (1, 0, (0,), 0, 2), "1 ticket existed, none was sold, and 2 buyers never answered."),
        (
            "deadlock",
            (1, 0, (0,), 0, 2),
            "Buyers wait forever for a lock. 1 ticket existed, none was sold.",
        ),
    ],
)
def test_the_summary_needs_no_knowledge_of_the_code(
    name: str, numbers: tuple[int, int, tuple[int, ...], int, int], sentence: str
) -> None:
    """What a pupil reads first: how many tickets existed, and how many were sold."""
    assert summary(name, *numbers) == sentence
