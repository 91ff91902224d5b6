"""A comparison as tables: for a terminal, for a Markdown document between two markers, and as a page."""

import base64
import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files

from booking.compare import NOT_MEASURED, Comparison
from booking.compare.measures import (
    MEASURES,
    NO_VALUE,
    Cost,
    InPlace,
    KilledHolder,
    Measure,
    Missing,
    Proof,
    RealSales,
    TwoOffices,
)
from booking.errors import BadInputError
from booking.text.screen import BAD, GOOD, PLAIN, Screen
from booking.text.words import count_of, printable

BEGIN = re.compile(r"<!-- booking compare: begin(?:: ([^>]*?))? -->\n")
"""The first marker; after a colon it may name the columns of the table, as they are headed, apart from the lock's."""
END = "<!-- booking compare: end -->"


@dataclass(frozen=True)
class Table:
    """One question: `title`, `headers` above `rows`, whose first cell is a lock's name, and `words` that explain."""

    title: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: str


def tables(comparison: Comparison) -> tuple[Table, ...]:
    """Return the three tables: is it safe, what if something fails, what does it cost."""
    scenario = comparison.scenario
    buyers, cores = count_of(scenario.buyers, "buyer"), count_of(comparison.cores, "core")
    sale = f"{buyers}, {count_of(scenario.tickets, 'ticket')}, store {scenario.store}"
    return (
        _table(comparison, f"Is it safe? {sale}.", (Proof, RealSales, TwoOffices), _SAFETY),
        _table(comparison, "What if something goes wrong?", (KilledHolder, InPlace), _FAILURES),
        _table(comparison, f"What does it cost? {buyers} at once, {cores}.", (Cost,), _COSTS),
    )


def _table(comparison: Comparison, title: str, measures: Sequence[type[Measure]], words: str) -> Table:
    headers = ("lock", *(header for measure in measures for header in measure.headers))
    rows = tuple(
        (printable(lock), *(cell for measure in measures for cell in comparison.cells(lock, measure)))
        for lock in comparison.locks
    )
    return Table(title, headers, rows, words)


def notes(comparison: Comparison) -> list[str]:
    """Return a sentence for every reason why cells are empty, with the locks and the measures that it is true of."""
    places: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for measure in MEASURES:
        for lock in comparison.locks:
            found = comparison.found.get((lock, measure))
            if isinstance(found, Missing):
                places[printable(found.reason)][printable(lock)].append(measure.key.replace("_", " "))
    lines = [f"{NO_VALUE} {', '.join(locks)}{_of_what(locks.values())}: {why}." for why, locks in places.items()]
    interrupted = f"{NOT_MEASURED} was not measured, because the comparison was interrupted."
    return lines + [interrupted] * comparison.interrupted


def _of_what(measures: Iterable[list[str]]) -> str:
    """Return " (killed holder, in place)", and nothing if a reason is true of all measures."""
    named = list(dict.fromkeys(name for names in measures for name in names))
    return f" ({', '.join(named)})" if len(named) < len(MEASURES) else ""


def text(comparison: Comparison, screen: Screen = PLAIN) -> str:
    """Return the comparison in lines that fit, unless a lock's name or a cell is longer than a line."""
    blocks = ["\n".join([*_shown(table, screen), "", *screen.wrapped(table.words)]) for table in tables(comparison)]
    reasons = "\n".join(line for note in notes(comparison) for line in screen.wrapped(note))
    ran = "\n".join(screen.wrapped(_ran(comparison)))
    return "\n\n".join([*blocks, *[reasons] * bool(reasons), ran])


def markdown(comparison: Comparison, columns: Sequence[str] = ()) -> str:
    """Return one table in Markdown, the columns with these headers side by side; () for all, with its notes.

    It ends with a line end. Raise BadInputError for a column that does not exist.
    """
    parts = tables(comparison)
    headers = ["lock", *(header for table in parts for header in table.headers[1:])]
    if unknown := [name for name in columns if name not in headers]:
        raise BadInputError(f"there is no column {unknown[0]!r:.40}; use one of {', '.join(headers[1:])}")
    sides = zip(*(table.rows for table in parts), strict=True)
    rows = [[side[0][0], *(cell for row in side for cell in row[1:])] for side in sides]
    kept = [place for place, header in enumerate(headers) if not columns or header in {"lock", *columns}]
    lines = [_row([row[place] for place in kept]) for row in (headers, ["---"] * len(headers), *rows)]
    told = [f"- {_plain(note.removeprefix('- '))}" for note in notes(comparison) if not columns]
    return "\n".join([*lines, "", *told, *[""] * bool(told), _plain(f"{parts[0].title} {_ran(comparison)}"), ""])


