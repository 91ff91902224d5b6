"""The lab as a folder of files that any web server serves: the page, this package as an archive, and Pyodide."""

import gzip
import json
import shutil
import subprocess
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator, Sequence
from importlib.resources import as_file, files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from booking.errors import BadInputError, DiskError
from booking.text.language import LANGUAGES, texts
from booking.textbook import TEXTBOOK
from booking.textbook.starter import BLANK, starter_of

PYODIDE = "314.0.7"
"""The release of Pyodide (Python 3.14) that the lab is tested with: the npm package `pyodide`."""
PARTS = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")
"""The files of that package which a browser loads."""
EDITOR = "5.65.20"
"""The release of CodeMirror that the lab is tested with: the npm package `codemirror`, which needs no bundler."""
EDITOR_PARTS = ("lib/codemirror.js", "lib/codemirror.css", "mode/python/python.js")
PAGES = ("index.html", "lab.js", "worker.js", "offline.js", "lab.css")
LEFT_OUT = {"cli", "lab/site.py", "classroom", "office", "simulation", "replayer", "processes", "live", "compare"}
"""Rooms that need processes, sockets or a terminal: a browser has none."""
_OWN_PAGES = {f"booking/lab/{name}" for name in PAGES}
PATIENCE = 120
"""Seconds that npm may take."""


def build(folder: Path, pyodide: Path | str, editor: Path | None = None) -> None:
    """Write the whole site into a folder. `pyodide` is a folder with Pyodide's files, which are copied, or its URL.

    `editor` is a folder with CodeMirror; None looks beside Pyodide, and without it the editor is a plain one.

    Raise BadInputError if the folder lacks files of Pyodide, and DiskError if the site cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        source = files("booking.lab")
        for name in PAGES:
            (folder / name).write_text(source.joinpath(name).read_text(encoding="utf-8"), encoding="utf-8")
        _write_archive(folder / "booking.zip")
        editor = editor or (pyodide.parent / "codemirror" if isinstance(pyodide, Path) else None)
        has_editor = editor is not None and all((editor / name).is_file() for name in EDITOR_PARTS)
        contents = _contents(pyodide) | {"editor": has_editor}
        (folder / "lab.json").write_text(json.dumps(contents), encoding="utf-8")
        if editor is not None and has_editor:
            (folder / "codemirror").mkdir(exist_ok=True)
            for name in EDITOR_PARTS:
                _copy(editor / name, folder / "codemirror" / Path(name).name)
        if isinstance(pyodide, Path):
            _copy_pyodide(pyodide, folder / "pyodide")
    except OSError as error:
        raise DiskError(f"cannot write the lab into {folder}: {error.strerror or error}; name another folder") from None


def _copy_pyodide(source: Path, target: Path) -> None:
    if missing := [name for name in PARTS if not (source / name).is_file()]:
        raise BadInputError(f"{source} is no folder of Pyodide: it lacks {', '.join(missing)}")
    target.mkdir(exist_ok=True)
    for name in PARTS:
        _copy(source / name, target / name)


def _copy(source: Path, target: Path) -> None:
    """Copy a file, with a compressed twin for servers that can send it."""
    if not target.exists() or target.stat().st_size != source.stat().st_size:
        shutil.copyfile(source, target)
    if target.suffix != ".zip":
        target.with_name(f"{target.name}.gz").write_bytes(gzip.compress(target.read_bytes(), compresslevel=6, mtime=0))


def _write_archive(path: Path) -> None:
    """Write the package as the browser needs it: the same bytes each time, so that a cache can keep it."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, file in sorted(_package(files("booking"), "booking")):
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), file.read_bytes(), zipfile.ZIP_DEFLATED)


def _package(folder: Traversable, name: str) -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        path = f"{name}/{entry.name}"
        if path.removeprefix("booking/") in LEFT_OUT or entry.name == "__pycache__" or path in _OWN_PAGES:
            continue
        if entry.is_dir():
            yield from _package(entry, path)
        elif entry.name.endswith((".py", ".toml", ".js", ".css", ".html")):
            yield path, entry


def _contents(pyodide: Path | str) -> dict[str, Any]:
    return {
        "pyodide": "pyodide/" if isinstance(pyodide, Path) else pyodide.rstrip("/") + "/",
        "texts": {language: dict(texts("lab", language)) for language in LANGUAGES},
        "lessons": {language: list(lessons(language)) for language in LANGUAGES},
        "exercises": exercises(),
        "starters": [{"name": name, "code": starter_of(name)} for name in (BLANK, *TEXTBOOK)],
    }


def _lessons_folder() -> Traversable:
    """Return where the lessons are: in the package, or beside it in a checkout."""
    packed = files("booking").joinpath("lessons")
    if packed.is_dir():
        return packed
    with as_file(files("booking")) as package:
        return package.parent / "docs" / "lessons"


def lessons(language: str) -> Iterator[dict[str, str]]:
    """Yield the lessons of a language as HTML, in order; none if they are not installed."""
    from markdown_it import MarkdownIt  # noqa: PLC0415 - only the lab needs it

    folder = _lessons_folder().joinpath(language)
    if not folder.is_dir():
        return
    render = MarkdownIt("commonmark", {"html": True}).enable("table").render
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(".md"):
            text = entry.read_text(encoding="utf-8")
            yield {"name": entry.name[:-3], "title": text.partition("\n")[0].lstrip("# "), "html": render(text)}


def exercises() -> dict[str, Any]:
    """Return the exercises of the lessons by name."""
    table = _lessons_folder().joinpath("exercises.toml")
    return tomllib.loads(table.read_text(encoding="utf-8")) if table.is_file() else {}


def found_pyodide(cache: Path) -> Path:
    """Return a folder with Pyodide: one that npm has installed here, or the cache, which npm fills at first.

    Raise BadInputError, with what to do, if there is none and npm cannot fetch it.
    """
    here = Path("node_modules") / "pyodide"
    for folder in (here, cache / f"lab-{PYODIDE}" / "pyodide"):
        if all((folder / name).is_file() for name in PARTS):
            return folder
    if shutil.which("npm") is None:
        raise BadInputError(
            f"Pyodide is not here, and npm is not installed; unpack the npm package pyodide@{PYODIDE} somewhere, and "
            "name its folder in --pyodide DIR"
        )
    for name, release, parts in (("pyodide", PYODIDE, PARTS), ("codemirror", EDITOR, EDITOR_PARTS)):
        _fetch(f"{name}@{release}", parts, cache / f"lab-{PYODIDE}" / name)
    return cache / f"lab-{PYODIDE}" / "pyodide"


def _fetch(package: str, parts: Sequence[str], target: Path) -> None:
    """Let npm fetch files of a package from wherever npm fetches its packages."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            command = ["npm", "pack", "--silent", package]
            subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=PATIENCE)
            (packed,) = Path(folder).glob("*.tgz")
            with tarfile.open(packed) as archive:
                archive.extractall(folder, filter="data")
        except (subprocess.SubprocessError, OSError, ValueError, tarfile.TarError) as error:
            raise BadInputError(
                f"npm could not fetch {package} ({type(error).__name__}); with a network run `npm install "
                f"pyodide@{PYODIDE} codemirror@{EDITOR}`, and then booking lab in the same folder"
            ) from None
        for name in parts:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(Path(folder, "package", name), target / name)
