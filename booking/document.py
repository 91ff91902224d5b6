"""The content of a store: one JSON object with a `count`, read strictly and written back whole."""

import json
from typing import Any

from booking.errors import MalformedStoreError
from booking.scenario import MOST_TICKETS

REMEDY = 'write {"count": 1} into it, or use `booking reset`'


def parse(content: bytes) -> dict[str, Any]:
    """Return the document in `content`, whose "count" is a whole number of tickets from 0 to 10**9.

    Raises MalformedStoreError for everything else, in words that name the value and the remedy.
    """
    try:
        document = json.loads(content.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse)
    except MalformedStoreError:
        raise
    except UnicodeDecodeError:
        raise MalformedStoreError(f"it is not UTF-8 text; {REMEDY}") from None
    except (ValueError, RecursionError):
        raise MalformedStoreError(f"it is not JSON: {_excerpt(content)}; {REMEDY}") from None
    if not isinstance(document, dict) or "count" not in document:
        raise MalformedStoreError(f"it has no count: {_excerpt(content)}; {REMEDY}")
    _require_count(document["count"])
    return document


def serialise(document: dict[str, Any], count: int) -> bytes:
    """Return the bytes of `document` with its count replaced; the other keys stay as they were."""
    return json.dumps(document | {"count": count}, ensure_ascii=False).encode() + b"\n"


def _require_count(count: object) -> None:
    if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= MOST_TICKETS:
        shown = json.dumps(count)
        raise MalformedStoreError(
            f"its count is {shown:.40}; use a whole number from 0 to {MOST_TICKETS}: {REMEDY}"
        )


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise MalformedStoreError(f"it has a key twice; {REMEDY}")
    return document


def _refuse(constant: str) -> None:
    raise MalformedStoreError(f"it holds {constant}, which is not JSON; {REMEDY}")


def _excerpt(content: bytes) -> str:
    return "nothing" if not content.strip() else repr(content[:30].decode("utf-8", "replace"))
