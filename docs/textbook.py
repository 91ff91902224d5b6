"""Write the table of the textbook's locks into textbook.md, and the example into grading.md, or check them.

    python docs/textbook.py --write     write what differs
    python docs/textbook.py --check     exit with 1 if a page says something else

What the table says is the registry in booking/textbook/; `booking grade --self-test` proves that it is true.
"""

import argparse
import ast
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from booking.textbook import TEXTBOOK, Known, TextbookLock
from booking.textbook.starter import starter_of

HERE = Path(__file__).parent
EXAMPLE = re.compile(r"(?<=<!-- booking grade naive.py -->\n```text\n).*?(?=^```)", re.MULTILINE | re.DOTALL)
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


def example() -> str:
    """Return grading.md with what `booking grade` prints today about the naive flag."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "naive.py").write_text(starter_of("naive-flag"), encoding="utf-8")
        command = [sys.executable, "-m", "booking", "grade", "naive.py"]
        environment = {**os.environ, "PYTHONPATH": str(HERE.parent), "NO_COLOR": "1"}
        ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", check=False)
    return EXAMPLE.sub(lambda _: ran.stdout, (HERE / "grading.md").read_text(encoding="utf-8"))


def main() -> int:
    """Write or check; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--write", action="store_true", help="write what differs")
    mode.add_argument("--check", action="store_true", help="exit with 1 if anything differs")
    writes = parser.parse_args().write
    pages = {HERE / "textbook.md": page(), HERE / "grading.md": example()}
    differ = {path: text for path, text in pages.items() if path.read_text(encoding="utf-8") != text}
    for path, text in differ.items():
        print(f"{path.name}: {'written' if writes else 'says something else: python docs/textbook.py --write'}")
        if writes:
            path.write_text(text, encoding="utf-8")
    return int(bool(differ) and not writes)


if __name__ == "__main__":
    sys.exit(main())
