"""A comparison written down by hand, and what a terminal, a document, a page and a program get of it."""

import json
from fractions import Fraction

import pytest

from booking.compare import Comparison, measures
from booking.compare.measures import (
    MEASURES,
    Cost,
    InPlace,
    KilledHolder,
    Missing,
    Proof,
    RealSales,
    TwoOffices,
)
from booking.errors import BadInputError
from booking.reports import comparison as reports
from booking.reports.comparison import notes, tables
from booking.scenario import Scenario
from booking.text.words import duration, power, wrapped

BASES = {"none": Cost(0.5, (200, 300), 0.012), "flock": Cost(0.5, (1000, 1000), 0.001)}
FOUND = {
    ("none", Proof): Proof(20, 12, exhausted=True, verdict="oversold"),
    ("none", RealSales): RealSales({"oversold": 3, "sound": 1}),
    ("none", TwoOffices): TwoOffices({"oversold": 4}),
    ("none", KilledHolder): Missing("no buyer waits"),
    ("none", InPlace): InPlace(8, exhausted=True, attempts=5_000, torn_reads=1_234),
    ("none", Cost): Cost(0.5, (200, 300), 0.012).compared_with(BASES),
    ("<b>|", Proof): Proof(1_216_451_004_088_320_000, 0, exhausted=True, verdict="sound"),
    ("<b>|", RealSales): RealSales({"sound": 4}),
    ("<b>|", TwoOffices): TwoOffices({"sound": 4}),
    ("<b>|", KilledHolder): KilledHolder(None, 2.0),
    ("<b>|", InPlace): Missing("no buyer <waits>"),
    ("<b>|", Cost): Cost(0.5, (40, 60), 1.25).compared_with(BASES),
}
BEGIN = "<!-- booking compare: begin -->"
COMPARISON = Comparison(Scenario(2), ("none", "<b>|"), 4, FOUND, 12.4, cores=2)

TEXT = """\
Is it safe? 2 buyers, 1 ticket, store json.

lock  orders        oversold in  real sales       two offices
none  20            60 %         oversold 3 of 4  oversold 4 of 4
<b>|  1.21 x 10^18  none         correct 4 of 4   correct 4 of 4

What if something goes wrong?

lock  holder killed  written in place
none  -              torn reads, 1,234 seen
<b>|  stuck          -

What does it cost? 2 buyers at once, 2 cores.

lock  per purchase  vs none  vs flock  longest wait  least / most served
none  1.0 ms        1.0 x    4.0 x     12 ms         200 / 300
<b>|  5.0 ms        5.0 x    20 x      1.2 s         40 / 60
"""

MARKDOWN = """\
| lock | orders | oversold in | real sales | two offices | holder killed | written in place | per purchase | vs none \
| vs flock | longest wait | least / most served |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
| none | 20 | 60 % | oversold 3 of 4 | oversold 4 of 4 | - | torn reads, 1,234 seen | 1.0 ms | 1.0 x | 4.0 x \
| 12 ms | 200 / 300 |
| \\<b\\>\\| | 1.21 x 10^18 | none | correct 4 of 4 | correct 4 of 4 | stuck | - | 5.0 ms | 5.0 x | 20 x \
| 1.2 s | 40 / 60 |

- none (killed holder): no buyer waits.
- \\<b\\>\\| (in place): no buyer \\<waits\\>.

Is it safe? 2 buyers, 1 ticket, store json. 4 real sales of each kind for each lock; it took 12 s.
"""


def test_the_text_is_three_tables() -> None:
    """Each cell is a word or a number with its unit: 0.5 s / 500 purchases = 1 ms; 1 ms / (0.5 s / 2,000) = 4."""
    words = {line for table in tables(COMPARISON) for line in wrapped(table.words)}
    text = reports.text(COMPARISON)
    shown = "\n".join(line for line in text.splitlines() if line not in words)
    assert shown.replace("\n\n\n", "\n\n").startswith(TEXT)
    assert text.endswith(
        "- none (killed holder): no buyer waits.\n- <b>| (in place): no buyer <waits>.\n\n"
        "4 real sales of each kind for each lock; it took 12 s."
    )
    assert max(map(len, text.splitlines())) <= 80


def test_the_markdown_is_one_table() -> None:
    """All columns stand side by side, and what Markdown would take for its own marks is escaped."""
    assert reports.markdown(COMPARISON) == MARKDOWN


def test_the_page_is_self_contained_and_escaped() -> None:
    """A name with markup is text, and the page loads nothing."""
    page = reports.html(COMPARISON)
    assert '<th scope="row">&lt;b&gt;|</th>' in page
    assert "<li>&lt;b&gt;| (in place): no buyer &lt;waits&gt;.</li>" in page
    assert "<b>" not in page
    assert "default-src 'none'" in page
    assert [word for word in ("http:", "https:", "src=", "<script") if word in page] == []


