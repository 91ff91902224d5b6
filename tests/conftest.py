"""What every test may ask for: a store of its own, and processes that are always brought home."""

import gc
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


MOST_WORKERS = 4
"""Tests that hold sales start processes by the dozen, so more workers than this are in each other's way."""
WAITING = 1
"""Workers beyond the number of cores: at any moment some test waits for a time-out or a payment."""
LONGER = 5
"""How many times as many trials `-m slow` makes."""


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return a worker for each core and one more; none if files are named, so that they start at once."""
    everything = config.args_source is not pytest.Config.ArgsSource.ARGS
    return min(len(os.sched_getaffinity(0)) + WAITING, MOST_WORKERS) if everything else 0


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test that is tried often its number of trials: few by default, many with `-m slow`."""
    for marker in metafunc.definition.iter_markers("often"):
        few = marker.kwargs["times"]
        many = pytest.param(few * LONGER, marks=[pytest.mark.slow, pytest.mark.timeout(900)])
        metafunc.parametrize("times", [few, many])


def pytest_collection_finish() -> None:
    """Keep the collector of a forked buyer away from what pytest has collected: it would copy every page of it."""
    gc.collect()
    gc.freeze()


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


@pytest.fixture(autouse=True)
def colours_of_its_own() -> Iterator[None]:
    """Let no test inherit the choice of colours that a command in another one has made."""
    before = {name: os.environ.get(name) for name in ("NO_COLOR", "FORCE_COLOR")}
    yield
    for name, value in before.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value
