"""What every test may ask for: a store of its own, and processes that are always brought home."""

import os
import signal
import sys
from collections.abc import Iterator
from multiprocessing.context import BaseContext
from pathlib import Path

import pytest
from hypothesis import settings

# Spawned children import what they run by name: `children.py` has to be found from there too.
sys.path.insert(0, str(Path(__file__).parent))

from children import Family

# A loaded machine is slow, which is no failure; and in continuous integration every run tries the same examples.
settings.register_profile("house", deadline=None, database=None, derandomize="CI" in os.environ)
settings.load_profile("house")


def pytest_configure() -> None:
    """Heed Ctrl-C, and let every program that a test starts heed it: whoever runs in the background ignores it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """Return the path of a fresh store with one ticket."""
    path = tmp_path / "db.json"
    path.write_bytes(b'{"count": 1}\n')
    return path


@pytest.fixture
def family() -> Iterator[Family]:
    """Yield a starter of child processes; those alive at the end of the test are killed, and all are reaped."""
    with Family() as members:
        yield members


def pytest_make_parametrize_id(val: object) -> str | None:
    """Show start methods by their name, so that a test's id reads like a sentence."""
    return val.get_start_method() if isinstance(val, BaseContext) else None
