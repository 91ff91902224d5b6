"""The page: its data by equality, its size, and that nothing of a history becomes markup."""

import json
import re
from dataclasses import replace

from sales import big, ended

from booking.history.history import Event, History
from booking.history.verdict import Verdict, judge
from booking.purchase import Outcome
from booking.reports.page import page_data, render, title
from booking.scenario import Scenario
from booking.setup import Fault, Setup

Judged = tuple[History, Verdict]
HOSTILE = '</script><script>alert(1)</script><img src=x onerror="alert(2)">&amp;\u2028\x1b[31m\ud800'


def embedded(html: str) -> object:
    """Return the data that the page carries."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)
    assert found
    return json.loads(found[1])


def test_the_data_of_a_torn_read(torn: Judged) -> None:
    """Everything that the page shows, for a sale of two buyers and eight events."""
    data = page_data(*torn)
    words = data["scene"].pop("words")
    rows = data["scene"].pop("moments")
    shown = [
        [*row[:2], *(words[place] for place in row[2:5]), *(words[place] for place in row[7:]), row[6]] for row in rows
    ]
    lanes = [
        [*row[:2], words[row[2]], row[3], *(words[place] for place in row[4:6])] for row in data["scene"].pop("lanes")
    ]
    code = data.pop("code")
    spans = [[*row[:4], *(words[place] for place in row[4:])] for row in data["scene"].pop("spans")]
    two, one = '{"count": 2}', '{"count": 1}'
    assert shown == [
        [0, 0, "The sale starts", "", "", two, "no lock", 0],
        [0, 2, "is reading the count", "nothing", "empty the file", two, "no lock", 0],
        [1, 2, "has read 2", "read 2", "empty the file", two, "no lock", 0],
        [2, 2, "is emptying the file", "read 2", "write 1", two, "no lock", 0],
        [3, 1, "is looking at the count", "nothing", "gave up: half a file", two, "no lock", 0],
        [4, 1, "saw half a file", "saw half a file", "gave up: half a file", "empty", "no lock", 0],
        [5, 2, "has emptied the file", "read 2", "write 1", "empty", "no lock", 0],
        [6, 2, "is writing 1", "read 2", "bought a ticket", "empty", "no lock", 0],
        [7, 2, "has written 1", "read 2", "bought a ticket", one, "no lock", 1],
    ]
    assert lanes == [
        [1, 101, "torn read", False, "gave up: half a file", "look at the count"],
        [2, 102, "bought", True, "bought a ticket", "read the count"],
    ]
    assert spans == [
        [1, "look", 4, 5, "look half a file", ""],
        [2, "unguarded", 1, 8, "critical section, not protected", ""],
        [2, "read", 1, 2, "read 2", "2"],
        [2, "empty", 3, 6, "empty", ""],
        [2, "write", 7, 8, "write 1", "1"],
    ]
    assert data == {
        "schema": 1,
        "title": "2 buyers, 2 tickets, lock none, store inplace",
        "verdict": {
            "name": "torn read",
            "sign": "bad",
            "headline": "TORN READ: 1 buyer read half a file. 2 tickets existed, 1 was sold",
            "sentence": judge(torn[0]).reasons,
            "replay": "booking replay 2,2,1,2 --buyers 2 --tickets 2 --lock none --store inplace",
        },
        "scene": {
            "tickets": 2,
            "timeless": False,
            "axis": "order",
            "arrows": [[3, 5, "buyer 1 met the file that buyer 2 had emptied"]],
            "witness": [3, 5],
            "servers": [],
            "waits": [],
            "deaths": [],
            "shared": ["File", "Lock"],
        },
        "grid": None,
    }
    assert code["file"] == "purchase.py"
    assert next(text.strip() for _, text in code["lines"]).startswith("def purchase(")
    assert [row[5] for row in rows] == [0] * 4 + [58] * 2 + [0] * 3  # buyer 2 never looked, which its code would


def test_the_page_carries_its_data_unchanged(any_sale: Judged) -> None:
    """What the browser parses is what the pure function returned."""
    assert embedded(render(*any_sale)) == json.loads(json.dumps(page_data(*any_sale)))


def test_a_name_or_an_error_cannot_end_the_block_it_stands_in() -> None:
    """A lock's name and a buyer's error come from a file that anyone may have written."""
    scenario = Scenario(1, lock=HOSTILE, store=HOSTILE)
    endings = [replace(ended(1, Outcome.UNFINISHED, 1), error=HOSTILE)]
    history = History(scenario, (), tuple(endings), (1,))
    html = render(history, judge(history))
    assert html.count("<script") == 2
    assert "<img" not in html
    html.encode("utf-8")


def test_the_page_forbids_itself_every_connection(race: Judged) -> None:
    """The policy allows this page's own script and style, by their digests, and nothing else; no address is in it."""
    html = render(*race)
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
    assert policy
    assert [part.split()[0] for part in policy[1].split(";")] == [
        "default-src",
        "script-src",
        "style-src",
        "base-uri",
        "form-action",
    ]
    assert policy[1].startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy[1]
    assert set(re.findall(r"https?://[^\s\"']+", html)) == {"http://www.w3.org/2000/svg"}
    assert "innerHTML" not in html


def test_a_page_of_ten_buyers_stays_below_150_kb() -> None:
    """A class downloads it over a phone's connection."""
    history = big(10)
    assert len(render(history, judge(history)).encode()) < 150_000


def test_a_page_of_20_000_events_stays_below_5_mb() -> None:
    """Words are kept once and named by their places: 2,000 buyers with 10 events each."""
    history = big(2_000)
    assert len(history.events) == 20_000
    assert len(render(history, judge(history)).encode()) < 5_000_000


def test_a_sale_without_events_has_a_page() -> None:
    """A sale whose buyers were all killed at the gate is shown, not refused."""
    history = History(Scenario(1), (), (ended(1, Outcome.UNFINISHED, -9),), (1,))
    assert page_data(history, judge(history))["scene"]["spans"] == []


def test_an_event_out_of_time_is_kept_in_its_place(race: Judged) -> None:
    """The order of the pipe rules; a clock that went back only moves a bar."""
    history, _ = race
    back = history.events[4]._replace(t_ns=0)
    events: tuple[Event, ...] = (*history.events[:4], back, *history.events[5:])
    times = [row[0] for row in page_data(replace(history, events=events), judge(history))["scene"]["moments"]]
    assert times == [0, 6, 7, 8, 9, 0, 11, 12, 13, 14, 15]


def test_the_title_names_every_dial_that_is_not_as_usual() -> None:
    """Who sees the page later knows what the sale was: trains and their locks' order, and what stands around it."""
    assert title(Scenario(4, 4, "mp"), Setup()) == "4 buyers, 4 tickets, lock mp, store json"
    journeys = Scenario(4, 4, "mp", trains=2, order="opposite")
    assert title(journeys) == "4 buyers, 4 tickets on each of 2 trains, lock order opposite, lock mp, store json"
    faults = Setup(gate="barrier", faults=(Fault.parsed("2@pay"),))
    assert title(Scenario(2), faults) == "2 buyers, 1 ticket, lock none, store json, gate barrier, faults 2@pay:KILL"
