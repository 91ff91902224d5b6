"""Make the README's two pictures anew: the page in a browser, and the same sale in a terminal.

    pip install -e '.[browser]' && python docs/pictures.py

Writes page.png (with the system's Chromium) and terminal.svg beside this file, from one sale of five buyers.
"""

import re
import shutil
import sys
import tempfile
from html import escape
from pathlib import Path

from booking.history.history import History
from booking.history.verdict import judge
from booking.reports.page import render as page
from booking.reports.timeline import render as text
from booking.scenario import Scenario
from booking.simulation.sale import simulate
from booking.text.screen import BAD, DEAD, FAINT, GOOD, Screen

HERE = Path(__file__).parent
SIZE = {"width": 1280, "height": 720}
STEPS = 17
"""How far the page is walked before it is photographed: some have read, nobody has written."""

_LINE, _LETTER, _EDGE = 20, 8.4, 16


_PAINTED = re.compile("\x1b\\[([0-9;]+)m(.*?)\x1b\\[0m")
_COLOURS = {GOOD: "#5f5fff", BAD: "#af5f00", DEAD: "#d700af", FAINT: "#767676"}


def terminal(lines: list[str]) -> str:
    """Return an image of lines of text as a dark terminal shows them."""
    width = round(2 * _EDGE + _LETTER * max(len(_PAINTED.sub(r"\2", line)) for line in lines))
    height = 2 * _EDGE + _LINE * len(lines)
    rows = "\n".join(
        f'<text x="{_EDGE}" y="{_EDGE + _LINE * (number + 0.75):g}" xml:space="preserve">{_painted(line)}</text>'
        for number, line in enumerate(lines)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        f' font-family="ui-monospace, DejaVu Sans Mono, monospace" font-size="14" fill="#f2f3f5">\n'
        f'<rect width="{width}" height="{height}" rx="8" fill="#14161a"/>\n{rows}\n</svg>\n'
    )


def _painted(line: str) -> str:
    """Return a line as text of an image, with its colours."""
    return _PAINTED.sub(
        lambda run: f'<tspan fill="{_COLOURS[run[1].removesuffix(";7")]}">{run[2]}</tspan>', escape(line)
    )


def photograph(history: History, target: Path) -> None:
    """Open the page of a history, walk into it, and save what is seen."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - an extra

    source = Path(tempfile.mkdtemp()) / "page.html"
    source.write_text(page(history, judge(history)), encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        tab = browser.new_page(viewport=SIZE, color_scheme="light")
        tab.goto(source.as_uri())
        for _ in range(STEPS):
            tab.keyboard.press("ArrowRight")
        tab.screenshot(path=target)
        browser.close()
    shutil.rmtree(source.parent)


def main() -> None:
    """Hold the sale and make both pictures."""
    with tempfile.TemporaryDirectory() as folder:
        history = simulate(Scenario(5), db=Path(folder) / "db.json")
    shown = ["$ booking run --buyers 5", "", *text(history, judge(history), Screen(colour=True)).splitlines()]
    (HERE / "terminal.svg").write_text(terminal(shown), encoding="utf-8")
    photograph(history, HERE / "page.png")
    sys.stdout.write("page.png and terminal.svg are made.\n")


if __name__ == "__main__":
    main()
