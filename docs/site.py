"""Build the whole site: the pages, the lessons, the reference that the code writes, the answers, and the lab.

    pip install -e '.[site]' && python docs/site.py FOLDER [--pyodide DIR]

Every link inside the site is checked. Without `--pyodide` the lab is left out, and its page says so.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

from booking.answers.questions import Question, questions
from booking.cli.app import COMMANDS
from booking.lab.site import build as build_lab
from booking.text.language import LANGUAGES

DOCS = Path(__file__).parent
GUIDES = ("teaching", "worksheet", "tutorial", "comparison", "channels", "formats", "textbook", "grading", "own-code")
LANGUAGE_NAMES = {"en": "Lessons", "zh": "课程"}
QUESTION_TITLES = {"en": "Questions that people ask", "zh": "大家常问的问题"}


def write_sources(folder: Path, *, lab: bool) -> None:
    """Write what Sphinx reads: our pages, and those that the code writes."""
    shutil.copytree(DOCS, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", "*.py", "build"))
    shutil.copy(DOCS / "conf.py", folder)
    guides = [name for name in GUIDES if (folder / f"{name}.md").exists()]
    (folder / "index.md").write_text(_index(guides, lab=lab), encoding="utf-8")
    (folder / "reference.md").write_text(_reference(), encoding="utf-8")
    for language in LANGUAGES:
        _write_lessons(folder, language)
        _write_answers(folder, language)


def _index(guides: list[str], *, lab: bool) -> str:
    door = (
        '<a href="lab/index.html">Open the lab</a>'
        if lab
        else "The lab is not part of this build: `booking lab` opens it."
    )
    readme = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    first = re.sub(
        r"\]\((?!http)([^)]*)\)", _to_site, readme.partition("\n## ")[0].replace("docs/page.png", "page.png")
    )
    return f"{first}\n\n{door}\n\n" + "".join(
        f"```{{toctree}}\n:caption: {caption}\n:maxdepth: 1\n\n" + "\n".join(names) + "\n```\n\n"
        for caption, names in (
            ("Lessons", ["lessons/en/index", "lessons/zh/index", "why/en/index", "why/zh/index"]),
            ("Guides", guides),
            ("Reference", ["reference"]),
        )
    )


def _to_site(link: re.Match[str]) -> str:
    target = link[1].removeprefix("docs/")
    return f"]({target})" if (DOCS / target.partition("#")[0]).is_file() else "](reference.md)"


def _reference() -> str:
    """Return the page of all commands, each with its own help."""
    parts = ["# Commands\n\nWhat each command's `--help` prints."]
    environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"}
    for name in COMMANDS:
        ran = subprocess.run(
            [sys.executable, "-m", "booking", name, "--help"],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        parts.append(f"## booking {name}\n\n```text\n{ran.stdout.strip()}\n```")
    return "\n\n".join(parts) + "\n"


def _write_lessons(folder: Path, language: str) -> None:
    pages = sorted(path.stem for path in (folder / "lessons" / language).glob("*.md"))
    text = f"# {LANGUAGE_NAMES[language]}\n\n```{{toctree}}\n:maxdepth: 1\n\n" + "\n".join(pages) + "\n```\n"
    (folder / "lessons" / language / "index.md").write_text(text, encoding="utf-8")


def _write_answers(folder: Path, language: str) -> None:
    """Write a page for each question: what a search engine finds."""
    place = folder / "why" / language
    place.mkdir(parents=True, exist_ok=True)
    names = []
    for question in questions(language):
        names.append(question.name)
        (place / f"{question.name}.md").write_text(_answer(question), encoding="utf-8")
    listed = "\n".join(names)
    text = f"# {QUESTION_TITLES[language]}\n\n```{{toctree}}\n:maxdepth: 1\n\n{listed}\n```\n"
    (place / "index.md").write_text(text, encoding="utf-8")


def _answer(question: Question) -> str:
    commands = "\n".join(question.transcript.commands)
    return (
        f"# {question.title}\n\n{question.answer}\n\n```sh\n{commands}\n```\n\n"
        f"```text\n{question.transcript.output.strip()}\n```\n"
    )


class Links(HTMLParser):
    """What a page links to, and the names that can be linked to in it."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.names: set[str] = set()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Note the links and the names of one element."""
        del tag
        found = dict(attributes)
        self.names |= {str(found[key]) for key in ("id", "name") if found.get(key)}
        self.targets += [str(found[key]) for key in ("href", "src") if found.get(key)]


def broken_links(folder: Path) -> Iterator[str]:
    """Yield every link of the site that leads nowhere inside it; links to other sites are not followed."""
    pages = {path.resolve(): Links() for path in folder.rglob("*.html")}
    for path, links in pages.items():
        links.feed(path.read_text(encoding="utf-8"))
    for path, links in pages.items():
        for target in set(links.targets):
            if re.match(r"(?:[a-z]+:|//)", target):
                continue
            place, name = urldefrag(target)
            place, name = unquote(place.partition("?")[0]), unquote(name)
            file = (path.parent / place).resolve() if place else path
            file = file / "index.html" if file.is_dir() else file
            if not file.exists() or (name and file in pages and name not in pages[file].names):
                yield f"{path.relative_to(folder.resolve())}: {target}"


def main() -> int:
    """Build the site; return 1 if a link is broken."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pyodide", help="a folder with Pyodide, or its address")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as sources:
        write_sources(Path(sources), lab=options.pyodide is not None)
        subprocess.run([sys.executable, "-m", "sphinx", "-q", "-W", "-b", "html", sources, options.folder], check=True)
    if options.pyodide is not None:
        is_address = options.pyodide.startswith(("http://", "https://"))
        build_lab(options.folder / "lab", options.pyodide if is_address else Path(options.pyodide))
    found = list(broken_links(options.folder))
    print("\n".join(found) or f"The site is in {options.folder}; every link leads somewhere.")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
