"""A real browser without a network, and a word about it where there is none."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import chromium
import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

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
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))
        page.goto(self.url)

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


@pytest.fixture
def visit(browser: "Browser", tmp_path: Path) -> Iterator[Callable[..., Visit]]:
    """Return a function that opens a page's text in a fresh context; at the end nobody may have complained."""
    visits = []

    def opened(html: str, size: str = "projector", **settings: Any) -> Visit:  # noqa: ANN401
        width, height = chromium.SIZES[size]
        path = tmp_path / f"{len(visits)}.html"
        path.write_text(html, encoding="utf-8")
        context = browser.new_context(viewport={"width": width, "height": height}, offline=True, **settings)
        visits.append(Visit(context.new_page(), path))
        return visits[-1]

    yield opened
    for each in visits:
        each.page.context.close()
    assert [complaint for each in visits for complaint in each.complaints] == []
    assert [url for each in visits for url in each.requests if url != each.url] == []
