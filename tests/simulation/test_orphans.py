"""Whatever ends the parent, and whenever: nobody outlives the sale, and nothing is left in its folder."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from start_methods import METHODS
from trials.parents import WORD, deaths, died

from booking.processes.system import adopting

AT_ONCE = 6
PAYMENT_S = 5.0
"""Seconds for which each buyer would have gone on: the parent of all has to be quicker."""


@pytest.mark.often(times=6)
@pytest.mark.parametrize("method", METHODS)
def test_nobody_outlives_a_parent_that_dies_at_any_moment(method: str, times: int, tmp_path: Path) -> None:
    """As many each of SIGKILL, SIGTERM and Ctrl-C at random moments: no process, no zombie, no file, the right words.

    Those that can be heard end with 130 or 143 and one line, no traceback. How soon is measured in
    benchmarks/torture.py; here it is before the buyers would have ended by themselves.
    """
    with adopting(), ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(lambda d: died(d, method, tmp_path / str(d.number)), deaths(times, method)))
    assert [what for aftermath in found for what in aftermath.wrong] == []
    took = [aftermath.took_s for aftermath in found if aftermath.death.by in WORD]
    assert len(took) == times * 2 // 3
    assert max(took) < PAYMENT_S
