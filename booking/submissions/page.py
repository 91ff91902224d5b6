"""Grades as one page: each with its table, and each witness with the code and every cell at every moment."""

from collections.abc import Iterator, Sequence
from html import escape

from booking.grading.finding import BROKEN, Finding, Proof, Step
from booking.submissions.grade import Grade
from booking.submissions.table import access, private, spoken, written

_STYLE = """
:root { color-scheme: light dark; font: 18px/1.5 system-ui, sans-serif; background: Canvas; color: CanvasText; }
body { max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { text-align: left; padding: .2rem .8rem; border-bottom: 1px solid #8886; }
code { font-family: ui-monospace, monospace; white-space: pre-wrap; }
.broken::before { content: "\\2717  "; } .holds::before { content: "\\2713  "; } .unknown::before { content: "?  "; }
.broken { font-weight: bold; } .changed { outline: 2px solid; } .again { border-top: 3px double; }
.b1 { background: #0072b233; } .b2 { background: #e69f0033; }
.b3 { background: #009e7333; } .b4 { background: #cc79a733; }
"""


def render(grades: Sequence[Grade]) -> str:
    """Return the page as HTML that needs nothing else."""
    body = "\n".join(line for grade in grades for line in _grade(grade))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><title>booking grade</title>'
        f"<style>{_STYLE}</style></head><body><main>\n{body}\n</main></body></html>\n"
    )


def _grade(grade: Grade) -> Iterator[str]:
    yield f"<h1>{escape(grade.file)}{': ' + escape(grade.lock) if grade.lock else ''}</h1>"
    if grade.refused:
        yield f"<p>It is no lock: {escape(grade.refused)}.</p>"
        return
    yield f"<p>Score: {grade.score} of {grade.terms.max_score}.</p>"
    yield from _table(
        ("buyers", "exclusion", "deadlock freedom", "starvation freedom", "bypass"),
        (_cells_of(proof) for proof in grade.proofs),
    )
    if grade.is_private_to_blame:
        yield from (f"<p>{escape(private(name))}</p>" for name in grade.private)
    for proof in grade.proofs:
        for name, finding in proof.findings.items():
            if finding.answer == BROKEN:
                yield f"<h2>With {proof.buyers} buyers, {spoken(name)} is broken</h2><p>{escape(finding.reason)}</p>"
                yield from _witness(finding)


def _cells_of(proof: Proof) -> Iterator[str]:
    yield f"<td>{proof.buyers}</td>"
    for finding in proof.findings.values():
        yield f'<td class="{finding.answer}" title="{escape(finding.reason)}">{finding.answer}</td>'
    yield f"<td>{'-' if proof.bypass is None else proof.bypass}</td>"


def _table(headings: Sequence[str], lines: Iterator[Iterator[str]]) -> Iterator[str]:
    yield "<table><thead><tr>" + "".join(f"<th>{escape(name)}</th>" for name in headings) + "</tr></thead><tbody>"
    yield from (f"<tr>{''.join(line)}</tr>" for line in lines)
    yield "</tbody></table>"


def _witness(finding: Finding) -> Iterator[str]:
    """Yield the witness as a table with a column for each cell; what a step changes is framed."""
    if finding.witness is None or not (steps := finding.witness.steps + finding.witness.cycle):
        return
    names = list(steps[0].cells)
    has_buffers = any(any(step.buffers) for step in steps)
    headings = (
        "step",
        "buyer",
        "access",
        "line",
        "code",
        *names,
        *(("store buffers",) if has_buffers else ()),
        "inside",
    )
    again = len(finding.witness.steps)
    yield "<table><thead><tr>" + "".join(f"<th>{escape(name)}</th>" for name in headings) + "</tr></thead><tbody>"
    before: Step | None = None
    for number, step in enumerate(steps, 1):
        marks = f"b{(step.buyer - 1) % 4 + 1}{' again' if number == again + 1 else ''}"
        yield f'<tr class="{marks}"><td>{number}</td><td>{step.buyer}</td><td><code>{escape(access(step))}</code></td>'
        yield f"<td>{step.line or ''}</td><td><code>{escape(step.source)}</code></td>"
        for name in names:
            changed = ' class="changed"' if before and before.cells.get(name) != step.cells.get(name) else ""
            yield f"<td{changed}>{escape(written(step.cells.get(name)))}</td>"
        if has_buffers:
            yield f"<td>{escape(_buffers(step))}</td>"
        yield f"<td>{', '.join(map(str, step.inside))}</td></tr>"
        before = step
    yield "</tbody></table>"
    if finding.witness.cycle:
        yield f"<p>From step {again + 1} on, the same again and again.</p>"


def _buffers(step: Step) -> str:
    waiting = (
        f"{buyer}: " + ", ".join(f"{name}={value}" for name, value in held)
        for buyer, held in enumerate(step.buffers, 1)
        if held
    )
    return "; ".join(waiting)
