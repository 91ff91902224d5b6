"""The files that a command writes beside its answer: checked before the work, written after it."""

import os
from collections.abc import Mapping
from pathlib import Path

from booking.errors import BadInputError, DiskError
from booking.history.history import History
from booking.history.verdict import Verdict
from booking.registry import report_named
from booking.storage.paths import shown

_ANYBODY_WRITES = 0o222


def require_writable(paths: Mapping[str, Path | None]) -> None:
    """Raise BadInputError where one of these files, by the name of its option, cannot be written."""
    for option, path in paths.items():
        if path is not None and (why := _obstacle(path)):
            raise BadInputError(f"cannot write {shown(path):.200}: {why}; choose another file with --{option}")


def _obstacle(path: Path) -> str | None:
    try:
        if path.is_dir():
            return "it is a folder"
        if not path.parent.is_dir():
            return f"there is no folder {shown(path.parent)}"
        if path.exists() and not (os.access(path, os.W_OK) and path.stat().st_mode & _ANYBODY_WRITES):
            return "it is read-only"
    except OSError as error:
        return error.strerror or str(error)
    return None


def write_text(option: str, path: Path, text: str) -> None:
    """Write one file; raises DiskError."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise DiskError(f"cannot write {shown(path)}: {error.strerror}; choose another file with --{option}") from None


def write_history(path: Path, history: History) -> None:
    """Write the history as JSON Lines; raises DiskError."""
    write_text("history", path, "".join(f"{line}\n" for line in history.to_lines()))


def write_reports(paths: Mapping[str, Path | None], history: History, verdict: Verdict) -> None:
    """Write the reports that were asked for, by name; raises DiskError."""
    for name, path in paths.items():
        if path is not None:
            write_text(name, path, report_named(name)(history, verdict))
