"""A real browser without a network, and a word about it where there is none."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import chromium
import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
LACK = pytest.StashKey[str]()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the browser tests where they cannot run, and remember to say so if they were asked for."""
    lack = chromium.missing()
    chosen = [item for item in items if item.get_closest_marker("browser")]
    if lack and chosen and config.getoption("markexpr") == "browser":
        config.stash[LACK] = f"{len(chosen)} browser tests were not run. Missing: {lack}"
        config.hook.pytest_deselected(items=chosen)
        items[:] = [item for item in items if item not in chosen]


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:  # noqa: ANN401
    """Say in plain words what was not run, and how to run it."""
    if LACK in config.stash:
        terminalreporter.write_line(config.stash[LACK])


class Visit:
    """A page that was opened, with everything that it complained about and asked for."""

    def __init__(self, page: "Page", path: Path) -> None:
        self.page = page
        self.url = path.as_uri()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self._listeners: dict[Any, Callable[[Any], None]] = {
            "console": lambda message: self.complaints.append(message.text),
            "pageerror": lambda error: self.complaints.append(str(error)),
            "request": lambda request: self.requests.append(request.url),
        }
        for event, listener in self._listeners.items():
            page.on(event, listener)
        page.goto(self.url)

    def leave(self) -> None:
        """Hear no more of the page, which another visit may open."""
        for event, listener in self._listeners.items():
            self.page.remove_listener(event, listener)

    def text(self, name: str) -> str:
        """Return the text of the element with this id."""
        return self.page.inner_text(f"#{name}")

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def ask(self, script: str) -> Any:  # noqa: ANN401 - whatever the script returns
        """Return what a script finds in the page."""
        return self.page.evaluate(script)


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """Start one browser for all tests; each test gets a context, with a profile of its own."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - absent where these tests do not run

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium.executable(), args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def tabs(browser: "Browser") -> Iterator[Callable[[int], "Page"]]:
    """Yield what returns the tab with this number of one window: a tab that is open already costs a tenth."""
    context = browser.new_context(offline=True)
    opened: list[Page] = []

    def tab(number: int) -> "Page":
        while number >= len(opened):
            opened.append(context.new_page())
        return opened[number]

    yield tab
    context.close()


@pytest.fixture
def visit(browser: "Browser", tabs: Callable[[int], "Page"], tmp_path: Path) -> Iterator[Callable[..., Visit]]:
    """Return a function that opens a page's text; at the end nobody may have complained.

    With settings, such as a colour scheme, it opens in a window of its own.
    """
    visits: list[Visit] = []
    own: list[BrowserContext] = []

    def opened(html: str, size: str = "projector", **settings: Any) -> Visit:  # noqa: ANN401
        width, height = chromium.SIZES[size]
        path = tmp_path / f"{len(visits)}.html"
        path.write_text(html, encoding="utf-8")
        if settings:
            own.append(browser.new_context(offline=True, **settings))
        page = own[-1].new_page() if settings else tabs(len(visits))
        page.set_viewport_size({"width": width, "height": height})
        visits.append(Visit(page, path))
        return visits[-1]

    yield opened
    for each in visits:
        each.leave()
    for context in own:
        context.close()
    assert [complaint for each in visits for complaint in each.complaints] == []
    assert [url for each in visits for url in each.requests if url != each.url] == []
