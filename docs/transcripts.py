"""Run the commands that the answers and the lessons show, and fill in or check what they print.

    python docs/transcripts.py --write     fill in what differs from a run of today
    python docs/transcripts.py --check     exit with 1 and list what differs

Each command is named once, in booking/answers/transcripts.toml. Its output stands there, for `booking why`, and in each
page of docs/lessons/ below a line `<!-- transcript: NAME -->`, in all languages from the same run.
"""

import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "booking" / "answers" / "transcripts.toml"
LESSONS = ROOT / "docs" / "lessons"
SHOWN = re.compile(r"(<!-- transcript: ([\w-]+) -->\n+```text\n)(.*?)(^```)", re.MULTILINE | re.DOTALL)
VARYING = re.compile(r"\d[\d,.]*(?= ?(?:s|ms|us|seconds|MB)\b)|(?<=process )\d+")
"""What differs from run to run in every output: times, memory, and the numbers of processes."""
LONGEST = 120
"""Seconds that one command may take."""


def run(table: Mapping[str, Any]) -> str:
    """Run the commands of a transcript one after the other in one empty folder, and return what a terminal shows."""
    environment = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8", "PYTHONPATH": str(ROOT)}
    with tempfile.TemporaryDirectory() as folder:
        for name, text in table.get("files", {}).items():
            Path(folder, name).write_text(text, encoding="utf-8")
        return "\n".join(_run(command, folder, environment) for command in table["commands"])


def _run(command: str, folder: str, environment: Mapping[str, str]) -> str:
    program, *arguments = shlex.split(command)
    start = {"booking": [sys.executable, "-m", "booking"], "python": [sys.executable]}[program]
    ran = subprocess.run(
        [*start, *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=LONGEST,
        check=False,
    )
    return f"$ {command}\n{ran.stdout}"


def fault(table: Mapping[str, Any], output: str) -> str | None:
    """Return what is wrong with the output that stands in a table, given that of a run of today; None if nothing is."""
    shown = table.get("output", "")
    promise = table.get("promise", ())
    commands = all(f"$ {command}\n" in shown for command in table["commands"])
    missing = [part for part in promise if part not in output or part not in shown]
    if missing:
        return f"lacks {', '.join(map(repr, missing))}"
    if not commands or (not promise and VARYING.sub("...", shown) != VARYING.sub("...", output)):
        return "prints something else now"
    return None


def filled(source: str, outputs: Mapping[str, str]) -> str:
    """Return the source of the transcripts with these outputs; all else stays as it is."""
    head, *parts = re.split(r"^(?=\[)", source, flags=re.MULTILINE)
    tables: list[str] = [head]
    for part in parts:
        name = part[1 : part.index("]")]
        if name in outputs:
            kept = re.sub(r"^output = '''\n.*?^'''\n", "", part, flags=re.MULTILINE | re.DOTALL).rstrip()
            part = f"{kept}\noutput = '''\n{outputs[name].rstrip()}\n'''\n\n"  # noqa: PLW2901
        tables.append(part)
    return "".join(tables).rstrip() + "\n"


def page(text: str, shown: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a lesson with the transcripts that it names."""
    return SHOWN.sub(lambda match: f"{match[1]}{shown[match[2]].get('output', '').strip()}\n{match[4]}", text)


def main() -> int:
    """Write or check; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--write", action="store_true", help="fill in what differs")
    mode.add_argument("--check", action="store_true", help="exit with 1 if anything differs")
    parser.add_argument("names", nargs="*", help="these transcripts only")
    options = parser.parse_args()
    source = SOURCE.read_text(encoding="utf-8")
    tables = {
        name: table for name, table in tomllib.loads(source).items() if name in options.names or not options.names
    }
    with ThreadPoolExecutor(2) as pool:
        outputs = dict(zip(tables, pool.map(run, tables.values()), strict=True))
    faults = {name: text for name in tables if (text := fault(tables[name], outputs[name]))}
    broken = {name for name in faults if any(part not in outputs[name] for part in tables[name].get("promise", ()))}
    if options.write:
        source = filled(source, {name: outputs[name] for name in faults.keys() - broken})
        SOURCE.write_text(source, encoding="utf-8")
    shown = tomllib.loads(source)
    for lesson in sorted(LESSONS.rglob("*.md")):
        text = lesson.read_text(encoding="utf-8")
        if text != (new := page(text, shown)):
            faults[str(lesson.relative_to(ROOT))] = "shows another output"
            if options.write:
                lesson.write_text(new, encoding="utf-8")
    for name, text in faults.items():
        print(f"{name}: {'written' if options.write and name not in broken else text}")
        if name in broken:
            print(outputs[name])
    return int(bool(broken) or (options.check and bool(faults)))


if __name__ == "__main__":
    sys.exit(main())
