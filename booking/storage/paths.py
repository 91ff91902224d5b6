"""What the system or we refuse to do with a path, in words that name the path and the remedy."""

import errno
import os
import stat
import warnings
from pathlib import Path

from booking.errors import DiskError


def shown(path: str | Path) -> str:
    """Return the path as it can be printed on one line: control characters are escaped."""
    text = str(path)
    return text if text.isprintable() else ascii(text)


def train_path(path: Path, train: int) -> Path:
    """Return the file of this train, counted from 1, beside that of the first: `db.json`, `db-2.json`, `db-3.json`."""
    return path if train == 1 else path.with_name(f"{path.stem}-{train}{path.suffix}")


def refused(verb: str, path: Path, error: OSError) -> DiskError:
    """Return the failure for what the system refused, with the path and the remedy."""
    remedy = {
        errno.ENOENT: "check the name",
        errno.EACCES: "check its permissions",
        errno.EPERM: "check its permissions",
        errno.ENOSPC: "make room on the disk",
        errno.EDQUOT: "make room within your quota",
        errno.EFBIG: "raise the limit on file sizes",
        errno.EROFS: "choose a disk that can be written",
        errno.ELOOP: "a symbolic link is not followed here: name the file itself",
    }.get(error.errno or 0, "choose another file with --db")
    return DiskError(f"cannot {verb} {shown(path)}: {error.strerror or error}; {remedy}")


def warn_of_shared_folder(path: Path) -> None:
    """Warn if other users could swap the file at `path`, because its folder is theirs or everybody may write in it.

    A sticky folder keeps users from each other's files. Python shows the same warning only once.
    """
    folder = path.parent
    if os.name != "posix" or not folder.is_dir():
        return
    status = folder.stat()
    if status.st_uid not in {0, os.geteuid()}:
        problem = f"the folder belongs to user {status.st_uid}, who may swap files in it"
    elif status.st_mode & stat.S_IWOTH and not status.st_mode & stat.S_ISVTX:
        problem = "every user may swap files in this folder"
    else:
        return
    warnings.warn(f"{shown(folder)}: {problem}; to be alone, name a folder with --db", SharedFolderWarning, 2)


class SharedFolderWarning(UserWarning):
    """Other users could swap the store or its lock file."""