def test_the_document_keeps_what_is_around_the_markers() -> None:
    """Between its two markers a document is replaced; one without markers becomes the table."""
    document = f"before\n{BEGIN}\nold\n{reports.END}\nafter\n"
    assert reports.placed(document, COMPARISON) == f"before\n{BEGIN}\n{MARKDOWN}{reports.END}\nafter\n"
    assert [reports.placed(text, COMPARISON) for text in (None, "", f"only {BEGIN}\n")] == [MARKDOWN] * 3


def test_a_marker_may_name_columns() -> None:
    """A document shows the columns that it asks for, in the order of the table; an unknown one is refused."""
    begin = BEGIN.replace("begin", "begin: holder killed, orders")
    written = reports.placed(f"{begin}\nold\n{reports.END}", COMPARISON)
    assert written.startswith(f"{begin}\n| lock | orders | holder killed |\n| --- | --- | --- |\n")
    with pytest.raises(BadInputError, match="there is no column 'colour'; use one of orders"):
        reports.markdown(COMPARISON, ["colour"])


def test_the_json_has_a_row_for_each_lock() -> None:
    """Counts of orders are strings, times are seconds, and what has nothing to measure says why."""
    document = json.loads(json.dumps(COMPARISON.to_json()))
    assert (document["schema"], [row["lock"] for row in document["rows"]]) == (1, ["none", "<b>|"])
    none, other = document["rows"]
    assert none["proved"] == {
        "interleavings": "20",
        "oversold_interleavings": "12",
        "exhausted": True,
        "verdict": "oversold",
    }
    assert none["killed_holder"] == {"missing": "no buyer waits"}
    assert other["killed_holder"] == {"freed": False, "after_s": None, "patience_s": 2.0}
    assert other["cost"] == {
        "buyers": 2,
        "seconds": 0.5,
        "purchases": 100,
        "per_purchase_s": 0.005,
        "longest_wait_s": 1.25,
        "least_served": 40,
        "most_served": 60,
        "against_none": 5.0,
        "against_flock": 20.0,
    }


def test_a_lock_that_a_store_cannot_serve_is_noted_once() -> None:
    """One reason for all six measures is one sentence."""
    found = {("cas", measure): Missing("it cannot swap") for measure in MEASURES}
    assert notes(Comparison(Scenario(2), ("cas",), 1, found)) == ["- cas: it cannot swap."]


def test_what_was_not_measured_is_a_question_mark() -> None:
    """An interrupted comparison shows what it has, and says that the rest is missing."""
    proof = {("none", Proof): FOUND["none", Proof]}
    cut = Comparison(Scenario(2), ("none",), 4, proof, interrupted=True)
    assert [table.rows for table in tables(cut)] == [
        (("none", "20", "60 %", "?", "?"),),
        (("none", "?", "?"),),
        (("none", *"?????"),),
    ]
    assert "? was not measured, because the comparison was interrupted." in reports.text(cut)
    assert cut.to_json()["rows"][0]["cost"] is None


@pytest.mark.parametrize(
    ("proof", "shown"),
    [
        (Proof(20, 0, exhausted=False, verdict="unknown"), ("over 20", "unknown")),
        (Proof(20, 5, exhausted=False, verdict="oversold"), ("over 20", "25 %")),
        (Proof(20, 0, exhausted=True, verdict="lost update"), ("20", "none; lost update")),
    ],
    ids=["cut-short", "cut-short-and-oversold", "lost-update"],
)
def test_what_was_cut_short_is_never_called_safe(proof: Proof, shown: tuple[str, str]) -> None:
    """Only an exhausted proof says "none" without more words."""
    comparison = Comparison(Scenario(2), ("none",), 1, {("none", Proof): proof})
    assert tables(comparison)[0].rows[0][1:3] == shown


def test_numbers_have_units_and_two_digits_that_count() -> None:
    """Milliseconds below a second, powers of ten from a million on."""
    seconds = (0.000_012_3, 0.000_456, 0.00123, 0.0456, 2.0)
    assert [duration(value) for value in seconds] == ["0.012 ms", "0.46 ms", "1.2 ms", "46 ms", "2.0 s"]
    assert [power(number) for number in (999_999, 1_000_000, 10**5000)] == ["999,999", "1.00 x 10^6", "1.00 x 10^5000"]
    assert [measures._times(factor) for factor in (None, float(Fraction(1, 3)), 12.3)] == ["-", "0.33 x", "12 x"]
