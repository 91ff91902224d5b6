"""No page breaks a rule of WCAG 2.2 AA that a machine can check: axe-core looks at each kind of page in the browser."""

from collections.abc import Callable
from typing import Any

import pytest

from booking.compare import Comparison
from booking.compare.measures import Cost, InPlace, KilledHolder, Missing, Proof, RealSales, TwoOffices
from booking.explorer import explore
from booking.history.history import History
from booking.history.verdict import judge
from booking.model.prediction import predict
from booking.reports import comparison
from booking.reports.page import render
from booking.reports.page.exploration import render as explored
from booking.scenario import Scenario
from booking.submissions.grade import grade
from booking.submissions.page import render as graded
from booking.submissions.terms import Terms
from booking.textbook import wrong

pytestmark = pytest.mark.browser
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "forced": {"forced_colors": "active"},
    "phone": {"size": "phone", "has_touch": True, "is_mobile": True},
}


def page_of(history: History) -> str:
    """Return the page of a history."""
    return render(history, judge(history))


MEASURED = {
    ("none", Proof): Proof(20, 12, exhausted=True, verdict="oversold"),
    ("none", RealSales): RealSales({"oversold": 1}),
    ("none", TwoOffices): TwoOffices({"oversold": 1}),
    ("none", KilledHolder): Missing("no buyer waits"),
    ("none", InPlace): InPlace(8, exhausted=True, attempts=5_000, torn_reads=1_234),
    ("none", Cost): Cost(0.5, (200, 300), 0.012).compared_with({}),
}

PAGES: dict[str, Callable[[], str]] = {
    "race": lambda: page_of(predict(Scenario(2), (1, 1, 2, 2, 2, 1)).history),
    "deadlock": lambda: explored(explore(Scenario(3, lock="mp", trains=2, order="opposite"))),
    "grid": lambda: explored(explore(Scenario(2))),
    "comparison": lambda: comparison.html(Comparison(Scenario(2), ("none",), 1, MEASURED, 1.0, cores=2)),
    "grade": lambda: graded([grade(f"{wrong.__file__}:NaiveFlag", Terms())]),
}


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(name: str, look: str, visit: Callable[..., Any]) -> None:
    """In the middle of a sale with the proof open; and of one, presenting the picture and the code."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="pip install -e '.[browser]'").Axe()
    page = visit(PAGES[name](), **LOOKS[look])
    page.ask("document.querySelectorAll('details').forEach(details => { details.open = true; })")
    page.press(*["ArrowRight"] * 4)
    for keys in ([], ["p"], ["c"]) if name == "race" else ([],):
        page.press(*keys)
        found = axe.run(page.page, options=RULES).response["violations"]
        assert [(rule["id"], [node["html"][:90] for node in rule["nodes"]][:3]) for rule in found] == []


def test_what_is_pressed_is_seen_without_colours(visit: Callable[..., Any]) -> None:
    """In forced colours a pressed switch, the current row and the current line differ from the others."""
    page = visit(PAGES["race"](), forced_colors="active")
    page.press("ArrowRight")
    looks = "selector => getComputedStyle(document.querySelector(selector)).backgroundColor"
    for one, other in (
        ("#by-order", "#theme"),
        ("#buyers tr.now", "#buyers tr:not(.now)"),
        ("#lines .now", "#lines li:not(.now)"),
    ):
        assert page.ask(f"({looks})('{one}')") != page.ask(f"({looks})('{other}')")


def test_buttons_are_large_enough_for_thumbs(visit: Callable[..., Any]) -> None:
    """On a touch screen every control above the picture is 44 pixels high."""
    page = visit(PAGES["race"](), "phone", has_touch=True, is_mobile=True)
    heights = "[...document.querySelectorAll('#controls button')].filter(e => e.checkVisibility())"
    assert min(page.ask(f"{heights}.map(e => e.getBoundingClientRect().height)")) >= 44
