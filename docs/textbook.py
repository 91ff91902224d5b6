"""Write the table of the textbook's locks into textbook.md, or check that it is there.

    python docs/textbook.py --write     write the page
    python docs/textbook.py --check     exit with 1 if the page says something else

What the page says is the registry in booking/textbook/; `booking grade --self-test` proves that it is true.
"""

import argparse
import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from booking.textbook import TEXTBOOK, Known, TextbookLock

PAGE = Path(__file__).parent / "textbook.md"
_INTRODUCTION = """# The textbook

<!-- Written by docs/textbook.py: change booking/textbook/ instead. -->

Locks from the literature in plain Python, right ones and famous wrong ones. `booking grade --suite` proves this table,
`booking grade --starter NAME` prints one of them as a file to begin with, and [grading.md](grading.md) says what the
words mean. *Steps* is the fewest accesses until two buyers are inside. *Buffered* is the same for two buyers if writes
are buffered, as on x86 (`--memory tso`), with *holds* for a lock that needs no fence. *Bypass* is how often others can
get in between a buyer's first access and its entry; a dash means that there is no limit, or none is known.
"""


def page() -> str:
    """Return the page."""
    right = {name: lock for name, lock in TEXTBOOK.items() if lock.is_right}
    wrong = {name: lock for name, lock in TEXTBOOK.items() if not lock.is_right}
    lines = [_INTRODUCTION, "## Right ones", "", *_table(right), "", "## Wrong ones", "", *_table(wrong)]
    return "\n".join(lines) + "\n"


def _table(locks: dict[str, TextbookLock]) -> Iterator[str]:
    yield "| lock | from | buyers | exclusion | deadlock | starvation | bypass | steps | buffered | why |"
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for name, lock in locks.items():
        for number, (buyers, known) in enumerate(_alike(lock)):
            first = (f"`{name}`", lock.source) if not number else ("", "")
            last = ("holds" if lock.buffered is None else str(lock.buffered), _why(lock)) if not number else ("", "")
            yield f"| {' | '.join((*first, buyers, *_cells(known), *last))} |"


def _alike(lock: TextbookLock) -> list[tuple[str, Known]]:
    """Return what is known, with the numbers of buyers for which it is the same."""
    numbers: dict[Known, list[str]] = {}
    for buyers, known in lock.known.items():
        numbers.setdefault(known, []).append(str(buyers))
    return [(", ".join(buyers), known) for known, buyers in numbers.items()]


def _cells(known: Known) -> tuple[str, ...]:
    answers = (known.exclusion, known.deadlock_freedom, known.starvation_freedom)
    return tuple(f"**{answer}**" if answer == "broken" else answer for answer in answers) + tuple(
        "-" if number is None else str(number) for number in (known.bypass, known.steps)
    )


def _why(lock: TextbookLock) -> str:
    """Return the sentence in the lock's docstring."""
    tree = ast.parse(lock.path.read_text(encoding="utf-8"))
    [found] = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == lock.class_name]
    return str(ast.get_docstring(found))


def main() -> int:
    """Write or check; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--write", action="store_true", help="write the page")
    mode.add_argument("--check", action="store_true", help="exit with 1 if the page says something else")
    if parser.parse_args().write:
        PAGE.write_text(page(), encoding="utf-8")
    elif PAGE.read_text(encoding="utf-8") != page():
        print("docs/textbook.md says something else: python docs/textbook.py --write")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
