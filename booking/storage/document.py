"""The content of a store: one JSON object with a `count`, read strictly and written back whole."""

import json
from collections import Counter
from typing import Any

from booking.errors import MalformedStoreError
from booking.scenario import MOST_TICKETS

REMEDY = 'write {"count": 1} into it, or use `booking reset --force`'

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def parse(content: bytes) -> dict[str, Any]:
    """Return the document in `content`, whose "count" is a whole number of tickets from 0 to 10**9.

    Other keys may hold any JSON. -0 is JSON for 0 and is read as 0. Raise MalformedStoreError for everything
    else (RFC 8259 without its latitude: no key twice, no NaN, no number too large for a float), in words that
    name the value and the remedy.
    """
    if content.startswith(_BYTE_ORDER_MARK):
        raise MalformedStoreError("it begins with a byte order mark; save it as UTF-8 without one")
    try:
        document = _DECODER.decode(content.decode("utf-8"))
    except UnicodeDecodeError:
        raise MalformedStoreError(f"it is not UTF-8 text: {_excerpt(content)}; {REMEDY}") from None
    except (ValueError, RecursionError):
        raise MalformedStoreError(f"it cannot be read as JSON: {_excerpt(content)}; {REMEDY}") from None
    if not isinstance(document, dict) or "count" not in document:
        raise MalformedStoreError(f"it has no count: {_excerpt(content)}; {REMEDY}")
    _require_count(document["count"])
    return document


def serialise(document: dict[str, Any], count: int) -> bytes:
    """Return the bytes of `document` with its count replaced; the other keys keep their values.

    Raise MalformedStoreError if they are nested more deeply than JSON can be written.
    """
    changed = document | {"count": count}
    try:
        return _ENCODER.encode(changed).encode() + b"\n"
    except UnicodeEncodeError:  # half of a surrogate pair, which only an escape can write
        return json.dumps(changed).encode() + b"\n"
    except RecursionError:
        raise MalformedStoreError(f"its other keys are nested too deeply; {REMEDY}") from None


def _require_count(count: object) -> None:
    if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= MOST_TICKETS:
        shown = "a list or an object" if isinstance(count, list | dict) else json.dumps(count)
        raise MalformedStoreError(f"its count is {shown:.40}, not a whole number from 0 to {MOST_TICKETS}; {REMEDY}")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise MalformedStoreError(f"it has the key {twice!a:.40} twice; {REMEDY}")
    return document


def _finite(number: str) -> float:
    if float(number) in {float("inf"), float("-inf")}:
        raise MalformedStoreError(f"it holds {number:.40}, which is too large; {REMEDY}")
    return float(number)


def _refuse(constant: str) -> None:
    raise MalformedStoreError(f"it holds {constant}, which is not JSON; {REMEDY}")


def _excerpt(content: bytes) -> str:
    """Return the beginning of the content on one line, in characters that every console can show."""
    shown = ascii(content[:40].decode("utf-8", "replace"))
    return "nothing" if not content.strip() else shown + ("..." if len(content) > 40 else "")  # noqa: PLR2004


# `json.loads` with these hooks would make a new decoder at each call, and `json.dumps` a new encoder: 8 us a purchase.
_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse, parse_float=_finite)
_ENCODER = json.JSONEncoder(ensure_ascii=False)
