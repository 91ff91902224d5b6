"""Every example in the docs and in the docstrings runs, and its output is the one that is printed there."""

import doctest
import importlib
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[tuple[str, str]]:
    """Return the fenced blocks of one language with an id each."""
    found = []
    for page in PAGES:
        texts = [text for kind, text in FENCE.findall(page.read_text(encoding="utf-8")) if kind == language]
        found += [(f"{page.name}-{number}", text) for number, text in enumerate(texts, 1)]
    return found


def commands(text: str) -> list[tuple[str, str]]:
    """Return each `$ command` of a console block with the output below it."""
    parts = re.split(r"^\$ (.*)\n", text, flags=re.MULTILINE)[1:]
    return list(zip(parts[::2], parts[1::2], strict=True))


EXAMPLES = [path for path in sorted((ROOT / "booking").rglob("*.py")) if ">>> " in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_docstring_examples(path: Path) -> None:
    """An example in a docstring prints what it says."""
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    result = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert (result.failed, result.attempted > 0) == (0, True)


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in blocks("python")])
def test_python_examples(text: str, tmp_path: Path) -> None:
    """A Python example in the docs is a whole script that runs, under spawn too."""
    script = tmp_path / "example.py"
    script.write_text(text, encoding="utf-8")
    ran = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in blocks("console")])
def test_console_examples(text: str, tmp_path: Path) -> None:
    """A command in the docs prints what stands below it; `...` stands for what differs from run to run.

    Python code that begins with the name of a file is in that file.
    """
    for _, code in blocks("python"):
        if named := re.match(r"# (\w+\.py)\n", code):
            (tmp_path / named[1]).write_text(code, encoding="utf-8")
    for command, expected in commands(text):
        program, *arguments = shlex.split(command)
        assert program == "booking"
        ran = subprocess.run(
            [sys.executable, "-m", "booking", *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        printed = (ran.stdout + ran.stderr).rstrip()
        same = doctest.OutputChecker().check_output(expected.rstrip(), printed, doctest.ELLIPSIS)
        assert same or printed == expected.rstrip(), f"{command} printed:\n{printed}"


def test_ci_runs_the_readmes_test_command() -> None:
    """The README's test command is the one that CI runs."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    command = next(line for line in readme.splitlines() if "-m pytest" in line)
    assert command.startswith("python3 -m venv")
    assert command in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
