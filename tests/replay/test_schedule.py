"""A schedule is written and read strictly: a short string for people, a document with its scenario for files."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from booking.errors import BadInputError, DiskError
from booking.history.schedule import (
    MOST_STEPS,
    SavedSchedule,
    command,
    from_json,
    load,
    parse,
    save,
    to_json,
    to_text,
    validate,
)
from booking.scenario import Scenario

SAVED = SavedSchedule(Scenario(buyers=2, lock="mp"), (1, 2, -2, 1, 1, 1, 1))
TURNS = st.integers(-10_000, 10_000).filter(bool)


@settings(database=None, derandomize=True)
@given(st.lists(TURNS, min_size=1, max_size=50).map(tuple))
def test_what_is_written_is_read_again(schedule: tuple[int, ...]) -> None:
    """The short string and the document both give back the same schedule."""
    assert parse(to_text(schedule)) == schedule
    saved = SavedSchedule(Scenario(), schedule)
    assert from_json(json.loads(json.dumps(to_json(saved)))) == saved


def test_spaces_do_not_matter() -> None:
    """Numbers may stand apart; the shell needs quotes then."""
    assert parse(" 1, 2 ,-2 ") == (1, 2, -2)


@pytest.mark.parametrize(
    ("text", "position", "named"),
    [
        ("", 1, "''"),
        ("1,,2", 2, "''"),
        ("1,2,", 3, "''"),
        ("0", 1, "'0'"),
        ("1,-0", 2, "'-0'"),
        ("1,+2", 2, "'+2'"),
        ("1,02", 2, "'02'"),
        ("1 2", 1, "'1 2'"),
        ("1,2.0", 2, "'2.0'"),
        ("1,x", 2, "'x'"),
        ("1,\u0662", 2, "'\\u0662'"),
        ("1,10001", 2, "10001"),
        ("1,99999999999999999999", 2, "'99999999999999999999'"),
    ],
)
def test_a_string_that_is_no_schedule_is_refused(text: str, position: int, named: str) -> None:
    """The message is one line and names the position and the value."""
    with pytest.raises(BadInputError, match=f"step {position} of the schedule") as caught:
        parse(text)
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("turns", [(), (1,) * (MOST_STEPS + 1)], ids=["none", "too many"])
def test_the_number_of_steps_has_limits(turns: tuple[int, ...]) -> None:
    """A schedule has at least one step, and at most ten thousand."""
    with pytest.raises(BadInputError, match=f"has {len(turns):,} steps"):
        validate(turns)


GOOD = to_json(SAVED)


@pytest.mark.parametrize(
    "document",
    [
        pytest.param([1, 2], id="no object"),
        pytest.param({}, id="nothing"),
        pytest.param({key: GOOD[key] for key in ("schema", "scenario")}, id="no schedule"),
        pytest.param(GOOD | {"extra": 1}, id="an unknown key"),
        pytest.param(GOOD | {"schema": 2}, id="a later schema"),
        pytest.param(GOOD | {"schema": True}, id="a schema that is no number"),
        pytest.param(GOOD | {"schedule": "1,2"}, id="a schedule that is a string"),
        pytest.param(GOOD | {"schedule": []}, id="an empty schedule"),
        pytest.param(GOOD | {"schedule": [1, 0]}, id="buyer 0"),
        pytest.param(GOOD | {"schedule": [1, True]}, id="a buyer that is true"),
        pytest.param(GOOD | {"schedule": [1, 1.0]}, id="a buyer that is a fraction"),
        pytest.param(GOOD | {"schedule": [1, None]}, id="a buyer that is nothing"),
        pytest.param(GOOD | {"scenario": []}, id="a scenario that is no object"),
        pytest.param(GOOD | {"scenario": {"buyers": 0}}, id="no buyers"),
        pytest.param(GOOD | {"scenario": {"lock": 3}}, id="a lock that is no name"),
        pytest.param(GOOD | {"scenario": {"colour": "red"}}, id="an unknown part of a scenario"),
    ],
)
def test_a_document_that_is_no_schedule_is_refused(document: object, tmp_path: Path) -> None:
    """Nothing is guessed: every key and every value has to be right."""
    path = tmp_path / "schedule.json"
    path.write_text(json.dumps(document))
    with pytest.raises(BadInputError, match="cannot use the schedule") as caught:
        load(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"1,2,1", b"\xff\xfe", b"[" * 100_000, b'{"schema": 1'])
def test_a_file_that_is_no_json_is_refused(content: bytes, tmp_path: Path) -> None:
    """The message names the file and how to make a right one."""
    path = tmp_path / "schedule.json"
    path.write_bytes(content)
    with pytest.raises(BadInputError, match=r"schedule\.json"):
        load(path)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    """A missing file, a folder and a pipe without a writer are refused at once."""
    os.mkfifo(tmp_path / "pipe")
    for name in ("absent.json", ".", "pipe"):
        with pytest.raises(BadInputError, match="cannot use the schedule"):
            load(tmp_path / name)


def test_a_schedule_is_saved_and_loaded(tmp_path: Path) -> None:
    """The file holds the scenario too, and a folder that does not exist is a failure of the disk."""
    save(tmp_path / "schedule.json", SAVED)
    assert load(tmp_path / "schedule.json") == SAVED
    with pytest.raises(DiskError, match=r"absent.*choose another file"):
        save(tmp_path / "absent" / "schedule.json", SAVED)


def test_the_command_says_everything_that_matters() -> None:
    """Permits only where they differ; a schedule that begins with a death stands behind the options."""
    race = Scenario(buyers=3)
    assert command(race, (1, 2)) == "booking replay 1,2 --buyers 3 --tickets 1 --lock none --store json"
    several = Scenario(buyers=3, lock="semaphore", permits=2)
    assert "--lock semaphore --permits 2 " in command(several, (1,))
    assert command(race, (-1, 2)).endswith("--store json -- -1,2")
