"""Reading a small file without being fooled, and replacing one so that a reader sees the old or the new."""

# Every step of every sale comes through here, and Path objects would cost it a fifth.
# ruff: noqa: PTH108, PTH116, PTH208

import contextlib
import errno
import functools
import os
import platform
import re
import stat
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from booking.errors import MalformedStoreError
from booking.storage.paths import refused

MOST_BYTES = 1 << 20
_ANYBODY_READS = 0o444
_ANYBODY_WRITES = 0o222
_BINARY = getattr(os, "O_BINARY", 0)
_READ_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _BINARY  # opening a pipe must not wait for a writer
_CREATE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY  # O_EXCL follows no symbolic link: open(2)
_NOT_A_STORE = {errno.ELOOP, errno.ENAMETOOLONG, errno.ENXIO, errno.EISDIR, errno.EINVAL, errno.EOPNOTSUPP}
_WINDOWS_ATTEMPTS = 1000
_Result = TypeVar("_Result")


def read_small(path: Path) -> bytes:
    """Return the whole content of a regular file of less than 1 MiB.

    Raise MalformedStoreError if the path is a folder, a pipe or a device, too large, or not readable, and DiskError
    if the disk fails.
    """
    try:
        descriptor = _patiently(os.open, str(path), _READ_FLAGS)
        try:
            return os.read(descriptor, _checked_size(os.fstat(descriptor)) + 1)
        finally:
            os.close(descriptor)
    except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
        raise MalformedStoreError(f"{error.strerror}; check the name and its permissions") from None
    except OSError as error:
        if error.errno in _NOT_A_STORE:
            raise MalformedStoreError(f"{error.strerror}; name a JSON file") from None
        raise refused("read", path, error) from None


def _checked_size(status: os.stat_result) -> int:
    if not stat.S_ISREG(status.st_mode):
        raise MalformedStoreError("it is not a regular file; name a JSON file")
    if not status.st_mode & _ANYBODY_READS:  # root may read it all the same, but its owner said no
        raise MalformedStoreError("it has no read permission; use chmod u+rw")
    if status.st_size >= MOST_BYTES:
        raise MalformedStoreError(f"it has {status.st_size} bytes; a store has less than {MOST_BYTES}")
    return status.st_size


def replace(path: Path, content: bytes, *, durable: bool = False) -> None:
    """Replace the content of the file at `path` in one step, keeping its permissions and its owner.

    `path` must be resolved: replacing a symbolic link would not change its target. (Another hard link keeps the old
    content.) With `durable`, return only after file and folder have reached the disk. After any failure a reader finds
    the old content or the new, whole, and no temporary file is left. Raise DiskError; if only the flush of the folder
    failed, the new content is already visible.

    Order of the calls: Pillai et al., "All file systems are not created equal", OSDI 2014.
    """
    name = str(path)
    temporary = temporary_beside(path)
    try:
        before = writable(name)
        try:
            write_new(temporary, content, before, durable=durable)
            _patiently(os.replace, temporary, name)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
        if durable:
            flush_folder(path.parent)
    except OSError as error:
        raise refused("write", path, error) from None


def write_new(temporary: str, content: bytes, before: os.stat_result | None, *, durable: bool) -> None:
    """Write a file that no process reads yet, with the permissions and the owner of `before`; raise OSError."""
    descriptor = os.open(temporary, _CREATE_FLAGS, 0o666 if before is None else stat.S_IMODE(before.st_mode))
    try:
        write_all(descriptor, content)
        if before is not None and os.name == "posix":
            _dress_like(descriptor, before)
        if durable:
            _flush(descriptor)
    finally:
        os.close(descriptor)


def _dress_like(descriptor: int, before: os.stat_result) -> None:
    made = os.fstat(descriptor)  # mostly as it should be, and to change nothing costs a disk a tenth of the write
    if os.geteuid() == 0 and (before.st_uid, before.st_gid) != (made.st_uid, made.st_gid):
        os.fchown(descriptor, before.st_uid, before.st_gid)  # else root would take a file from its owner
        made = os.fstat(descriptor)
    if stat.S_IMODE(made.st_mode) != stat.S_IMODE(before.st_mode):
        os.fchmod(descriptor, stat.S_IMODE(before.st_mode))


