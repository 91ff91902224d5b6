"""The files that a command writes beside its answer: checked before the work, written after it."""

import os
from collections.abc import Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import typer

from booking.errors import BadInputError, DiskError
from booking.history.history import History
from booking.history.verdict import Verdict
from booking.live.terminal import on_terminal
from booking.reports import report_named
from booking.storage.paths import shown, train_path

_ANYBODY_WRITES = 0o222
_SHOWN = ("html", "svg", "png")
"""What a browser shows, the best first."""


def require_writable(
    outputs: Mapping[str, Path | None], inputs: Mapping[str, Path] | None = None, *, opens: bool = False
) -> None:
    """Raise BadInputError unless each output, by the name of its option, can be written without loss.

    `inputs` are the files that the command works on, by what they are: no output may overwrite one of them, nor
    another output. With `opens` there has to be an output that a browser shows.
    """
    shows = [option for option in _SHOWN if option in outputs]
    if opens and not any(outputs[option] for option in shows):
        raise BadInputError(f"--open requires {' or '.join(f'--{option}' for option in shows)}")
    if outputs.get("png") and not find_spec("resvg_py"):
        raise BadInputError("--png requires the package resvg_py; install it with `pip install resvg_py`")
    taken = dict(inputs or {})
    for option, path in outputs.items():
        if path is not None:
            if why := _obstacle(path, taken):
                raise BadInputError(f"cannot write {shown(path):.200}: {why}; choose another file with --{option}")
            taken[f"also the file of --{option}"] = path


def files_of_store(db: Path, trains: int = 1) -> dict[str, Path]:
    """Return the files that a sale on this store uses, by what they are."""
    stores = [train_path(db, train) for train in range(1, trains + 1)]
    endings = (".lock", ".lockf", ".fair", ".soft", ".sale")
    locks = [store.with_name(store.name + ending) for store in stores for ending in endings]
    return {f"the ticket store {shown(path)}": path for path in stores} | {
        f"the lock file {shown(path)}": path for path in locks
    }


def _obstacle(path: Path, taken: Mapping[str, Path]) -> str | None:
    try:
        with suppress(FileNotFoundError, NotADirectoryError):
            path.stat()  # raises for a symbolic link to itself
        if path.is_dir():
            return "it is a folder"
        if not path.parent.is_dir():
            return f"there is no folder {shown(path.parent)}"
        if path.exists() and not (os.access(path, os.W_OK) and path.stat().st_mode & _ANYBODY_WRITES):
            return "it is read-only"
        return next((f"it is {what}" for what, other in taken.items() if _is_same_file(path, other)), None)
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop of symbolic links, before Python 3.13
        return getattr(error, "strerror", None) or str(error)


def _is_same_file(path: Path, other: Path) -> bool:
    """Return whether writing the one overwrites the other; a device such as /dev/null keeps nothing."""
    if path.exists() and other.exists():
        return path.is_file() and path.samefile(other)
    return path.resolve() == other.resolve()


def write_text(option: str, path: Path, text: str | bytes, *, tell: bool = True) -> None:
    """Write one file, and `tell` a terminal that it is there; raise DiskError."""
    try:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    except OSError as error:
        raise DiskError(f"cannot write {shown(path)}: {error.strerror}; choose another file with --{option}") from None
    if tell and on_terminal():
        typer.echo(f"Wrote {shown(path)}", err=True)


def write_history(path: Path, history: History) -> None:
    """Write the history as JSON Lines; raise DiskError."""
    write_text("history", path, "".join(f"{line}\n" for line in history.to_lines()))


def write_reports(paths: Mapping[str, Path | None], history: History, verdict: Verdict, *, opens: bool = False) -> None:
    """Write the reports that were asked for, by name, and perhaps open one; raise DiskError."""
    for name, path in paths.items():
        if path is not None:
            write_text(name, path, report_named(name)(history, verdict))
    if opens:
        open_report(paths)


def open_report(paths: Mapping[str, Path | None]) -> None:
    """Open the first report that a browser shows; say so if there is no browser."""
    import webbrowser  # noqa: PLC0415 - 5 ms that only --open costs

    path = next(path for path in map(paths.get, _SHOWN) if path)
    if not webbrowser.open(path.resolve().as_uri()):
        typer.echo(f"There is no browser here; open {shown(path)} yourself.", err=True)
