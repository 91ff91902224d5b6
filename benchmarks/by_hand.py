"""What one writes oneself instead of this project: files by hand, and how quick files can be at all."""

# Done by hand means plain calls on plain names.
# ruff: noqa: PTH105, PTH120, PTH123

import fcntl
import json
import os
from pathlib import Path

from way import Way

MOST_BYTES = 4096
POLL_S = 0.01
"""How often `--lock file` asks; see booking/locks/filelock.py."""


class ByHand(Way):
    """What we do, in the plainest Python: the kernel's flock, a temporary file, and a replacement."""

    def enter(self) -> None:
        """Open the lock file, and name the temporary one."""
        self.lock = os.open(self.path + ".lock", os.O_RDWR | os.O_CREAT, 0o644)
        self.temporary = f"{self.path}.{os.getpid()}.tmp"

    def buy(self) -> bool:
        """Load, dump beside, replace."""
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        try:
            return self.bought()
        finally:
            fcntl.flock(self.lock, fcntl.LOCK_UN)

    def bought(self) -> bool:
        """Buy, under the lock."""
        with open(self.path, encoding="utf-8") as file:
            document = json.load(file)
        if document["count"] < 1:
            return False
        document["count"] -= 1
        with open(self.temporary, "w", encoding="utf-8") as file:
            json.dump(document, file)
        os.replace(self.temporary, self.path)
        return True


class ByLibrary(ByHand):
    """The same behind the library's own lock instead of flock, made as `--lock file` makes it."""

    def prepare(self, folder: Path, tickets: int) -> None:
        """Import the library before the fork, as a program does."""
        super().prepare(folder, tickets)
        import filelock  # noqa: F401, PLC0415

    def enter(self) -> None:
        """Make the lock, and name the temporary file."""
        from filelock import FileLock  # noqa: PLC0415

        self.library = FileLock(self.path + ".lock", poll_interval=POLL_S)
        self.temporary = f"{self.path}.{os.getpid()}.tmp"

    def buy(self) -> bool:
        """Load, dump beside, replace."""
        with self.library:
            return self.bought()


class Leanest(ByHand):
    """The same in as few and as cheap calls as Python has, and nothing checked; durable, it flushes as we do."""

    def __init__(self, *, durable: bool = False) -> None:
        self.durable = durable

    def enter(self) -> None:
        """Open the folder, too, which stays open."""
        super().enter()
        self.folder = os.open(os.path.dirname(self.path), os.O_RDONLY)

    def buy(self) -> bool:
        """Read, write beside, replace."""
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        descriptor = os.open(self.path, os.O_RDONLY)
        document = json.loads(os.read(descriptor, MOST_BYTES))
        os.close(descriptor)
        if left := document["count"]:
            document["count"] -= 1
            descriptor = os.open(self.temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
            os.write(descriptor, json.dumps(document).encode())
            if self.durable:
                os.fdatasync(descriptor)
            os.close(descriptor)
            os.replace(self.temporary, self.path)
            if self.durable:
                os.fsync(self.folder)
        fcntl.flock(self.lock, fcntl.LOCK_UN)
        return bool(left)


class Limit(Way):
    """The kernel's flock and one number in a file that stays open: as fast as Python and files can be."""

    def prepare(self, folder: Path, tickets: int) -> None:
        """Write the number in ten digits."""
        self.path = str(folder / "count")
        Path(self.path).write_text(f"{tickets:010}", "ascii")

    def enter(self) -> None:
        """Open the file, which is its own lock."""
        self.file = os.open(self.path, os.O_RDWR)

    def buy(self) -> bool:
        """Read and write at the same place."""
        fcntl.flock(self.file, fcntl.LOCK_EX)
        count = int(os.pread(self.file, 10, 0))
        if count > 0:
            os.pwrite(self.file, b"%010d" % (count - 1), 0)
        fcntl.flock(self.file, fcntl.LOCK_UN)
        return count > 0

    def left(self) -> int:
        """Read the number."""
        return int(Path(self.path).read_bytes())