def overwrite(path: Path, content: bytes, *, durable: bool = False) -> None:
    """Write `content` into the file at `path` in place: a reader may find it half-written.

    Raise DiskError; the file is then empty or cut short, which is the danger of writing in place.
    """
    try:
        writable(str(path))
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | _BINARY, 0o666)
        try:
            write_all(descriptor, content)
            os.ftruncate(descriptor, len(content))
            if durable:
                _flush(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise refused("write", path, error) from None


def write_all(descriptor: int, content: bytes) -> None:
    """Write all of `content` at the descriptor's position.

    Raise OSError if the disk takes only a part of it: the attempt to write the rest shows why.
    """
    while content:
        written = os.write(descriptor, content)
        if not written:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        content = content[written:]


def writable(path: str) -> os.stat_result | None:
    """Return the status of the file, None if it does not exist; raise OSError if a write in place would fail."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file")
    if not (status.st_mode & _ANYBODY_WRITES and os.access(path, os.W_OK)):  # root may write it, but its owner said no
        raise PermissionError(errno.EACCES, "the file is read-only")
    return status


def _patiently(call: Callable[..., _Result], *args: object) -> _Result:
    """Return what `call` returns. Windows replaces no file that a reader has open: there, try again."""
    if os.name != "posix":
        for _ in range(_WINDOWS_ATTEMPTS):
            with contextlib.suppress(PermissionError):
                return call(*args)
    return call(*args)


def _flush(descriptor: int) -> None:
    getattr(os, "fdatasync", os.fsync)(descriptor)


def flush_folder(folder: Path) -> None:
    """Wait until the names in the folder have reached the disk; raise OSError."""
    if os.name != "posix":  # Windows cannot open a folder; its rename is written through
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make the folder and its parents if they do not exist; raise DiskError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise refused("make", folder, error) from None


def temporary_beside(path: Path) -> str:
    """Return a new name for a temporary file beside `path`, which tells who writes it: the process, and its system.

    Process numbers are unique within one system only: containers and machines that share a folder have their own.
    """
    return f"{path}.{os.getpid()}.{_system()}.{os.urandom(4).hex()}.booking-tmp"


@functools.cache
def _system() -> str:
    """Return what stands for the process numbers of this system: a hash of its boot and its namespace of processes."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
        name = f"{boot}{os.stat('/proc/self/ns/pid').st_ino}"
    except OSError:  # not Linux
        name = platform.node()
    return f"{zlib.crc32(name.encode()):08x}"


def sweep(path: Path, dead: set[int] | None = None) -> int:
    """Remove the temporary files that ended processes left beside `path` and return how many there were.

    `dead` are the process numbers to sweep for; None asks the system which processes are alive. The files of live
    processes and of another system stay, and a symbolic link goes without its target. Raise DiskError if the folder
    cannot be listed.
    """
    pattern = re.compile(rf"{re.escape(path.name)}\.([0-9]+)\.{_system()}\.[0-9a-f]{{8}}\.booking-tmp")
    try:
        found = [(entry, pattern.fullmatch(entry)) for entry in os.listdir(path.parent)]
    except OSError as error:
        raise refused("list", path.parent, error) from None
    removed = 0
    for entry, match in found:
        if match and _is_dead(int(match[1]), dead):
            with contextlib.suppress(OSError):
                path.with_name(entry).unlink()
                removed += 1
    return removed


def _is_dead(pid: int, dead: set[int] | None) -> bool:
    if dead is not None:
        return pid in dead
    if os.name != "posix":  # signal 0 would end the process on Windows: leave what may be in use
        return False
    try:
        os.kill(pid, 0)
    except OSError as error:
        return isinstance(error, ProcessLookupError)
    except OverflowError:  # no process has so large a number
        return True
    return False
