"""Grades as text that a student can read: a table, and for what is broken the shortest way there, with the code."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from booking.cells import Value
from booking.grading.finding import BROKEN, HOLDS, UNKNOWN, Finding, Proof, Step, Witness
from booking.submissions.grade import Grade
from booking.text.words import count_of, wrapped
from booking.textbook import TEXTBOOK

_HEADINGS = ("buyers", "exclusion", "deadlock", "starvation", "bypass", "steps")


def render(grade: Grade, replay: str = "") -> str:
    """Return a grade as text, without a line end behind the last line; `replay` is the command that replays it."""
    if grade.refused:
        return "\n".join(wrapped(f"{grade.file} is no lock: {grade.refused}."))
    lines = [f"{grade.file}: {grade.lock}", "", *rows([_HEADINGS, *(_row(proof) for proof in grade.proofs)]), ""]
    lines += [*_points(grade), *_reasons(grade)]
    for proof in grade.proofs:
        lines += _broken(proof, replay)
    if grade.printed:
        lines += ["", "It printed:", *(f"    {line}" for line in grade.printed.splitlines()[:_MOST_PRINTED])]
    return "\n".join(lines)


_MOST_PRINTED = 10


def summary(grades: Sequence[Grade]) -> str:
    """Return one line for each of several grades: its score, and what is wrong with it."""
    table = [("file", "lock", "score", "")]
    for grade in grades:
        score = f"{grade.score} of {grade.terms.max_score}"
        table.append((grade.file, grade.lock or "", score, grade.refused or ", ".join(_faults(grade))))
    return "\n".join(rows(table))


def _faults(grade: Grade) -> Iterator[str]:
    names = dict.fromkeys((*grade.terms.required, *grade.terms.points))
    for answer in (BROKEN, UNKNOWN):
        found = [name for name in names if grade.answer(name) == answer]
        if found:
            yield f"{', '.join(found)} {answer}"


def rows(table: Sequence[Sequence[str]]) -> list[str]:
    """Return the rows with their columns below each other."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]


def _row(proof: Proof) -> tuple[str, ...]:
    answers = (finding.answer for finding in proof.findings.values())
    return (str(proof.buyers), *answers, _number(proof.bypass), _number(proof.steps))


def _number(number: int | None) -> str:
    return "-" if number is None else str(number)


def _points(grade: Grade) -> Iterator[str]:
    parts = [f"{name} {score} of {grade.terms.points[name]}" for name, score in grade.scores.items()]
    yield f"Score: {grade.score} of {grade.terms.max_score} ({', '.join(parts)})." if parts else "Score: no points set."


def _reasons(grade: Grade) -> Iterator[str]:
    """Yield what each answer that holds or is unknown rests on, once for each sentence."""
    for answer, verb in ((HOLDS, "Proved"), (UNKNOWN, "Unknown")):
        found = [
            (f"{proof.buyers} buyers", finding.reason)
            for proof in grade.proofs
            for finding in proof.findings.values()
            if finding.answer == answer
        ]
        for buyers, reason in dict.fromkeys(found):
            yield from wrapped(f"{verb} for {buyers}: {reason.rstrip('.')}.")
    if grade.proofs and grade.proofs[0].memory == "sc":
        yield from wrapped("All of it is for memory in which each access takes effect at once (--memory sc).")
    if grade.answer("exclusion") == BROKEN:
        yield "A lock that does not keep the buyers apart earns no points for the rest."
    if grade.is_vacuous:
        yield "Nobody ever gets in, so nothing earns points."
    if grade.is_private_to_blame:
        yield from wrapped(*(private(name) for name in grade.private))


def spoken(name: str) -> str:
    """Return a property's name with a space instead of the underscore."""
    return name.replace("_", " ")


def private(name: str) -> str:
    """Return what to say about an attribute that may have been meant as a cell."""
    return f"self.{name} is private to each process; if the buyers are meant to share it, declare it as a Cell."