def placed(document: str | None, comparison: Comparison) -> str:
    """Return the document with the table between its two markers; without markers, the table is the whole document.

    None is a document that does not exist yet.
    """
    begin = BEGIN.search(document or "")
    if document is None or begin is None or END not in document[begin.end() :]:
        return markdown(comparison)
    columns = [name.strip() for name in begin[1].split(",")] if begin[1] else []
    after = document[begin.end() :].partition(END)[2]
    return f"{document[: begin.end()]}{markdown(comparison, columns)}{END}{after}"


def html(comparison: Comparison) -> str:
    """Return one self-contained page whose policy forbids every connection."""
    colours, layout, page = (_part(name) for name in ("colours.css", "comparison.css", "comparison.html"))
    style = f"{colours}\n{layout}"
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    told = "".join(f"<li>{escape(note.removeprefix('- '))}</li>" for note in notes(comparison))
    body = "".join(map(_section, tables(comparison)))
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return page.format(policy=policy, style=style, body=body, notes=told, ran=escape(_ran(comparison)))


def _part(name: str) -> str:
    return (files("booking.reports") / "page" / name).read_text(encoding="utf-8")


def _ran(comparison: Comparison) -> str:
    sales = f"{count_of(comparison.runs, 'real sale')} of each kind for each lock"
    return f"{sales}; it took {comparison.elapsed_s:.0f} s."


def _shown(table: Table, screen: Screen) -> list[str]:
    return [*screen.wrapped(table.title), "", *screen.table(table.headers, table.rows, _ink)]


def _ink(cell: str) -> str | None:
    """Return the colour of a cell that says whether a lock is good for something; a number alone has none."""
    word = cell.replace(",", "").split(" ")[0]
    if word in {"oversold", "some", "stuck", "torn"} or cell.endswith("%"):
        return BAD
    return GOOD if word in {"none", "correct", "free"} else None


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(_plain(cell) for cell in cells)} |"


def _plain(cell: str) -> str:
    """Return the text with what Markdown would take for its own marks after backslashes."""
    return "".join(f"\\{character}" if character in "\\|<>*_`[]#" else character for character in cell)


def _cell(text: str) -> str:
    ink = {BAD: ' class="bad"', GOOD: ' class="good"'}.get(_ink(text) or "", "")
    return f"<td{ink}>{escape(text)}</td>"


def _section(table: Table) -> str:
    head = "".join(f'<th scope="col">{escape(header)}</th>' for header in table.headers)
    rows = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>{"".join(map(_cell, row[1:]))}</tr>' for row in table.rows
    )
    name = escape(table.title, quote=True)
    return (
        f'<section><h2>{name}</h2><div tabindex="0" role="group" aria-label="{name}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody>"
        f"</table></div><p>{escape(table.words)}</p></section>\n"
    )


_SAFETY = (
    "orders: in how many orders the buyers' steps can happen; oversold in: in how many of them more tickets are sold "
    "than there are (counted by the explorer, which runs the buyers' own code). real sales: the worst verdict of sales "
    "with real processes; two offices: the same from two process trees, as from two terminals."
)
_FAILURES = (
    "holder killed: the buyer inside is killed (SIGKILL) while it pays; when is the next one in? written in place: the "
    "file is emptied and written again, and every buyer looks at it before taking the lock; does one read half a file?"
)
_COSTS = (
    "per purchase: the time from one purchase to the next when all buy as fast as they can, without paying; vs none, "
    "vs flock: how many times as long as without a lock, and with the kernel's own lock. Below 1.0 x a purchase is "
    "cheaper than that: fewer buyers at once compete for the processor and the file. longest wait: the longest "
    "that one purchase took. least / most served: the purchases of the buyer with the fewest and of the one with the "
    "most. Times are of one machine and one moment: the fastest of several rounds, because other work only makes them "
    "longer."
)
