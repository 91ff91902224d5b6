"""Cells in memory that real processes share: one mapping of a file, 64 bits for each cell.

A read or a write of a plain cell moves eight aligned bytes at once. That is no proof for a processor: it may make the
writes of one process visible later than its own reads (x86, ARM), and what a run shows is what happened. An operation
on an atomic cell holds the kernel's lock on the bytes of that cell (fcntl), so it is atomic between processes, and a
process that is killed in the middle gives the lock back. The file is private to the run and is removed after it.
"""

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from mmap import mmap
from pathlib import Path

from booking import cells
from booking.cells import Access, Value
from booking.errors import BadInputError

_WORD = 8
_IN_MEMORY = Path("/dev/shm")  # noqa: S108 - the file's name is random, and only its owner may open it


@contextmanager
def cell_file(lock: type, buyers: int, extra: int = 0) -> Iterator[Path]:
    """Make a file with the first values of a lock's cells and so many more words, all 0, and remove it afterwards."""
    first = [*cells.cells_in(lock, buyers).values(), *[0] * extra]
    folder = _IN_MEMORY if _IN_MEMORY.is_dir() else None
    handle, name = tempfile.mkstemp(".booking-cells", dir=folder)
    try:
        with open(handle, "wb") as file:  # noqa: PTH123 - it is a descriptor
            file.write(b"".join(bits.to_bytes(_WORD, "little", signed=True) for bits in first or [0]))
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


class CellMemory:
    """The world of one process among others: its cells lie in a file that all of them have mapped.

    A process opens its own, after a fork. `words` are all cells, and behind them the extra words. A process that reads
    the same again, with no write in between, gives way to others (`os.sched_yield`).
    """

    def __init__(self, lock: type, buyers: int, path: Path) -> None:
        self.buyers = buyers
        names = list(cells.cells_in(lock, buyers))
        self.places = {cell: place for place, cell in enumerate(names)}
        self._file = path.open("r+b", buffering=0)
        self._mapping = mmap(self._file.fileno(), 0)
        self.words = memoryview(self._mapping).cast("q")
        self._fence = threading.Lock()
        self._seen: dict[int, int] = {}

    def access(self, access: Access) -> Value:
        """Make the access, one step."""
        if not access.name:
            with self._fence:  # an atomic instruction, before which all writes have become visible
                return None
        place = self.places[access.name, access.at]
        if access.kind == "write":
            self.words[place] = cells.pack(access.value)
            self._seen.clear()
            return None
        if access.kind in {"read", "get"}:
            return cells.unpack(self._looked(place, self.words[place]))
        with self._held(place):
            old = self.words[place]
            bits, told = cells.apply(access, old)
            self.words[place] = bits
        if bits == old:
            self._looked(place, bits)
        else:
            self._seen.clear()
        return told

    def _looked(self, place: int, bits: int) -> int:
        """Return what was read, and give way if that was known."""
        if self._seen.get(place) == bits:
            _give_way()
        else:
            self._seen[place] = bits
        return bits

    @contextmanager
    def _held(self, place: int) -> Iterator[None]:
        """Hold the kernel's lock on the bytes of a cell."""
        try:
            from fcntl import LOCK_EX, LOCK_UN, lockf  # noqa: PLC0415 - not on Windows
        except ImportError:
            raise BadInputError("atomic cells need a system with fcntl; use plain cells here") from None
        lockf(self._file, LOCK_EX, _WORD, place * _WORD)
        try:
            yield
        finally:
            lockf(self._file, LOCK_UN, _WORD, place * _WORD)

    def extra(self) -> list[int]:
        """Return the words behind the cells."""
        return list(self.words[len(self.places) :])

    def close(self) -> None:
        """Unmap the file."""
        self.words.release()
        self._mapping.close()
        self._file.close()


_give_way = getattr(os, "sched_yield", lambda: None)