def _broken(proof: Proof, replay: str) -> Iterator[str]:
    """Yield the witness of the first broken property of a proof, and the names of the others."""
    broken = [(name, finding) for name, finding in proof.findings.items() if finding.answer == BROKEN]
    for name, finding in broken[:1]:
        yield ""
        yield from wrapped(
            f"With {count_of(proof.buyers, 'buyer')}, {spoken(name)} is broken: {finding.reason.rstrip('.')}."
        )
        yield from witness_table(finding)
        if finding.witness and is_alone(finding.witness):
            yield from ("", f"Buyer {finding.witness.cycle[0].buyer} waits although nobody else wants to enter.")
        if replay and finding.witness and proof.memory == "sc":
            buyers = f" --buyers {proof.buyers}" if proof.buyers > 2 else ""  # noqa: PLR2004 - two by default
            yield from ("", "Make it happen with real processes:", f"    {replay}{buyers}")
    for name, finding in broken[1:]:
        yield from ("", *wrapped(f"Also, {spoken(name)} is broken: {finding.reason.rstrip('.')}."))


def witness_table(finding: Finding) -> Iterator[str]:
    """Yield the steps of a witness, each with its line of code and the cells that it changes."""
    if finding.witness is None:
        return
    steps = finding.witness.steps + finding.witness.cycle
    first = len(finding.witness.steps)
    table = [("step", "buyer", "access", "", "line", "code")]
    table += [
        (str(number), str(step.buyer), access(step), note, str(step.line or ""), step.source.strip())
        for number, (step, note) in enumerate(zip(steps, _notes(steps), strict=True), 1)
    ]
    lines = rows(table)
    yield ""
    yield from lines[: first + 1]
    if finding.witness.cycle:
        yield "and then again and again:"
        yield from lines[first + 1 :]
    if any(any(step.buffers) for step in steps):
        yield from ("", *_buffers(steps[-1]))


def is_alone(witness: Witness) -> bool:
    """Return whether one buyer alone goes round in the cycle: all the others are outside, or they would take part."""
    return len({step.buyer for step in witness.cycle}) == 1


def _buffers(step: Step) -> Iterator[str]:
    for buyer, buffer in enumerate(step.buffers, 1):
        waiting = ", ".join(f"{name} = {written(value)}" for name, value in buffer)
        yield f"Buyer {buyer}'s store buffer holds {waiting or 'nothing'}."


def _notes(steps: Sequence[Step]) -> Iterator[str]:
    """Yield for each step who is inside now, where that has changed."""
    inside = [(), *(step.inside for step in steps)]
    for before, now in pairwise(inside):
        came, left = set(now) - set(before), set(before) - set(now)
        words = [f"buyer {buyer} is inside" for buyer in sorted(came)] + [
            f"buyer {buyer} leaves" for buyer in sorted(left)
        ]
        yield ", ".join(words)


def access(step: Step) -> str:
    """Return an access in a few words, as "flag[0] = True" for a write and "flag[0] is True" for a read."""
    match step.kind:
        case "read" | "get":
            return f"{step.cell} is {written(step.value)}"
        case "write" | "set":
            return f"{step.cell} = {written(step.value)}"
        case "swap" | "add":
            return f"{step.cell} = {written(step.value)} (was {written(step.was)})"
        case "compare and swap":
            return f"{step.cell} {'= ' + written(step.value) if step.was else 'stays'}"
        case "flush":
            return f"{step.cell} = {written(step.value)} reaches the memory"
    return step.kind


def written(value: Value) -> str:
    """Return a cell's value as it stands in the code."""
    return str(value)


def explained(proof: Proof) -> str:
    """Return what is broken in a proof, with its witnesses: the message of a failed assertion."""
    lines = []
    for name, finding in proof.findings.items():
        if finding.answer == BROKEN:
            lines += [
                f"With {count_of(proof.buyers, 'buyer')}, {spoken(name)} is broken: {finding.reason}.",
                *witness_table(finding),
                "",
            ]
    return "\n".join(lines).rstrip()


def textbook(grades: Mapping[str, Grade]) -> str:
    """Return one line for each lock of the textbook and each number of buyers."""
    table: list[tuple[str, ...]] = [("lock", *_HEADINGS, "source")]
    for name, grade in grades.items():
        table += [(name, *_row(proof), TEXTBOOK[name].source) for proof in grade.proofs]
    return "\n".join(rows(table))
