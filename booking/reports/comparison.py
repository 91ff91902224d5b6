"""A comparison for a terminal, for a Markdown document between two markers, and as a page."""

import base64
import hashlib
import textwrap
from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files

from booking.compare.result import Comparison
from booking.compare.tables import Table, notes, tables
from booking.text.words import count_of

WIDTH = 80
BEGIN = "<!-- booking compare: begin -->"
END = "<!-- booking compare: end -->"
_GAP = 2


def text(comparison: Comparison) -> str:
    """Return the comparison in lines of at most 80 columns, unless a lock's name or a cell is longer than that."""
    blocks = ["\n".join([table.title, "", *_lines(table), "", *_wrapped(table.words)]) for table in tables(comparison)]
    return "\n\n".join(
        [*blocks, *["\n".join(_wrapped(*notes(comparison)))] * bool(notes(comparison)), _ran(comparison)]
    )


def markdown(comparison: Comparison) -> str:
    """Return one table in Markdown, all columns side by side, with its notes; it ends with a line end."""
    parts = tables(comparison)
    headers = ["lock", *(header for table in parts for header in table.headers[1:])]
    rows = [[parts[0].rows[n][0], *(cell for table in parts for cell in table.rows[n][1:])] for n in _range(parts[0])]
    lines = [_row(headers), _row(["---"] * len(headers)), *map(_row, rows)]
    told = [f"- {_plain(note.removeprefix('- '))}" for note in notes(comparison)]
    return "\n".join([*lines, "", *told, *[""] * bool(told), _plain(f"{parts[0].title} {_ran(comparison)}"), ""])


def placed(document: str | None, content: str) -> str:
    """Return the document with the content between its two markers; without markers, the content is all there is.

    None stands for a document that does not exist yet.
    """
    before, begin, rest = (document or "").partition(BEGIN)
    _, end, after = rest.partition(END)
    return f"{before}{BEGIN}\n{content}{END}{after}" if begin and end else content


def html(comparison: Comparison) -> str:
    """Return one self-contained page that forbids itself every connection."""
    style = (files("booking.reports") / "page" / "colours.css").read_text(encoding="utf-8") + _STYLE
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    told = "".join(f"<li>{escape(note.removeprefix('- '))}</li>" for note in notes(comparison))
    body = "".join(map(_section, tables(comparison)))
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return _PAGE.format(policy=policy, style=style, body=body, notes=told, ran=escape(_ran(comparison)))


def _ran(comparison: Comparison) -> str:
    sales = f"{count_of(comparison.runs, 'real sale')} of each kind for each lock"
    return f"{sales}; it took {comparison.elapsed_s:.0f} s."


def _wrapped(*paragraphs: str) -> list[str]:
    return [line for paragraph in paragraphs for line in textwrap.wrap(paragraph, WIDTH, break_on_hyphens=False)]


def _lines(table: Table) -> Iterator[str]:
    widths = [max(map(len, column)) + _GAP for column in zip(table.headers, *table.rows, strict=True)]
    for row in (table.headers, *table.rows):
        yield "".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _range(table: Table) -> range:
    return range(len(table.rows))


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(_plain(cell) for cell in cells)} |"


def _plain(cell: str) -> str:
    """Return the text with what Markdown would take for its own marks behind backslashes."""
    return "".join(f"\\{character}" if character in "\\|<>*_`[]#" else character for character in cell)


def _section(table: Table) -> str:
    head = "".join(f'<th scope="col">{escape(header)}</th>' for header in table.headers)
    rows = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in row[1:])}</tr>'
        for row in table.rows
    )
    return (
        f"<section><h2>{escape(table.title)}</h2><div><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody>"
        f"</table></div><p>{escape(table.words)}</p></section>\n"
    )


_STYLE = """
html { font: 400 18px/1.4 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
body { background: var(--ground); color: var(--ink); }
body { margin: 0 auto; max-width: 62rem; padding: 1rem; }
h1 { font-size: 1.7rem; } h2 { font-size: 1.2rem; }
div { overflow-x: auto; }
table { border-collapse: collapse; min-width: 100%; }
th, td { text-align: left; padding: 0.3rem 0.6rem; border-bottom: 1px solid var(--line); white-space: nowrap; }
thead th { background: var(--card); }
p, li { color: var(--soft); }
"""
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>What each lock is good for</title>
<style>{style}</style>
</head>
<body>
<h1>What each lock is good for</h1>
{body}<ul>{notes}</ul>
<p>{ran}</p>
</body>
</html>
"""
