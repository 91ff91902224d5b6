"""The shapes: spans in lanes, arrows between them, and what is highlighted."""

from booking.history.history import History
from booking.history.verdict import Verdict
from booking.reports.lanes import Arrow, Kind, Span, draw

Judged = tuple[History, Verdict]


def test_the_race_is_two_overlapping_sections_and_one_arrow(race: Judged) -> None:
    """Buyer 2's whole section lies inside buyer 1's, between its read and its write; the arrow shows the ruin."""
    picture = draw(*race)
    assert picture.spans == (
        Span(1, Kind.UNGUARDED, 0, 9, "critical section, no lock"),
        Span(1, Kind.READ, 0, 1, "read 1"),
        Span(1, Kind.PAY, 6, 7, "pay"),
        Span(1, Kind.WRITE, 8, 9, "write 0"),
        Span(2, Kind.UNGUARDED, 2, 5, "critical section, no lock"),
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
