"""A history file gives back the history that was written, and anything else gives one line and no traceback."""

import json
import pickle
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from booking.errors import BadInputError
from booking.history.history import Ending, Event, History
from booking.purchase import Outcome
from booking.scenario import Scenario
from booking.steps import BLOCKED, PAY, TORN, Step

SMALL = History(
    scenario=Scenario(buyers=2, lock="mp"),
    events=(
        Event(1, 1000, 1, 71, Step.LOOK, "call"),
        Event(2, 1010, 1, 71, Step.LOOK, "return", 1),
        Event(3, 1020, 2, 72, Step.ACQUIRE, "return", BLOCKED),
        Event(4, 1030, 2, 72, Step.READ, "return", TORN),
        Event(5, 1040, 1, 71, PAY, "call"),
    ),
    endings=(
        Ending(1, 71, Outcome.UNKNOWN, exitcode=-9),
        Ending(2, 72, Outcome.TORN_READ, exitcode=None, alive=True, error="no room"),
    ),
    counts_left=(None,),
    elapsed_s=0.25,
    timed_out=True,
    start_method="fork",
    versions={"python": "3.11"},
)


def text_of(history: History) -> str:
    """Return the content of a history file."""
    return "".join(line + "\n" for line in history.to_lines())


def parsed(text: str) -> History | str:
    """Return the history in a file's content, or the one printable line that refuses it."""
    try:
        return History.from_lines(text.splitlines())
    except BadInputError as error:
        message = str(error)
        assert message.isprintable()
        assert len(message) < 300
        return message


counts = st.integers(0, 10**9)
values = st.none() | counts | st.sampled_from([TORN, BLOCKED])
numbers = st.integers(1, 2**40)


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """Return any scenario of a few buyers."""
    pay = sorted(draw(st.tuples(st.floats(0, 3600), st.floats(0, 3600))))
    return Scenario(
        buyers=draw(st.integers(1, 4)),
        tickets=draw(counts),
        lock=draw(st.text()),
        store=draw(st.text()),
        pay=(pay[0], pay[1]),
        seed=draw(st.none() | st.integers()),
        permits=draw(st.integers(1, 10_000)),
    )


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Return any history whose events are in order and name only its buyers."""
    scenario = draw(scenarios())
    buyers = st.integers(1, scenario.buyers)
    steps = st.sampled_from([*map(str, Step), PAY])
    phases = st.sampled_from(["call", "return"])
    rest = draw(st.lists(st.tuples(numbers, buyers, numbers, steps, phases, values), max_size=8))
    endings = st.builds(
        Ending, st.just(0), numbers, st.sampled_from(Outcome), st.none() | st.integers(-64, 255), st.booleans(),
        st.none() | st.text(),
    )  # fmt: skip
    return History(
        scenario=scenario,
        events=tuple(Event(seq, *part) for seq, part in enumerate(rest, 1)),  # type: ignore[arg-type]
        endings=tuple(
            Ending(buyer, each.pid, each.outcome, each.exitcode, each.alive, each.error)
            for buyer, each in enumerate(draw(st.lists(endings, min_size=scenario.buyers, max_size=scenario.buyers)), 1)
        ),
        counts_left=tuple(draw(st.none() | counts) for _ in range(scenario.trains)),
        elapsed_s=draw(st.floats(0, 1e6)),
        timed_out=draw(st.booleans()),
        start_method=draw(st.sampled_from(["fork", "spawn", "forkserver", ""])),
        versions=draw(st.dictionaries(st.text(), st.text(), max_size=3)),
    )


def test_a_history_can_be_sent_to_another_process() -> None:
    """Also one that names no versions, as a prediction does."""
    history = History(Scenario(), (), (), (1,))
    assert pickle.loads(pickle.dumps(history)) == history  # noqa: S301 - our own bytes


@settings(max_examples=40)
@given(histories())
def test_what_was_written_is_read_back(history: History) -> None:
    """Every field of every event and ending survives, and the file is plain ASCII with one object per line."""
    text = text_of(history)
    assert text.isascii()
    assert parsed(text) == history
    assert len(text.splitlines()) == 1 + len(history.events) + len(history.endings)
    assert all(isinstance(json.loads(line), dict) for line in text.splitlines())


def test_a_history_cut_short_anywhere_is_refused() -> None:
    """Cut at every byte: one line each time, except where only the last line's end is missing."""
    text = text_of(SMALL)
    found = [parsed(text[:length]) for length in range(len(text) + 1)]
    assert [length for length, each in enumerate(found) if each == SMALL] == [len(text) - 1, len(text)]
    assert all(isinstance(each, str) for each in found[:-2])


@pytest.mark.parametrize("number", range(9))
def test_a_history_without_one_of_its_lines_is_refused_or_shorter(number: int) -> None:
    """SMALL has a header (0), events (1-5) and endings (6-7); only an event can be missing unnoticed.

    Line 8 does not exist: nothing is removed and the history is whole.
    """
    lines = list(SMALL.to_lines())
    found = parsed("\n".join(lines[:number] + lines[number + 1 :]))
    assert isinstance(found, History) is (number in {1, 2, 3, 4, 5, 8})


HOSTILE: list[Any] = [
    None, True, -1, 0, 1.5, 10**30, float("nan"), float("inf"), "", "x", "\x1b[2J\n", [], [1], [[]], {}, {"a": []},
    "bought", "return", "look",
]  # fmt: skip


