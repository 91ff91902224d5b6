"""A screen that text is written for: how many columns it has, and whether it shows colours.

The colours are fixed entries of the 256-colour table whose luminance lies between black and white, so that each has a
contrast of about 4.5 to 1 on both (WCAG 2.2, 1.4.3). Blue and orange stay apart for every kind of colour blindness.
A colour is never the only sign: the words and letters are the same without it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from booking.text.words import WIDTH, columns, wrapped

GOOD = "1;38;5;63"
"""Bold blue (#5f5fff)."""
BAD = "1;38;5;130"
"""Bold orange (#af5f00)."""
DEAD = "1;38;5;163"
"""Bold magenta (#d700af)."""
FAINT = "38;5;243"
"""Grey (#767676)."""

_REVERSED = "7"
"""The letters in the colour of the terminal's ground, so that the contrast is the same."""

NARROWEST, WIDEST = 40, 200
_GAP = 2


class Screen(NamedTuple):
    """What text is laid out for; the default is a file, or a pipe."""

    width: int = WIDTH
    colour: bool = False

    def paint(self, text: str, ink: str | None) -> str:
        """Return the text in a colour, if the screen has any."""
        return f"\x1b[{ink}m{text}\x1b[0m" if self.colour and ink else text

    def wrapped(self, *sentences: str) -> list[str]:
        """Return the sentences as one paragraph in lines that fit."""
        return wrapped(*sentences, width=self.width)

    def headline(self, text: str, ink: str) -> list[str]:
        """Return a paragraph that begins with a word or two and a colon, and these as a block of colour."""
        label, colon, rest = text.partition(":")
        first, *others = self.wrapped(label + colon + rest)
        return [self.paint(first[: len(label)], f"{ink};{_REVERSED}") + first[len(label) :], *others]

    def hanging(self, start: str, text: str) -> list[str]:
        """Return the start of a line and the text behind it, folded where it does not fit."""
        first, *others = wrapped(text, width=self.width - len(start)) or [""]
        return [(start + first).rstrip(), *(" " * len(start) + line for line in others)]

    def legend(self, items: Iterable[str], margin: int) -> list[str]:
        """Return the items, three spaces apart, in lines behind a margin."""
        lines: list[str] = []
        for item in items:
            if lines and len(lines[-1]) + 3 + len(item) <= self.width:
                lines[-1] += f"   {item}"
            else:
                lines.append(" " * margin + item)
        return lines

    def bar(self, letters: str, inks: Mapping[str, str]) -> str:
        """Return a row of letters, each in its own colour."""
        runs = ((letter, "".join(run)) for letter, run in groupby(letters))
        return "".join(self.paint(run, inks.get(letter)) for letter, run in runs)

    def table(
        self, headers: Sequence[str], rows: Sequence[Sequence[str]], ink: Callable[[str], str | None] = lambda _: None
    ) -> list[str]:
        """Return the rows below their headers in columns; if these are too wide, a line for each cell.

        `ink` returns the colour of a cell; the first of each row is a name and has none.
        """
        widths = [max(map(columns, column)) + _GAP for column in zip(headers, *rows, strict=True)]
        if sum(widths) - _GAP > self.width:
            return [line for row in rows for line in self._record(headers, row, ink)]
        return [self._aligned(headers, widths), *(self._aligned(row, widths, ink) for row in rows)]

    def _aligned(
        self, cells: Sequence[str], widths: Sequence[int], ink: Callable[[str], str | None] = lambda _: None
    ) -> str:
        gaps = [" " * (width - columns(cell)) for cell, width in zip(cells, widths, strict=True)]
        inks = [None, *map(ink, cells[1:])]
        painted = (self.paint(cell, ink) + gap for cell, ink, gap in zip(cells, inks, gaps, strict=True))
        return "".join(painted).rstrip()

    def _record(self, headers: Sequence[str], row: Sequence[str], ink: Callable[[str], str | None]) -> Iterator[str]:
        yield f"{headers[0]} {row[0]}"
        for header, cell in zip(headers[1:], row[1:], strict=True):
            start = f"  {header}: "
            first, *others = wrapped(cell, width=self.width - len(start)) or [""]
            yield start + self.paint(first, ink(cell))
            yield from (" " * len(start) + self.paint(line, ink(cell)) for line in others)


PLAIN = Screen()
