"""Whether somebody is looking."""

import sys


def on_terminal() -> bool:
    """Return whether somebody may be looking at standard error."""
    return sys.stderr is not None and sys.stderr.isatty()
