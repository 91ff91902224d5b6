"""The page of a sale in a real browser: walked, clicked, switched and measured."""

from collections.abc import Callable
from typing import Any

import pytest
from sales import SALES, big, crowd

from booking.history.history import Ending, History
from booking.history.verdict import judge
from booking.model.prediction import predict
from booking.purchase import Outcome
from booking.reports.page import page_data, render
from booking.scenario import Scenario

pytestmark = pytest.mark.browser
Visitor = Callable[..., Any]


def page_of(history: History) -> str:
    """Return the page of a history."""
    return render(history, judge(history))


def panel(visit: Any) -> list[str]:  # noqa: ANN401
    """Return what the panel says: the event, the file, the lock and the tickets sold."""
    return [visit.text("event"), *visit.ask("[...document.querySelectorAll('#facts dd')].map(e => e.innerText)")]


def expected(history: History) -> list[list[str]]:
    """Return what the panel has to say at every position, from the page's data."""
    scene = page_data(history, judge(history))["scene"]
    words, tickets = scene["words"], scene["tickets"]
    return [
        [
            f"Buyer {buyer} {words[doing]}." if buyer else f"{words[doing]}.",
            words[file],
            words[lock],
            f"{sold} of {tickets}",
        ]
        for _, buyer, doing, _, _, _, sold, file, lock in scene["moments"]
    ]


@pytest.mark.parametrize("name", SALES)
def test_the_keys_walk_through_every_event_and_back(name: str, visit: Visitor) -> None:
    """At every position the panel shows what the page's data says, forwards and backwards."""
    history = SALES[name]()
    page = visit(page_of(history))
    there = [panel(page)]
    for _ in history.events:
        page.press("ArrowRight")
        there.append(panel(page))
    back = [panel(page)]
    for _ in history.events:
        page.press("ArrowLeft")
        back.append(panel(page))

    assert there == expected(history)
    assert back == there[::-1]


def test_home_and_end_jump_and_the_ends_hold(visit: Visitor) -> None:
    """Beyond the last event and before the first there is nothing."""
    history = crowd(10)
    page, told = visit(page_of(history)), expected(history)
    page.press("End", "ArrowRight")
    assert panel(page) == told[-1]
    page.press("Home", "ArrowLeft")
    assert panel(page) == told[0]


def test_w_goes_through_the_proof_and_begins_again(visit: Visitor) -> None:
    """The race's proof is the read at event 2 and the write at event 6."""
    page = visit(page_of(SALES["race"]()))
    seen = []
    for _ in range(3):
        page.press("w")
        seen.append(page.text("event"))
    assert seen == ["Buyer 1 has read 1.", "Buyer 2 has written 0.", "Buyer 1 has read 1."]


def test_up_and_down_stay_with_one_buyer_when_the_picture_has_the_focus(visit: Visitor) -> None:
    """From buyer 1's read, down goes to its payment and passes over buyer 2."""
    page = visit(page_of(SALES["race"]()))
    page.page.focus("#chart")
    page.press("ArrowRight", "ArrowRight", "ArrowDown")
    assert page.text("event") == "Buyer 1 is paying."
    page.press("ArrowUp")
    assert page.text("event") == "Buyer 1 has read 1."


def test_the_table_shows_what_each_buyer_knows(visit: Visitor) -> None:
    """After event 6 of the race buyer 1 still believes in the 1 that it read."""
    page = visit(page_of(SALES["race"]()))
    page.press(*["ArrowRight"] * 6)
    rows = page.ask(
        "[...document.querySelectorAll('#buyers tr')].map(row => [...row.cells].map(cell => cell.innerText))"
    )
    assert rows == [
        ["1", "read 1", "has read 1", "pay"],
        ["2", "read 1", "has written 0", "bought a ticket"],
    ]


def test_every_control_works_from_the_keyboard(visit: Visitor) -> None:
    """Tab reaches the buttons, the slider, the picture, the code and the table; Enter presses a button."""
    page = visit(page_of(crowd(10)))
    reached = []
    for _ in range(20):
        page.press("Tab")
        reached.append(page.ask("document.activeElement.id || document.activeElement.tagName"))
    assert {"forward", "last", "witness", "by-order", "by-time", "bigger", "present", "theme"} <= set(reached)
    assert {"position", "chart", "listing", "knowledge"} <= set(reached)
    page.page.focus("#forward")
    page.press("Enter")
    assert panel(page) == expected(crowd(10))[1]


