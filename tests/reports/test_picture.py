"""The shapes: spans in lanes, arrows between them, and what is highlighted."""

from dataclasses import replace

from written import sale as written_sale
from written import steps as written_steps

from booking.history.history import History
from booking.history.states import deaths, foremost
from booking.history.verdict import Verdict, judge
from booking.model.prediction import predict
from booking.purchase import Outcome
from booking.reports import svg
from booking.reports.lanes import Arrow, Kind, Span, Tenure, draw
from booking.reports.timeline import timeline
from booking.scenario import Scenario
from booking.setup import FaultKind, FaultReport
from booking.steps import Step

Judged = tuple[History, Verdict]


def test_the_race_is_two_overlapping_sections_and_one_arrow(race: Judged) -> None:
    """Buyer 2's whole section lies inside buyer 1's, between its read and its write; the arrow shows the ruin."""
    picture = draw(*race)
    assert picture.spans == (
        Span(1, Kind.UNGUARDED, 0, 9, "critical section, not protected"),
        Span(1, Kind.READ, 0, 1, "read 1"),
        Span(1, Kind.PAY, 6, 7, "pay"),
        Span(1, Kind.WRITE, 8, 9, "write 0"),
        Span(2, Kind.UNGUARDED, 2, 5, "critical section, not protected"),
        Span(2, Kind.READ, 2, 3, "read 1"),
        Span(2, Kind.WRITE, 4, 5, "write 0"),
    )
    assert picture.arrows == (Arrow(1, 5, "buyer 1 read 1; then buyer 2 wrote 0"),)


def test_the_ends_of_the_arrows_are_the_witness(race: Judged) -> None:
    """The read of buyer 1 (event 2, index 1) and the write of buyer 2 (event 6, index 5) prove the anomaly."""
    assert draw(*race).witness == (1, 5)


def test_an_arrow_leads_from_the_emptying_to_the_torn_read(torn: Judged) -> None:
    """The file was being emptied at index 2 when the look at index 4 met it."""
    assert draw(*torn).arrows == (Arrow(2, 4, "buyer 1 met the file that buyer 2 had emptied"),)


def test_the_waiting_have_no_end_and_the_dead_stop(stuck: Judged) -> None:
    """The dead holder's section and the other's wait go on for ever; the dead one's own step does not."""
    assert draw(*stuck).spans == (
        Span(1, Kind.INSIDE, 1, None, "critical section"),
        Span(1, Kind.WAIT, 0, 1, "wait"),
        Span(1, Kind.READ, 3, 3, "read, then died"),
        Span(2, Kind.WAIT, 2, None, "wait"),
    )


def test_a_finding_without_arrows_is_the_witness_itself(stuck: Judged) -> None:
    """The deadlock names the last events of both, at indexes 2 and 3."""
    picture = draw(*stuck)
    assert (picture.arrows, picture.witness) == ((), (2, 3))


def test_only_a_sound_sale_is_shown_in_real_time_first(any_sale: Judged) -> None:
    """A race happens in microseconds and is invisible in real time."""
    assert not draw(*any_sale).by_time


def test_a_death_is_where_the_fault_struck_and_only_the_dead_have_one(stuck: Judged) -> None:
    """Buyer 1 was killed after the third event, while buyer 2 only waits; without a fault it died after its last."""
    history, verdict = stuck
    assert deaths(history) == {1: 3}
    assert [lane.died for lane in draw(history, verdict).lanes] == [3, None]
    calls = history.events[:3]
    blow = FaultReport(
        1, Step.ACQUIRE, FaultKind.KILL, 101, calls[2].t_ns, alive_right_after=False, took_effect_after_s=0.0
    )
    assert deaths(replace(history, events=calls, struck=(blow,))) == {1: 2}


def test_the_witnesses_are_foremost_in_a_large_sale() -> None:
    """Of 60 buyers the last two sold the same ticket: they are shown, whoever else is left out."""
    text = " ".join([*(f"{n}.look=1" for n in range(1, 59)), "59.read=2 60.read=2 60.write=1 59.write=1"])
    outcomes = [Outcome.SOLD_OUT] * 58 + [Outcome.BOUGHT] * 2
    history = written_sale(written_steps(text), outcomes, tickets=2, left=1)
    shown = [ending.buyer for ending in foremost(history, judge(history), 3)]
    assert sorted(shown) == [1, 59, 60]
    assert "buyer 59" in svg.render(history, judge(history))
    assert any(line.startswith("buyer 60 ") for line in timeline(history, judge(history)))


def test_a_narrow_bar_has_its_count_on_any_train() -> None:
    """The short text is the count, not the train's number; a bar without a count has none."""
    assert [Span(1, Kind.WRITE, 0, 1, text).short for text in ("write 3 (train 2)", "write 3", "pay")] == ["3", "3", ""]


def test_a_stuck_sale_is_drawn_to_its_end(stuck: Judged) -> None:
    """The axis ends when the time was up, who waits has dots until then, and the dead has a cross."""
    history, verdict = stuck
    lines = timeline(replace(history, timed_out=True, elapsed_s=2.0), verdict)
    assert lines[0].endswith("2000.0 ms")
    assert [line.split()[2][:1] for line in lines[1:3]] == ["R", "."]
    assert [line.count("X") for line in lines[1:3]] == [1, 0]
    assert lines[2].count(".") > 40
    assert lines[3].endswith("X died")
    assert max(map(len, lines)) <= 80


def test_who_waits_for_whom_is_an_edge_of_the_picture(stuck: Judged) -> None:
    """Buyer 2 waits for the lock that dead buyer 1 held; in a cycle each waits for the other."""
    assert draw(*stuck).waits == ((2, 1),)
    cycle = predict(Scenario(2, lock="mp", trains=2, order="opposite"), (1, 2))
    picture = draw(cycle.history, cycle.verdict)
    assert picture.waits == ((1, 2), (2, 1))
    image = svg.render(cycle.history, cycle.verdict)
    assert image.count("url(#booking-want)") == 2
    assert "buyer 1 waits for buyer 2" in image


def test_several_locks_have_a_lane_each_with_their_holders() -> None:
    """In opposite orders buyer 1 takes the lock of train 1 and buyer 2 that of train 2, and both keep it."""
    cycle = predict(Scenario(2, lock="mp", trains=2, order="opposite"), (1, 2))
    assert draw(cycle.history, cycle.verdict).servers == {
        "lock 1": (Tenure(1, 1, None),),
        "lock 2": (Tenure(2, 3, None),),
    }


def test_a_clerk_has_a_lane_with_whom_it_serves(race: Judged) -> None:
    """Events of another process than the buyer's own are a clerk's: one serves buyer 1, then 2, then 1 again."""
    history, verdict = race
    served = replace(history, events=tuple(event._replace(pid=900) for event in history.events))
    assert draw(served, verdict).servers == {"clerk 1": (Tenure(1, 0, 1), Tenure(2, 2, 5), Tenure(1, 6, 9))}
    assert "clerk 1" in svg.render(served, verdict)
    assert draw(history, verdict).servers == {}
