"""A run of steps as text: a line per step, a column per buyer, and in it the value read or written."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from booking.history.history import BLOCKED, CHANGED, TORN, Value
from booking.steps import Step

WIDTH = 80
MOST_COLUMNS = 6
"""More buyers than this are listed by name instead."""
DIES = "dies"

_NUMBER = 6
_WIDEST = 16
_VALUED = {Step.LOOK, Step.READ, Step.WRITE, Step.SWAP}


class Cell(NamedTuple):
    """What one buyer does in one step, in a word or two."""

    buyer: int
    text: str


def step_text(step: str, value: Value = None, train: int = 1) -> str:
    """Return a step in a word or two: "read 1", "write 0", "look torn", "acquire", "blocked", "swap fails".

    A step on another train than the first names it: "read 1 (t2)".
    """
    if train > 1:
        return f"{step_text(step, value)} (t{train})"
    if value == BLOCKED:
        return "blocked"
    if value == CHANGED:
        return f"{step} fails"
    if step in _VALUED and value is not None:
        return f"{step} {TORN if value == TORN else value}"
    return str(step)


def columns(cells: Sequence[Cell], ends: Mapping[int, str] | None = None) -> list[str]:
    """Return the lines, of at most 80 columns; only the buyers that occur have a column.

    `ends` says in a word or two how buyers end; None shows no ends. Where there are too many buyers, or a text is
    too long for its column, each line names its buyer instead.
    """
    ends = ends or {}
    buyers = sorted({cell.buyer for cell in cells} | set(ends))
    width = min(_WIDEST, (WIDTH - _NUMBER) // max(1, len(buyers)))
    texts = [*(cell.text for cell in cells), *ends.values()]
    if len(buyers) > MOST_COLUMNS or any(len(text) >= width for text in texts):
        return list(_listed(cells, ends))
    return list(_side_by_side(cells, ends, buyers, width))


def _listed(cells: Sequence[Cell], ends: Mapping[int, str]) -> Iterator[str]:
    yield f"{'step':>4}"
    for number, cell in enumerate(cells, 1):
        yield f"{number:>4}  buyer {cell.buyer} {cell.text}"
    for buyer, end in ends.items():
        yield f"{'end':>4}  buyer {buyer} {end}"


def _side_by_side(cells: Sequence[Cell], ends: Mapping[int, str], buyers: Sequence[int], width: int) -> Iterator[str]:
    yield f"{'step':>4}  {''.join(f'buyer {buyer}'.ljust(width) for buyer in buyers)}".rstrip()
    for number, cell in enumerate(cells, 1):
        yield f"{number:>4}  {' ' * (width * buyers.index(cell.buyer))}{cell.text}"
    if ends:
        yield f"{'end':>4}  {''.join(ends.get(buyer, '').ljust(width) for buyer in buyers)}".rstrip()