def test_a_click_moves_to_the_event_and_shows_its_values(visit: Visitor) -> None:
    """A click on buyer 2's second bar names buyer, process, step and time, and moves there."""
    page = visit(page_of(SALES["race"]()))
    place = page.ask(
        "(() => { const span = view.scene.spans.get(2)[1], place = box(span, 1),"
        " frame = drawing.getBoundingClientRect();"
        " return [frame.left + place.x + place.width / 2, frame.top + place.y + place.height / 2]; })()"
    )
    page.page.mouse.click(*place)
    assert page.text("note").split("\n") == ["Buyer 2 (process 102)", "read 1", "took 1 µs, from 2 µs"]
    assert page.text("event").startswith("Buyer 2 ")


def test_the_switches_say_what_they_are(visit: Visitor) -> None:
    """Step order and real time exclude each other; presenting and dark are on or off."""
    page = visit(page_of(crowd(10)), color_scheme="light")
    state = "['by-order','by-time','present','theme'].map(name => document.getElementById(name).ariaPressed).join(' ')"
    assert page.ask(state) == "true false false false"
    for name in ("by-time", "theme", "present"):
        page.page.click(f"#{name}")
    assert page.ask(state) == "false true true true"


def test_presenting_shows_one_thing_at_a_time_in_large_type(visit: Visitor) -> None:
    """P begins and Escape ends it; C changes between the picture and the code, and the arrows walk."""
    page = visit(page_of(known_race()))
    size = "parseFloat(getComputedStyle(document.body).fontSize)"
    before = page.ask(size)
    page.press("p", "ArrowRight", "ArrowRight")
    assert page.ask(size) > 1.5 * before
    assert page.text("event") == "Buyer 1 saw 1."
    shown = ("chart", "listing", "knowledge", "sentence", "swap")
    assert [page.page.is_visible(f"#{name}") for name in shown] == [True, False, False, False, True]
    page.press("c")
    assert [page.page.is_visible(f"#{name}") for name in shown] == [False, True, False, False, True]
    page.press("Escape")
    assert [page.page.is_visible(f"#{name}") for name in shown] == [True, True, True, True, False]


def known_race() -> History:
    """Return the race of the buyers' own code: two read the one ticket before either writes."""
    return predict(Scenario(2), (1, 1, 2, 2, 2, 1)).history


def test_each_buyers_number_stands_at_its_line_of_the_code(visit: Visitor) -> None:
    """At the start both are at the look; after buyer 1's read (event 4) it is at that line; who has ended is gone."""
    page = visit(page_of(known_race()))
    marks = (
        "[...document.querySelectorAll('#lines li')].filter(e => e.querySelector('.who').innerText)"
        ".map(e => [e.querySelector('.who').innerText.split(' ')[0], e.querySelector('code').innerText.trim()])"
    )
    assert page.ask(marks) == [["1-2", "desk.look()"]]
    page.press(*["ArrowRight"] * 4)
    assert page.ask(marks) == [["2", "desk.look()"], ["1", "count = desk.read()"]]
    assert page.ask("document.querySelector('#lines .now code').innerText.trim()") == "count = desk.read()"
    page.press("End")
    assert page.ask(marks) == []


def test_the_words_of_a_step_lead_to_its_line(visit: Visitor) -> None:
    """The sentence of the moment and each buyer's last and next step are links to lines of the code."""
    page = visit(page_of(known_race()))
    page.press(*["ArrowRight"] * 4)
    asked = "document.querySelector('#lines .asked code').innerText.trim()"
    page.page.click("#event a")
    assert page.ask(asked) == "count = desk.read()"
    page.page.click("#buyers tr:first-child a >> nth=1")
    assert page.ask(asked) == "desk.write(count - 1)"
    page.press("ArrowRight")
    assert page.ask("document.activeElement.tagName") == "A"


def test_a_button_at_the_end_keeps_the_focus(visit: Visitor) -> None:
    """Forward is off after the last event, says so, and does not drop the keyboard's place."""
    page = visit(page_of(SALES["race"]()))
    page.page.focus("#forward")
    page.press(*["Enter"] * 12)
    assert page.ask("[document.activeElement.id, document.activeElement.ariaDisabled].join()") == "forward,true"
    assert page.text("moment").startswith("Moment 10 of 10")


def test_zooming_out_ends_with_all_lanes_and_all_events_in_view(visit: Visitor) -> None:
    """Fifty buyers do not fit legibly, so the page opens on a part; three presses of - show everything."""
    page = visit(page_of(crowd(50)))
    hidden = "[chart.scrollWidth - chart.clientWidth, chart.scrollHeight - chart.clientHeight].map(n => Math.max(0, n))"
    assert min(page.ask(hidden)) > 100
    page.press(*["-"] * 6)
    assert max(page.ask(hidden)) <= 2
    assert page.ask("document.getElementById('smaller').ariaDisabled") == "true"
    page.press("+")
    assert page.ask(hidden)[1] > 100


