"""The class in a real browser: thirty phones press Buy, a name is only a name, and the projector shows it all."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from chromium import SIZES
from phones import Door, open_lesson

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
PHONES = 30
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
EVIL = "<img src=x onerror=a()>"


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    """Open a lesson of two rounds, with payments that outlast thirty presses."""
    with open_lesson(tmp_path, "--rounds", "none,file", "--pay", "3") as opened:
        yield opened


def new_page(context: "Browser | BrowserContext", address: str, complaints: list[str], size: str = "phone") -> "Page":
    """Open an address, and note what the page complains about."""
    width, height = SIZES[size]
    page = context.new_page()
    page.set_viewport_size({"width": width, "height": height})
    page.set_default_timeout(100_000)  # thirty pages share two cores
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(address)
    return page


def test_thirty_phones_race_for_one_ticket(browser: "Browser", door: Door) -> None:
    """Without a lock many hold the ticket, with `file` one does; names cannot become markup."""
    complaints: list[str] = []
    base = f"http://{door.host}:{door.port}"
    wall = new_page(browser, f"{base}/wall#{door.secret}", complaints, "projector")
    phones = []
    for number in range(PHONES):
        context = browser.new_context(locale="zh-CN" if number % 2 else "en-US")
        phone = new_page(context, f"{base}/{door.word}", complaints)
        phone.fill("#name", EVIL if number == 0 else f"P{number}")
        phone.click("form button")
        phones.append(phone)
    for phone in phones:
        phone.wait_for_selector("#guess")
    wall.wait_for_selector(f"#people li:nth-child({PHONES})")
    assert wall.inner_text("#people li") == EVIL[:20]
    for expected, least in (("Oversold", 2), ("Correct", 1)):
        wall.click("#buttons button.main")
        for phone in phones:
            phone.wait_for_selector("button.buy")
        for phone in phones:
            phone.evaluate("document.querySelector('button.buy').click()")
        wall.wait_for_selector("#verdict-part:not([hidden])")
        found = re.fullmatch(r"[✗✓] (\w+): (\d+) sold, 1 existed", wall.inner_text("#verdict"))
        assert found
        assert found[1] == expected
        assert int(found[2]) >= least
        assert expected == "Oversold" or found[2] == "1"
        wall.click("#buttons button.main")
    assert "and so do" not in phones[0].inner_text("#screen")
    wall.wait_for_selector("#rounds tr:nth-child(2)")
    assert complaints == []
    for phone in phones:
        phone.context.close()


def test_a_phone_that_slept_comes_back_without_reloading(browser: "Browser", door: Door) -> None:
    """When the page is seen again it opens a new stream, and shows what has happened meanwhile."""
    complaints: list[str] = []
    context = browser.new_context(locale="zh-CN")
    phone = new_page(context, f"http://{door.host}:{door.port}/{door.word.lower()}", complaints)
    phone.click("form button")
    phone.wait_for_selector("#guess")
    context.set_offline(True)
    wall = new_page(browser, f"http://{door.host}:{door.port}/wall#{door.secret}", complaints, "projector")
    wall.click("#buttons button.main")
    wall.wait_for_selector("#sale-part:not([hidden])")
    context.set_offline(False)
    phone.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    phone.wait_for_selector("button.buy")
    assert phone.inner_text("button.buy") == "买票"
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: "Browser", door: Door, scheme: str) -> None:
    """Neither a phone nor the projector breaks a rule of WCAG 2.2 AA that a machine can check."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="pip install -e '.[browser]'").Axe()
    complaints: list[str] = []
    context = browser.new_context(color_scheme="dark" if scheme == "dark" else "light", bypass_csp=True)
    base = f"http://{door.host}:{door.port}"
    wall = new_page(context, f"{base}/wall#{door.secret}", complaints, "projector")
    phone = new_page(context, f"{base}/{door.word}", complaints)

    def require_none(page: "Page") -> None:
        found = axe.run(page, options=RULES).response["violations"]
        assert [(rule["id"], [node["html"][:90] for node in rule["nodes"]][:3]) for rule in found] == []

    require_none(phone)
    phone.click("form button")
    phone.fill("#guess", "1")
    phone.click("form button")
    wall.wait_for_selector("#guesses .bar-row")
    require_none(wall)
    wall.click("#buttons button.main")
    phone.wait_for_selector("button.buy")
    require_none(phone)
    phone.click("button.buy")
    wall.wait_for_selector("#lanes .part")
    require_none(wall)
    wall.wait_for_selector("#verdict-part:not([hidden])")
    phone.wait_for_selector(".verdict")
    require_none(wall)
    require_none(phone)
    context.close()