@pytest.mark.parametrize("line", [0, 1, 7], ids=["header", "event", "ending"])
@pytest.mark.parametrize("value", HOSTILE, ids=repr)
def test_no_value_in_no_place_causes_more_than_a_line(line: int, value: Any) -> None:  # noqa: ANN401
    """Each key of each kind of line with each hostile value: a history or one line, never a traceback."""
    lines = [json.loads(each) for each in SMALL.to_lines()]
    for key in lines[line]:
        changed = [*lines[:line], lines[line] | {key: value}, *lines[line + 1 :]]
        found = parsed("\n".join(map(json.dumps, changed)))
        if isinstance(found, History):
            assert parsed(text_of(found)) == found


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"schema": 2}, "schema 2", id="schema-of-the-future"),
        pytest.param({"schema": True}, "schema True", id="schema-true"),
        pytest.param({"events": []}, "line 1 is not the header", id="header-with-another-key"),
        pytest.param({"elapsed_s": float("nan")}, "line 1 is not the header", id="elapsed-nan"),
        pytest.param({"elapsed_s": -1}, "line 1 is not the header", id="elapsed-negative"),
        pytest.param({"scenario": {"buyers": 0}}, "buyers is 0", id="no-buyers"),
        pytest.param({"scenario": {"colour": 1}}, "no 'colour'", id="scenario-with-another-key"),
        pytest.param({"scenario": {"buyers": 3}}, "2 endings for 3 buyers", id="an-ending-too-few"),
        pytest.param({"scenario": {"buyers": 1}}, "2 endings for 1 buyers", id="an-ending-too-many"),
    ],
)
def test_the_message_says_what_is_wrong_with_a_header(change: dict[str, Any], message: str) -> None:
    """The refusal names the value."""
    header, *rest = SMALL.to_lines()
    assert message in str(parsed("\n".join([json.dumps(json.loads(header) | change), *rest])))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"buyer": 3}, "names buyer 3; the sale has 1 to 2", id="a-stranger"),
        pytest.param({"buyer": 0}, "names buyer 0", id="buyer-nobody"),
        pytest.param({"step": "dance"}, "line 2 is not an event", id="unknown-step"),
        pytest.param({"phase": "middle"}, "line 2 is not an event", id="unknown-phase"),
        pytest.param({"value": "5"}, "line 2 is not an event", id="value-in-words"),
        pytest.param({"colour": 1}, "line 2 is not an event", id="another-key"),
        pytest.param({"seq": 2}, "not in order", id="seq-twice"),
        pytest.param({"seq": 9}, "not in order", id="seq-backwards"),
    ],
)
def test_the_message_says_what_is_wrong_with_an_event(change: dict[str, Any], message: str) -> None:
    """The refusal names the line or the value."""
    header, event, *rest = SMALL.to_lines()
    assert message in str(parsed("\n".join([header, json.dumps(json.loads(event) | change), *rest])))


def test_an_empty_history_is_refused() -> None:
    """The remedy is the command that writes one."""
    assert parsed("") == "the history is empty; write one with `booking run --history FILE`"


@pytest.mark.parametrize("depth", [10, 900, 950, 980, 1000, 100_000])
@pytest.mark.parametrize("line", [0, 1, 7], ids=["header", "event", "ending"])
@pytest.mark.parametrize("key", ["scenario", "value", "outcome", "schema", "pid"])
def test_nesting_breaks_nothing(line: int, key: str, depth: int) -> None:
    """Brackets beyond the decoder's depth, or just below it, are a line like any other."""
    lines = list(SMALL.to_lines())
    lines[line] = f'{lines[line][:-1]}, "{key}": {"[" * depth}{"]" * depth}}}'
    assert isinstance(parsed("\n".join(lines)), str)


fragments = st.sampled_from(
    [
        "",
        "{",
        "}",
        "[",
        "]",
        '"',
        ",",
        ":",
        "\n",
        "0",
        "-",
        "1e999",
        "NaN",
        "null",
        "true",
        "\\",
        "\x00",
        "\x1b[2J",
        "é",
        "\ud800",
        "9" * 5000,
    ]
)
edits = st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 60), fragments), min_size=1, max_size=4)


@given(edits)
@example([(0, 0, "\ufeff")])
@settings(max_examples=500)
def test_no_edit_causes_more_than_a_line(changes: list[tuple[int, int, str]]) -> None:
    """Cut out and put in anything anywhere: a history that can be written again, or one line."""
    text = text_of(SMALL)
    for start, length, fragment in changes:
        begin = start % (len(text) + 1)
        text = text[:begin] + fragment + text[begin + length :]
    found = parsed(text)
    if isinstance(found, History):
        assert parsed(text_of(found)) == found


@given(st.lists(st.integers(0, 7), max_size=10))
def test_no_order_of_lines_causes_more_than_a_line(order: list[int]) -> None:
    """Lines that are missing, doubled or exchanged: a history or one line, never a traceback."""
    lines = list(SMALL.to_lines())
    found = parsed("\n".join(lines[number] for number in order))
    assert isinstance(found, str) or found.endings == SMALL.endings


def test_histories_share_nothing_that_can_be_changed() -> None:
    """Each history has its own versions, and a copy with another value leaves the first as it was."""
    one, two = (History(Scenario(1), (), (), (1,)) for _ in range(2))
    assert one == two
    assert one.versions is not two.versions
    assert (replace(one, counts_left=(0,)).stock_left, one.stock_left) == (0, 1)
