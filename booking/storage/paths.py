"""What the system or we refuse to do with a path, in words that name the path and the remedy."""

import errno
import functools
import os
import stat
from pathlib import Path

from booking.errors import DiskError


def shown(path: str | Path) -> str:
    """Return the path as it can be printed on one line: control characters are escaped."""
    text = str(path)
    return text if text.isprintable() else ascii(text)


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


@functools.cache
def require_own_folder(path: str) -> None:
    """Raise DiskError where others could swap the file at `path`: asked once per process, then remembered.

    Its folder has to belong to this user or to root, and where everybody may write, its sticky bit has to
    keep them from each other's files. Raises OSError where there is no such folder.
    """
    if os.name != "posix":
        return
    folder = Path(path).parent
    status = folder.stat()
    if status.st_uid not in {0, os.geteuid()}:
        problem = f"the folder belongs to user {status.st_uid}, not to you"
    elif status.st_mode & stat.S_IWOTH and not status.st_mode & stat.S_ISVTX:
        problem = "every user may swap files in this folder; chmod o-w it"
    else:
        return
    raise DiskError(f"cannot use {shown(folder)}: {problem}, or choose a folder of your own with --db")
