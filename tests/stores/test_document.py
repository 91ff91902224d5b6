"""The content of a store, without any file: parsed strictly, written back whole."""

import json
import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trials.malformed import fuzzed, is_good

from booking.errors import MalformedStoreError
from booking.scenario import MOST_TICKETS
from booking.storage.document import parse, serialise

FUZZED = 10_000

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def test_whatever_the_bytes_there_is_a_count_or_one_line() -> None:
    """10,000 damaged stores: each has a count in range and can be written back, or is refused in a printable line."""
    dice = random.Random(10)
    found = Counter(is_good(fuzzed(dice)) for _ in range(FUZZED))
    assert found[True] + found[False] == FUZZED
    assert min(found.values()) > FUZZED // 100, "both kinds occur, or the fuzzing proves nothing"


@given(st.binary(max_size=60))
def test_arbitrary_bytes_are_refused_in_one_line(content: bytes) -> None:
    """Bytes that nobody meant as a store never cause another exception."""
    with pytest.raises(MalformedStoreError) as refusal:
        parse(content)
    assert str(refusal.value).isprintable()


@given(st.dictionaries(st.text(), json_values, max_size=4), st.integers(0, MOST_TICKETS), st.integers(0, MOST_TICKETS))
def test_only_the_count_changes(others: dict[str, Any], before: int, after: int) -> None:
    """What is written back is the same JSON with another count, on one line with one line end."""
    document = parse(json.dumps(others | {"count": before}).encode())
    written = serialise(document, after)
    assert parse(written) == others | {"count": after}
    assert written.endswith(b"}\n")
    assert written.count(b"\n") == 1


@given(json_values)
def test_no_other_count_is_let_in(count: object) -> None:
    """Of all JSON values only whole numbers from 0 to 10**9 are counts."""
    content = json.dumps({"count": count}).encode()
    if type(count) is int and 0 <= count <= MOST_TICKETS:
        assert parse(content) == {"count": count}
    else:
        with pytest.raises(MalformedStoreError, match="its count is"):
            parse(content)
