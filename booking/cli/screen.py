"""What the terminal shows besides a command's answer: progress, on standard error and only on a terminal."""

import sys
from collections.abc import Iterator


def progress(total: int) -> Iterator[int]:
    """Yield 0, 1, ... `total` - 1 and show how far it is, where somebody can see it and it is worth it."""
    shown = total > 1 and sys.stderr.isatty()
    for done in range(total):
        if shown:
            sys.stderr.write(f"\r{done:,} of {total:,}")
            sys.stderr.flush()
        yield done
    if shown:
        sys.stderr.write("\r" + " " * 40 + "\r")