def test_who_waits_for_whom_is_drawn(visit: Visitor) -> None:
    """Two buyers that took two locks in opposite orders: an arrow from each to the other, and a lane for each lock."""
    scenario = Scenario(2, lock="mp", trains=2, order="opposite")
    page = visit(page_of(predict(scenario, (1, 2)).history))
    assert page.ask("document.querySelectorAll('#drawing .wants').length") == 2
    assert page.ask("[...document.querySelectorAll('#drawing .fate')].map(e => e.textContent).join()").endswith(
        "lock 1,lock 2"
    )
    assert "waits for the buyer" in page.text("legend")


def test_the_axis_changes_the_distances_and_not_the_order(visit: Visitor) -> None:
    """By order all events are equally far apart; by time the distances are those of the clock, 1,000 ns each."""
    page = visit(page_of(SALES["torn"]()))
    gaps = "[1,2,3,4,5,6,7,8].map(position => Math.round(10 * (along(position) - along(position - 1)))).join()"
    assert len(set(page.ask(gaps).split(","))) == 1
    page.page.click("#by-time")
    by_time = [int(gap) for gap in page.ask(gaps).split(",")]
    assert by_time[0] == 0
    assert max(by_time[1:]) - min(by_time[1:]) <= 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_first_theme_is_the_systems(scheme: str, visit: Visitor) -> None:
    """A page on a dark desktop is dark."""
    page = visit(page_of(SALES["race"]()), color_scheme=scheme)
    assert page.ask("document.documentElement.dataset.theme") == scheme


def test_a_screen_reader_hears_each_step(visit: Visitor) -> None:
    """The live region says the event and the state; the slider says it where it has the focus itself."""
    page = visit(page_of(SALES["race"]()))
    page.press(*["ArrowRight"] * 6)
    heard = 'Moment 6. Buyer 2 has written 0. File: {"count": 0}. Lock: no lock. Sold 1.'
    assert page.ask("document.getElementById('live').textContent") == heard
    assert page.ask("document.getElementById('position').ariaValueText") == heard
    controls = "[...document.querySelectorAll('button,input,[role=img]')]"
    assert page.ask(f"{controls}.filter(e => !(e.ariaLabel || e.textContent || e.labels?.length)).length") == 0


def test_paper_shows_the_whole_picture_without_the_buttons(visit: Visitor) -> None:
    """Printing a dark page gives a light one with every lane."""
    page = visit(page_of(crowd(20)), color_scheme="dark")
    page.ask("dispatchEvent(new Event('beforeprint'))")
    page.page.emulate_media(media="print")
    assert page.ask("document.querySelectorAll('#drawing .name').length") == 20
    assert page.ask("document.documentElement.dataset.theme") == "light"
    assert not page.page.is_visible("#controls")


def test_hostile_text_is_only_text(visit: Visitor) -> None:
    """Markup in names, in an error and in the endings is shown as it is and does nothing."""
    evil = "</script><img src=x onerror=alert(1)><script>document.title='broken'</script>"
    ending = Ending(1, 101, Outcome.UNFINISHED, 1, error=evil)
    history = History(Scenario(1, lock=evil), (), (ending,), (1,))
    page = visit(page_of(history))
    assert page.ask("document.images.length") == 0
    assert evil in page.text("sentence")
    assert "broken" in page.ask("document.title")
    assert page.ask("document.title") != "broken"


def test_ten_buyers_are_interactive_within_half_a_second(visit: Visitor) -> None:
    """From the start of the navigation to the drawn lanes; the best of three, because others share the machine."""
    html = page_of(crowd(10))
    assert min(visit(html).ask("Number(document.documentElement.dataset.ready)") for _ in range(3)) < 500


def test_2000_buyers_and_20000_events_open_and_scroll(visit: Visitor) -> None:
    """Only what is visible is drawn, so a long sale costs the browser no more elements than a short one."""
    history = big(2_000)
    page = visit(page_of(history))
    page.press("End")
    assert panel(page) == expected(history)[-1]
    assert page.ask("[...document.querySelectorAll('#drawing .name')].at(-1).textContent") == "2000"
    page.ask("chart.scrollTop = 0; chart.scrollLeft = 0; draw()")
    assert page.ask("document.querySelector('#drawing .name').textContent") == "1"
    assert page.ask("document.querySelectorAll('*').length") < 1_500
