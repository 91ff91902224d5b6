"""How histories, verdicts and explorations look in a notebook: HTML without scripts, everything escaped."""

from collections.abc import Iterable
from html import escape

from booking.explorer.result import Exploration
from booking.history.finding import SOUND
from booking.history.history import History
from booking.history.verdict import Verdict, judge
from booking.reports import svg
from booking.reports.exploration import headline, large
from booking.text.display import html
from booking.text.words import printable


@html.register
def _(history: History) -> str:
    return svg.render(history, judge(history))


@html.register
def _(verdict: Verdict) -> str:
    rows = [
        ("sold", f"{verdict.sold:,}"),
        ("tickets", f"{verdict.tickets:,}"),
        ("oversold", f"{verdict.oversold:,}"),
        ("left in the file", "unreadable" if verdict.stock_left is None else f"{verdict.stock_left:,}"),
    ]
    return _headed(verdict.name, verdict.label, verdict.sentence) + _table(rows)


@html.register
def _(exploration: Exploration) -> str:
    rows = [
        ("interleavings", large(exploration.interleavings)),
        ("oversold", large(exploration.oversold_interleavings)),
        ("most tickets sold", f"{exploration.max_sold:,}"),
        ("all of them seen", "yes" if exploration.exhausted else "no, the search was cut short"),
    ]
    if exploration.shortest:
        rows.append(("shortest that breaks", ", ".join(map(str, exploration.shortest.schedule))))
    name, _, said = headline(exploration).partition(": ")
    return _headed(exploration.verdict, name, said) + _table(rows)


def _headed(name: str, verdict: str, sentence: str) -> str:
    colour = "#00674b" if name == SOUND else "#b03a00"
    return f'<p><strong style="color: {colour}">{escape(verdict)}</strong> {escape(printable(sentence))}</p>'


def _table(rows: Iterable[tuple[str, str]]) -> str:
    cells = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows)
    return f"<table>{cells}</table>"
