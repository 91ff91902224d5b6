"""Kills at random steps and random moments: each ends in a sentence and an exit status, and nobody is left."""

from pathlib import Path

import pytest
from apart import apart
from trials.random_kills import random_kills


@pytest.mark.often(times=12)
def test_any_kill_ends_in_a_sentence_an_exit_status_and_no_process(times: int, tmp_path: Path) -> None:
    """Whatever dies, and whenever: the sale ends on time, says what happened, and leaves nobody and no file."""
    assert apart(random_kills, times, tmp_path) == []
