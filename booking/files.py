"""Reading a small file without being fooled, and replacing one so that a reader sees the old or the new."""

import contextlib
import errno
import os
import re
import stat
from pathlib import Path

from booking.errors import DiskError, MalformedStoreError

MOST_BYTES = 1 << 20
_TEMPORARY = ".{name}.{pid}.booking-tmp"
_ANYBODY_READS = 0o444
_ANYBODY_WRITES = 0o222
_READ_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_CREATE_FLAGS = (
    os.O_WRONLY
    | os.O_CREAT
    | os.O_EXCL
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


def read_small(path: Path) -> bytes:
    """Return the whole content of a regular file of at most 1 MiB.

    Raises MalformedStoreError where the path is a folder, a pipe or a device, or too large, and DiskError where
    the system refuses to open or read it.
    """
    try:
        descriptor = os.open(path, _READ_FLAGS)
        try:
            return os.read(descriptor, _checked_size(os.fstat(descriptor)) + 1)
        finally:
            os.close(descriptor)
    except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
        raise MalformedStoreError(f"{error.strerror}; check the name and its permissions") from None
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENAMETOOLONG, errno.ENXIO, errno.EISDIR, errno.EINVAL}:
            raise MalformedStoreError(f"{error.strerror}; name a JSON file") from None
        raise refused("read", path, error) from None


def _checked_size(status: os.stat_result) -> int:
    if not stat.S_ISREG(status.st_mode):
        raise MalformedStoreError("it is not a regular file; name a JSON file")
    if not status.st_mode & _ANYBODY_READS:  # root may read it all the same, but its owner said no
        raise MalformedStoreError("its permissions let nobody read it; use chmod u+rw")
    if status.st_size >= MOST_BYTES:
        raise MalformedStoreError(f"it has {status.st_size} bytes; a store has less than {MOST_BYTES}")
    return status.st_size


def replace(path: Path, content: bytes, *, durable: bool = False) -> None:
    """Make `content` the content of the file at `path` in one step, keeping its permissions.

    `path` has to be resolved already: replacing a symbolic link would leave its target as it was. With
    `durable` the call returns only when file and folder have reached the disk. On any failure the old content
    stands and no temporary file is left. Raises DiskError.

    Order of the calls: Pillai et al., "All file systems are not created equal", OSDI 2014.
    """
    temporary = temporary_beside(path)
    try:
        try:
            _write_new(temporary, content, _permissions(path), durable=durable)
            os.replace(temporary, path)  # noqa: PTH105 - the hot path of every sale; Path objects cost a fifth
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)  # noqa: PTH108
            raise
        if durable:
            _flush_folder(path.parent)
    except OSError as error:
        raise refused("write", path, error) from None


def _write_new(temporary: str, content: bytes, permissions: int, *, durable: bool) -> None:
    descriptor = _create(temporary, permissions)
    try:
        write_all(descriptor, content)
        if os.name == "posix":
            os.fchmod(descriptor, permissions)
        if durable:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _create(temporary: str, permissions: int) -> int:
    try:
        return os.open(temporary, _CREATE_FLAGS, permissions)
    except FileExistsError:  # left by an ended process that had our number
        os.unlink(temporary)  # noqa: PTH108
        return os.open(temporary, _CREATE_FLAGS, permissions)


def overwrite(path: Path, content: bytes, *, durable: bool = False) -> None:
    """Make `content` the content of the file at `path` where it lies: a reader may meet it half-written.

    Raises DiskError; the file is then empty or cut short, which is the danger of writing in place.
    """
    try:
        _permissions(path)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
        try:
            if content:
                write_all(descriptor, content)
            os.ftruncate(descriptor, len(content))
            if durable:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise refused("write", path, error) from None


def write_all(descriptor: int, content: bytes) -> None:
    """Write all of `content` at the descriptor's position; raises OSError where the disk takes only a part."""
    if os.write(descriptor, content) != len(content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _permissions(path: Path) -> int:
    """Return the permissions of the file; one that nobody may write is refused, as a write in place would be."""
    try:
        mode = stat.S_IMODE(os.stat(path).st_mode)  # noqa: PTH116
    except FileNotFoundError:
        return 0o644
    if not os.access(path, os.W_OK) or not mode & _ANYBODY_WRITES:
        raise PermissionError(errno.EACCES, "the file is read-only")
    return mode


def _flush_folder(folder: Path) -> None:
    if os.name != "posix":  # Windows cannot open a folder; its rename is written through
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def temporary_beside(path: Path) -> str:
    """Return the name of this process's temporary file beside `path`; it tells whose it is."""
    return os.path.join(path.parent, _TEMPORARY.format(name=path.name, pid=os.getpid()))  # noqa: PTH118


def sweep(path: Path, dead: set[int] | None = None) -> int:
    """Remove the temporary files that ended processes left beside `path` and return how many there were.

    `dead` are the process numbers to sweep for; None asks the system which processes are alive.
    """
    pattern = re.compile(re.escape(f".{path.name}.") + r"(\d+)\.booking-tmp")
    swept = 0
    for entry in path.parent.iterdir():
        match = pattern.fullmatch(entry.name)
        if match and _is_dead(int(match[1]), dead):
            with contextlib.suppress(OSError):
                entry.unlink()
                swept += 1
    return swept


def _is_dead(pid: int, dead: set[int] | None) -> bool:
    if dead is not None:
        return pid in dead
    if os.name != "posix":  # signal 0 would end the process on Windows: leave what may be in use
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


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
    return DiskError(f"cannot {verb} {path}: {error.strerror or error}; {remedy}")
