"""Compare and swap on a file, without a lock: versions that are published by exclusive links.

Version 0 is the store's file itself, and version n is the file `<store>.<n>.booking-link`. To write version n + 1 is
to finish a temporary file and to give it that name with link(2), which fails if the name is taken. So exactly one of
all who read version n writes the next one, at the moment of the link, and no reader sees half a file. A writer that is
killed before that moment has changed nothing, and afterwards it has lost nothing. (Opening the name with O_EXCL and
writing then would show an empty file in between.) The latest version is the one whose successor is
absent. Versions only grow while a sale lasts; afterwards the parent, alone, merges them into the store's file.
"""

# Every read of every sale asks whether there are links, and Path objects would cost it a fifth.
# ruff: noqa: PTH108, PTH116, PTH208

import contextlib
import errno
import os
import re
from pathlib import Path

from booking.storage import files
from booking.storage.paths import refused


def version_path(path: Path, version: int) -> str:
    """Return the name of this version of the store at `path`."""
    return f"{path}.{version}.booking-link" if version else str(path)


def latest(path: Path, known: int = 0) -> int:
    """Return the latest version; `known` is one seen before, from which the search begins if it is still there.

    Versions have no gaps, so the search doubles its steps, then halves them. The answer was the latest version at
    some moment during the call. Raise DiskError.
    """
    try:
        if known and not _exists(path, known):  # merged meanwhile: the versions begin again
            known = 0
        stride = 1
        while _exists(path, known + stride):
            known += stride
            stride *= 2
        while stride := stride // 2:
            known += stride * _exists(path, known + stride)
    except OSError as error:
        raise refused("read", path, error) from None
    return known


def publish(path: Path, version: int, content: bytes, *, durable: bool = False) -> bool:
    """Make `content` this version of the store, whole; return False if another process has published it already.

    Raise DiskError, also if the file system has no links; if only the flush of the folder failed, the version
    is published already.
    """
    temporary = files.temporary_beside(path)
    try:
        try:
            files.write_new(temporary, content, files.writable(str(path)), durable=durable)
            os.link(temporary, version_path(path, version))
        except FileExistsError:
            return False
        finally:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        if durable:
            files.flush_folder(path.parent)
    except OSError as error:
        raise refused("write", path, error) from None
    return True


def merge(path: Path) -> int:
    """Make the latest version the store's file, remove the links, and return how many there were.

    Only a process that is alone with the store may merge. An interruption loses nothing: the store's file is replaced
    first, and then the lowest link is removed, without which no other counts. Links beside a store that does not exist
    are removed. Raise DiskError.
    """
    try:
        pattern = re.compile(rf"{re.escape(path.name)}\.([1-9][0-9]*)\.booking-link", re.ASCII)
        versions = sorted(int(found[1]) for entry in os.listdir(path.parent) if (found := pattern.fullmatch(entry)))
        if not versions:
            return 0
        last = latest(path)
        if last and path.exists():
            files.replace(path, files.read_small(Path(version_path(path, last))))
        for version in versions:
            os.unlink(version_path(path, version))
    except OSError as error:
        raise refused("tidy up beside", path, error) from None
    return len(versions)


def _exists(path: Path, version: int) -> bool:
    try:
        os.stat(version_path(path, version))
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:  # the store's own name may be short enough; a link has never been made
            return False
        raise
    return True
