"""A step that a buyer asks for, and what it does to the cell that it touches."""

from typing import NamedTuple, TypeAlias

from booking import cells
from booking.cells import Access
from booking.steps import Step, Value, apply

CELL = "cell "
"""What the names of the cells of a lock of one's own begin with: the count is a cell as well."""
Result: TypeAlias = int | str | None
"""What a step returned: a count (for a swap the new one), TORN for a half-written file, CHANGED for a swap that found
another count than it expected, None for a step that returns nothing."""


class Operation(NamedTuple):
    """A step on a cell or lock; a write or a swap has the new `value`, a swap the `expected` count, others None.

    A step on a cell of a lock of one's own has the `access`.
    """

    step: Step
    name: str
    value: int | None = None
    expected: int | None = None
    access: Access | None = None

    def effect(self, held: Result) -> tuple[Result, Result]:
        """Return what the cell holds afterwards, and the answer; a lock's own cells hold, and answer, packed values."""
        if self.access is None:
            return apply(self.step, held, self.value, self.expected)
        bits, told = cells.apply(self.access, held if isinstance(held, int) else 0)
        return (bits if self.name else held), cells.pack(told)

    def words(self, result: Result) -> Value:
        """Return what happened, as a history keeps it: the count that was read or written, or an access in words."""
        if self.access is None:
            return self.value if result is None else result
        return cells.access_text(self.access, self.name.removeprefix(CELL), result if isinstance(result, int) else 0)
