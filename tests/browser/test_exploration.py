"""The page of an exploration in a real browser: the grid, its lines, and the steps of a chosen order."""

from collections.abc import Callable
from typing import Any

import pytest

from booking.explorer import explore
from booking.reports.page.exploration import exploration_data, render
from booking.scenario import Scenario

pytestmark = pytest.mark.browser
Visitor = Callable[..., Any]

EXPLORATION = explore(Scenario(2))
CHOSEN = "document.querySelector('#paths [aria-pressed=true]').innerText"


def test_the_page_opens_with_the_witness(visit: Visitor) -> None:
    """The shortest order that oversells is chosen. Of the 24 lines 18 are in safe orders and 16 in broken ones."""
    page = visit(render(EXPLORATION))
    assert EXPLORATION.shortest
    turns = ",".join(map(str, EXPLORATION.shortest.schedule))
    assert page.ask(CHOSEN) == f"{turns} oversold"
    assert page.text("counted") == "20 orders: 8 safe, 12 broken"
    assert page.ask("document.querySelectorAll('#map .safe').length") == 18
    assert page.ask("document.querySelectorAll('#map .broken').length") == 16


def test_choosing_an_order_shows_its_steps(visit: Visitor) -> None:
    """The first order is buyer 1 alone and then buyer 2, who finds it sold out after five steps of two events."""
    page = visit(render(EXPLORATION))
    page.page.click("#paths button >> nth=0")
    page.press("End")
    assert page.ask(CHOSEN) == "1,1,1,2,2 sound"
    assert page.text("moment") == "Moment 10 of 10"
    assert page.text("event") == "Buyer 2 has read 0."
    assert page.text("facts").endswith("1 of 1")


def test_a_click_on_a_line_chooses_an_order_through_it_and_the_next_click_another(visit: Visitor) -> None:
    """Twelve clicks on the last write of buyer 1 (line 2,3) go through its six orders twice."""
    page = visit(render(EXPLORATION))
    edges = exploration_data(EXPLORATION)["grid"]["edges"]
    number = [edge[:3] for edge in edges].index([2, 3, 1])
    seen = []
    for _ in range(12):
        page.ask(f"document.querySelectorAll('#map .grasp')[{number}].dispatchEvent(new MouseEvent('click'))")
        seen.append(page.ask(CHOSEN))
    assert len(set(seen)) == 6
    assert seen[:6] == seen[6:]


def test_the_orders_are_buttons_for_the_keyboard(visit: Visitor) -> None:
    """Tab and Enter choose an order without a mouse."""
    page = visit(render(EXPLORATION))
    page.page.focus("#paths button >> nth=1")
    page.press("Enter")
    assert page.ask(CHOSEN) == page.page.inner_text("#paths button >> nth=1")


def test_a_model_has_no_real_time(visit: Visitor) -> None:
    """Its steps have an order and no duration, so the switch is off and no time is shown."""
    page = visit(render(explore(Scenario(3))))
    assert page.page.is_disabled("#by-time")
    page.press("ArrowRight")
    assert page.text("moment") == "Moment 1 of 12"
