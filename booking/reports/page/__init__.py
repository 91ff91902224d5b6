"""One self-contained HTML page that shows a sale: no network, no dependency, and nothing decided in the template.

`page_data` is a pure function of a history and its verdict; the template only lays it out. The page forbids
itself every connection (Content Security Policy, level 3), and whatever comes from a history is text in a JSON
block, never markup.
"""

import base64
import hashlib
import json
import re
from dataclasses import fields
from html import escape
from importlib.resources import files
from typing import Any

from booking.history.finding import SOUND, UNKNOWN
from booking.history.history import History
from booking.history.verdict import Verdict
from booking.model.listing import history_listing
from booking.reports.page.scene import code_data, scene
from booking.scenario import Scenario
from booking.setup import Setup
from booking.text.words import count_of, printable

SCRIPTS = ("scene.js", "chart.js", "shapes.js", "panel.js", "controls.js", "grid.js", "start.js")
_STYLES = ("colours.css", "layout.css")
_MARK = re.compile(r"\{\{(\w+)\}\}")


def render(history: History, verdict: Verdict) -> str:
    """Return the page of one sale."""
    return page(page_data(history, verdict))


def page_data(history: History, verdict: Verdict) -> dict[str, Any]:
    """Return all that the page shows, as JSON: the same history always gives the same data."""
    code = history_listing(history)
    return {
        "schema": 1,
        "title": title(history.scenario, history.setup),
        "verdict": verdict_data(verdict),
        "scene": scene(history, verdict, code.step_lines if code else ()),
        "grid": None,
        "code": code_data(code),
    }


def title(scenario: Scenario, setup: Setup | None = None) -> str:
    """Return what is sold to whom, in one line, with every dial that is not as usual."""
    sold = f"{count_of(scenario.buyers, 'buyer')}, {count_of(scenario.tickets, 'ticket')}"
    trains = f" on each of {scenario.trains} trains, lock order {scenario.order}" if scenario.trains > 1 else ""
    permits = f" with {scenario.permits} permits" if scenario.permits > 1 else ""
    dials = (
        [(dial.name, getattr(setup, dial.name), getattr(Setup(), dial.name)) for dial in fields(Setup)] if setup else []
    )
    others = [f", {name.replace('_', ' ')} {_dial(value)}" for name, value, usual in dials if value != usual]
    return f"{sold}{trains}, lock {scenario.lock}{permits}, store {scenario.store}{''.join(others)}"


def _dial(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def verdict_data(verdict: Verdict) -> dict[str, Any]:
    """Return the verdict as the page shows it."""
    return {
        "name": verdict.name,
        "sign": sign(verdict.name),
        "headline": verdict.headline.rstrip("."),
        "sentence": verdict.reasons,
        "replay": next((finding.replay for finding in verdict.findings if finding.replay), None),
    }


def sign(name: str) -> str:
    """Return good for a sound verdict, open for an unknown one, and bad for an anomaly."""
    return {SOUND: "good", UNKNOWN: "open"}.get(name, "bad")


def page(data: dict[str, Any]) -> str:
    """Return the page that shows `data`, which `page_data` made."""
    script = "\n".join(_part(name) for name in SCRIPTS)
    style = "\n".join(_part(name) for name in _STYLES)
    parts = {
        "title": escape(printable(data["title"])),
        "headline": escape(printable(data["verdict"]["headline"])),
        "sentence": escape(printable(data["verdict"]["sentence"])),
        "policy": f"default-src 'none'; script-src {_digest(script)}; style-src {_digest(style)};"
        " base-uri 'none'; form-action 'none'",
        "style": style,
        "script": script,
        "data": _as_text(data),
    }
    return _MARK.sub(lambda mark: parts[mark[1]], _part("page.html"))


def _part(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _as_text(data: dict[str, Any]) -> str:
    """Return the JSON without any character that could end the block it stands in: HTML standard, 4.12.1.3."""
    text = json.dumps(data, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
