"""What the tests of the office may ask for: offices, which are always closed."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from open_office import OpenOffice


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., OpenOffice]]:
    """Yield what opens an office with these options; all are closed afterwards."""
    with ExitStack() as stack:

        def opening(*options: str) -> OpenOffice:
            office = OpenOffice(tmp_path, *options)
            stack.callback(office.close)
            return office

        yield opening
