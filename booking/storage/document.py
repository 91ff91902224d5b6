"""The content of a store: one JSON object with a `count`, read strictly and written back whole."""

from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any

from booking.errors import MalformedStoreError
from booking.scenario import MOST_TICKETS

if TYPE_CHECKING:
    from json import JSONDecoder, JSONEncoder

REMEDY = 'write {"count": 1} into it, or use `booking reset --force`'

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_PLAIN = b'{"count": %d}\n'
"""A store that holds nothing but the count, as nearly every one: read and written without JSON's own code."""


def parse(content: bytes) -> dict[str, Any]:
    """Return the document in `content`, whose "count" is a whole number of tickets from 0 to 10**9.

    Other keys may hold any JSON. -0 is JSON for 0 and is read as 0. Raises MalformedStoreError for everything
    else (RFC 8259 without its latitude: no key twice, no NaN, no number too large for a float), in words that
    name the value and the remedy.
    """
    digits = content[10:-2]
    if digits.isdigit() and len(digits) < 10 and content == _PLAIN % int(digits):  # noqa: PLR2004 - MOST_TICKETS has 10
        return {"count": int(digits)}
    if content.startswith(_BYTE_ORDER_MARK):
        raise MalformedStoreError("it begins with a byte order mark; save it as UTF-8 without one")
    try:
        document = _decoder().decode(content.decode("utf-8"))
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

    Raises MalformedStoreError where they are nested more deeply than JSON can be written.
    """
    if len(document) < 2:  # noqa: PLR2004 - nothing but the count
        return _PLAIN % count
    try:
        return _encoder(escaped=False).encode(document | {"count": count}).encode() + b"\n"
    except UnicodeEncodeError:  # half of a surrogate pair, which only an escape can write
        return _encoder(escaped=True).encode(document | {"count": count}).encode() + b"\n"
    except RecursionError:
        raise MalformedStoreError(f"its other keys are nested too deeply; {REMEDY}") from None


def _require_count(count: object) -> None:
    if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= MOST_TICKETS:
        shown = "a list or an object" if isinstance(count, list | dict) else _encoder(escaped=True).encode(count)
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


@cache  # `json.loads` with hooks makes a new decoder, and `json.dumps` a new encoder, at every call
def _decoder() -> "JSONDecoder":
    from json import JSONDecoder  # noqa: PLC0415 - 1 ms that a plain store need not pay

    return JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse, parse_float=_finite)


@cache
def _encoder(*, escaped: bool) -> "JSONEncoder":
    from json import JSONEncoder  # noqa: PLC0415 - 1 ms that a plain store need not pay

    return JSONEncoder(ensure_ascii=escaped)
