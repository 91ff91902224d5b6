"""The lab in a real browser with a real Pyodide: play to a win, prove a lock, walk a witness, and survive a loop."""

import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from chromium import SIZES

from booking.lab.serving import server
from booking.lab.site import PARTS, build

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
READY = "body[data-ready]:not([data-ready=failed])"
PYODIDE = Path(sys.prefix) / "node_modules" / "pyodide"
"""Where `npm install --prefix .venv pyodide codemirror` puts it."""

PETERSON = """\
from booking import Cell, Cells

class Peterson:
    flag = Cells(False)
    turn = Cell(0)

    def acquire(self, me):
        self.flag[me] = True
        self.turn = 1 - me
        while self.flag[1 - me] and self.turn == 1 - me:
            pass

    def release(self, me):
        self.flag[me] = False
"""
ENDLESS = """\
from booking import Cell

class Lock:
    door = Cell(0)

    def acquire(self, me):
        while True:
            pass

    def release(self, me):
        self.door = 0

while True:
    pass
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the lab and return its address."""
    if not all((PYODIDE / name).is_file() for name in PARTS):
        pytest.skip("Pyodide is not here; npm install --prefix .venv pyodide codemirror")
    folder = tmp_path_factory.mktemp("lab")
    build(folder, PYODIDE)
    with server(folder, "127.0.0.1", 0) as serving:
        thread = threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{serving.server_address[1]}/"
        serving.shutdown()
        thread.join()


@pytest.fixture(scope="module", params=["projector", "phone"])
def lab(request: pytest.FixtureRequest, browser: "Browser", address: str) -> Iterator["Page"]:
    """Open the lab once for each size, and see that nothing complained."""
    width, height = SIZES[request.param]
    context = browser.new_context(viewport={"width": width, "height": height}, locale="en-US")
    page = context.new_page()
    page.set_default_timeout(100_000)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address)
    page.wait_for_selector(READY)
    page.wait_for_selector("#moves button")
    yield page
    assert complaints == []
    context.close()


def put(page: "Page", code: str) -> None:
    """Replace what is in the editor."""
    page.evaluate("code => document.querySelector('.CodeMirror').CodeMirror.setValue(code)", code)


def content(page: "Page") -> str:
    """Return what is in the editor."""
    return str(page.evaluate("document.querySelector('.CodeMirror').CodeMirror.getValue()"))


def test_a_level_is_played_to_its_win_by_keys_and_clicks(lab: "Page") -> None:
    """1, 1, 2, 2, 2, 1 sells one ticket twice; the level is marked, and the page is never wider than the screen."""
    for turn in "112221":
        place = lab.locator("#columns tr").count()
        lab.keyboard.press(turn)
        lab.wait_for_selector(f"#columns tr:nth-child({place + 1})")
    assert "1,1,2,2,2,1" in lab.inner_text("#level-state")
    lab.wait_for_selector("#levels button[aria-current=true] >> text=✓")
    assert lab.evaluate("document.documentElement.scrollWidth") <= lab.evaluate("innerWidth")


def test_all_orders_are_counted(lab: "Page") -> None:
    """The dials ask the explorer, and its page stands below the counts."""
    lab.click("[data-tab=explore]")
    lab.click("#dials button")
    lab.wait_for_selector("#picture:not([hidden])")
    assert "12, 60 %" in lab.inner_text("#counts")


def test_a_wrong_lock_is_walked_through_and_a_right_one_proved(lab: "Page") -> None:
    """The first text in the editor is a wrong lock: its witness stands at its own lines. Peterson's is proved."""
    lab.click("[data-tab=write]")
    lab.evaluate("localStorage.removeItem('booking-lab-code')")
    lab.reload()
    lab.wait_for_selector(READY)
    lab.click("#write-buttons button.main")
    lab.wait_for_selector("#verdicts .bad")
    assert "inside together" in lab.inner_text("#witness .told")
    lab.click("#witness >> text=Back")
    assert "Step 3 of 4" in lab.inner_text("#witness .told")
    assert lab.locator(".CodeMirror .stands").count() >= 1
    put(lab, PETERSON)
    lab.click("#write-buttons button.main")
    lab.wait_for_selector("#verdicts .good:nth-of-type(1)")
    assert lab.locator("#verdicts .good").count() == 3
    assert int(lab.get_attribute("body", "data-proved") or 0) < 1000


def test_code_that_does_not_stop_is_ended_and_stays(lab: "Page") -> None:
    """An endless loop is ended with its worker, Python starts again, and the text is still there after a reload."""
    lab.click("[data-tab=write]")
    put(lab, ENDLESS)
    lab.click("#write-buttons button.main")
    lab.wait_for_selector("#verdicts p")
    assert "did not stop" in lab.inner_text("#verdicts")
    lab.reload()
    lab.wait_for_selector(READY)
    assert content(lab) == ENDLESS


def test_a_shared_link_opens_with_its_code(lab: "Page", address: str) -> None:
    """The code is in the address, and another browser shows it."""
    lab.click("[data-tab=write]")
    put(lab, "# 锁 <b>\n")
    lab.click("text=Share as a link")
    link = lab.url
    assert link.startswith(f"{address}#code=")
    assert lab.context.browser is not None
    other = lab.context.browser.new_context().new_page()
    other.goto(link)
    other.wait_for_selector(".CodeMirror-code", timeout=100_000)
    assert content(other) == "# 锁 <b>\n"
    other.context.close()


def test_an_exercise_is_checked(lab: "Page") -> None:
    """A lesson stands beside its exercise, and the proof says whether the answer is right."""
    lab.click("[data-tab=lessons]")
    lab.fill(".exercise input", "395")
    lab.click(".exercise button")
    lab.wait_for_selector(".exercise .bad")
    lab.fill(".exercise input", "396")
    lab.click(".exercise button")
    lab.wait_for_selector(".exercise .good")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(lab: "Page", scheme: str) -> None:
    """No part of the lab breaks a rule of WCAG 2.2 AA that a machine can check."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="pip install -e '.[browser]'").Axe()
    lab.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    for tab in ("play", "explore", "write", "lessons"):
        lab.click(f"[data-tab={tab}]")
        found = axe.run(lab, options=RULES).response["violations"]
        assert [(tab, rule["id"], [node["html"][:90] for node in rule["nodes"]][:3]) for rule in found] == []


def test_it_works_without_a_network_after_the_first_visit(lab: "Page") -> None:
    """The service worker has kept all that was loaded."""
    lab.evaluate("navigator.serviceWorker.ready.then(() => true)")
    lab.reload()
    lab.wait_for_selector(READY)
    lab.context.set_offline(True)
    lab.reload()
    lab.wait_for_selector(READY)
    lab.context.set_offline(False)
