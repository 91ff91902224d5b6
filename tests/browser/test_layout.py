"""What a picture cannot promise: nothing overlaps and nothing overflows, measured in the browser."""

from collections.abc import Callable
from typing import Any

import pytest
from chromium import SIZES
from sales import big, crowd, stuck_history, torn_history

from booking.explorer import explore
from booking.history.verdict import judge
from booking.reports.page import render
from booking.reports.page.exploration import render as explored
from booking.scenario import Scenario

pytestmark = pytest.mark.browser

HISTORIES = {"crowd": crowd(10), "queue": big(10), "torn": torn_history(), "stuck": stuck_history(), "fifty": crowd(50)}
PAGES = {name: render(history, judge(history)) for name, history in HISTORIES.items()} | {
    "grid": explored(explore(Scenario(2))),
    "grid with a lock": explored(explore(Scenario(2, lock="mp", store="inplace"))),
    "witness": explored(explore(Scenario(3))),
}

WIDER_THAN_THE_WINDOW = "document.documentElement.scrollWidth - innerWidth"

CUT_OFF = """[...document.querySelectorAll('h1,h2,p,button,dt,dd,li,th,td,label')]
  .filter(e => e.checkVisibility() && !e.matches('.unseen') && e.clientWidth && e.scrollWidth > e.clientWidth + 1)
  .map(e => e.id || e.innerText)"""

SHARE = """(a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
  && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1"""

# What is seen of an element: its own box, cut by those of the elements that scroll around it.
SEEN = """e => {
  const box = e.getBoundingClientRect(), seen = {left: box.left, top: box.top, right: box.right, bottom: box.bottom};
  for (let p = e.parentElement; p; p = p.parentElement) {
    if (getComputedStyle(p).overflowY === 'visible') continue;
    const q = p.getBoundingClientRect();
    seen.left = Math.max(seen.left, q.left), seen.right = Math.min(seen.right, q.right);
    seen.top = Math.max(seen.top, q.top), seen.bottom = Math.min(seen.bottom, q.bottom);
  }
  return seen;
}"""

# Pairs of texts or controls, neither inside the other, that share more than a pixel in both directions.
OVERLAPPING = f"""(() => {{
  const share = {SHARE}, seen = {SEEN};
  const boxes = [...document.querySelectorAll('h1,h2,p,button,input,dt,dd,li,tbody th,tbody td,#chart,#map')]
    .filter(e => e.checkVisibility() && !e.matches('.unseen')).map(e => [e, seen(e)])
    .filter(([, box]) => box.right > box.left && box.bottom > box.top);
  return boxes.flatMap(([e, a], i) => boxes.slice(i + 1)
    .filter(([f, b]) => !e.contains(f) && !f.contains(e) && share(a, b))
    .map(([f]) => (e.id || e.innerText) + ' | ' + (f.id || f.innerText)));
}})()"""

# Drawn texts, such as names and outcomes, of which one is written over another.
WRITTEN_OVER = f"""(selector => {{
  const share = {SHARE};
  const texts = [...document.querySelectorAll(selector)].map(e => [e.textContent, e.getBoundingClientRect()]);
  return texts.flatMap(([one, a], i) => texts.slice(i + 1)
    .filter(([, b]) => share(a, b)).map(([two]) => one + ' | ' + two));
}})"""

LABELS_BEYOND_THEIR_BARS = """[...document.querySelectorAll('#drawing .label')].filter(label => {
  const a = label.getBoundingClientRect(), b = label.parentElement.querySelector('.bar').getBoundingClientRect();
  return a.left < b.left - 1 || a.right > b.right + 1;
}).map(label => label.textContent)"""


@pytest.mark.parametrize("presenting", [False, True], ids=["normal", "presenting"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", PAGES)
def test_nothing_overlaps_and_nothing_overflows(
    name: str,
    size: str,
    presenting: bool,  # noqa: FBT001
    visit: Callable[..., Any],
) -> None:
    """In all sizes, and presenting, at the beginning and in the middle of a sale."""
    page = visit(PAGES[name], size)
    if presenting:
        page.press("p")
    for keys in ([], ["ArrowRight"] * 9):
        page.press(*keys)
        page.ask("new Promise(done => { (function look() { waiting ? requestAnimationFrame(look) : done(); }()); })")

        assert page.ask(WIDER_THAN_THE_WINDOW) <= 0
        assert page.ask(CUT_OFF) == []
        assert page.ask(OVERLAPPING) == []
        assert page.ask(f"{WRITTEN_OVER}('#drawing .name, #drawing .fate')") == []
        assert page.ask(f"{WRITTEN_OVER}('#map text')") == []
        assert page.ask(LABELS_BEYOND_THEIR_BARS) == []


@pytest.mark.parametrize("size", ["beamer", "projector"])
@pytest.mark.parametrize("name", [name for name in PAGES if "grid" not in name])
def test_a_projector_needs_no_scrolling_to_walk(name: str, size: str, visit: Callable[..., Any]) -> None:
    """At 1024x768 and 1280x720 the verdict, the picture, the code and the panel are on the screen together."""
    page = visit(PAGES[name], size)
    assert page.ask("document.documentElement.scrollHeight") <= SIZES[size][1]


@pytest.mark.parametrize("size", ["beamer", "projector"])
def test_ten_buyers_are_in_view_from_the_first_to_the_last_event(size: str, visit: Callable[..., Any]) -> None:
    """The page opens with everything, and presenting keeps it."""
    page = visit(PAGES["crowd"], size)
    for keys in ([], ["p"]):
        page.press(*keys)
        assert page.ask("chart.scrollWidth <= chart.clientWidth + 1 && chart.scrollHeight <= chart.clientHeight + 1")
