"""The static image: well-formed, complete, and shortened where it would not fit a slide."""

from dataclasses import replace
from xml.etree import ElementTree as ET

from sales import ended

from booking.history.history import History
from booking.history.verdict import Verdict, judge
from booking.purchase import Outcome
from booking.reports.svg import MOST_LANES, render
from booking.scenario import Scenario

Judged = tuple[History, Verdict]
SVG = "{http://www.w3.org/2000/svg}"


def texts(image: str) -> list[str]:
    """Return the words of an image in their order."""
    return [node.text or "" for node in ET.fromstring(image).iter(f"{SVG}text")]  # noqa: S314 - we wrote it


def test_the_image_of_the_race_says_what_the_page_says(race: Judged) -> None:
    """Verdict, sentence, a lane for each of the two with its bars, the legend and the axis."""
    assert texts(render(*race)) == [
        "OVERSOLD",
        "2 tickets were sold, but only 1 existed. Buyer 1 had already read 1 when buyer 2 wrote 0, so it sold the same",
        "ticket again.",
        "buyer 1",
        "bought",
        "read 1",
        "pay",
        "write 0",
        "buyer 2",
        "bought",
        "read 1",
        "write 0",
        "no lock",
        "reads",
        "pays",
        "writes",
        "From left to right: order of the events.",
    ]


def test_hostile_names_stay_text() -> None:
    """An error of a buyer is shown as text, without control characters, and the image stays well-formed."""
    evil = "</svg><script>alert(1)</script>\x00\x1b[2J\ud800"
    endings = (replace(ended(1, Outcome.UNFINISHED, 1), error=evil),)
    history = History(Scenario(1), (), endings, (1,))
    image = render(history, judge(history))
    assert "<script" not in image
    assert any("alert(1)" in text for text in texts(image))


def test_more_buyers_than_fit_are_counted() -> None:
    """41 buyers: 40 lanes, and a sentence about the one more."""
    buyers = range(1, MOST_LANES + 2)
    history = History(Scenario(len(buyers)), (), tuple(ended(buyer, Outcome.SOLD_OUT) for buyer in buyers), (1,))
    lanes = [text for text in texts(render(history, judge(history))) if text.startswith("buyer ")]
    assert len(lanes) == MOST_LANES
    assert "1 more buyer not shown." in texts(render(history, judge(history)))[-1]
