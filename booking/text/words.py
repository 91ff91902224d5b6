"""Numbers and names as people say them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from unicodedata import east_asian_width

WIDTH = 80
"""The columns of a screen."""
_MOST_RUNS = 8

_OPENING, _CLOSING, _WIDE = "（《「【", "，。、；：？！）》」】", "\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff"
_PIECES = f"(\\s*)([{_OPENING}]*(?:[{_WIDE}]|[^\\s{_OPENING}{_CLOSING}{_WIDE}]+)[{_CLOSING}]*|[{_CLOSING}])"
"""The space before a piece that no line break divides, and the piece: a word, or one Chinese character.

It takes 5 ms to compile, so a text in ASCII is divided by _WORDS.
"""
_WORDS = r"(\s*)(\S+)"


def every_train(trains: int) -> str:
    """Return "both trains", or what tells which two of several trains are meant."""
    return "both trains" if trains == 2 else "both trains of the journey"  # noqa: PLR2004 - both are two


def on_trains(trains: int, order: str) -> str:
    """Return how to go on after "2 tickets" where they are for journeys; nothing for one train."""
    orders = {
        "same": "in the same order by all buyers",
        "opposite": "in opposite orders",
        "ring": "in a ring, buyer 1 that of train 1 first",
    }
    need = ", two for each buyer, locks" if trains > 2 else ","  # noqa: PLR2004 - all are two
    return f" on each of {trains} trains{need} taken {orders[order]} (t2 is train 2)" if trains > 1 else ""


def count_of(number: int, thing: str) -> str:
    """Return "1 buyer" or "10 buyers"."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def times(number: int) -> str:
    """Return "once", "twice" or "3 times"."""
    return {1: "once", 2: "twice"}.get(number, f"{number:,} times")


def ranges(numbers: Iterable[int]) -> str:
    """Return the numbers in order, runs of three and more shortened: "1, 2 and 4-10"."""
    return listed(list(_spans(sorted(set(numbers)))))


def listed(words: Sequence[str]) -> str:
    """Return "a", "a and b" or "a, b and c"; nothing for no words."""
    *first, last = words or ("",)
    return f"{', '.join(first)} and {last}" if first else last


def buyers(numbers: Iterable[int]) -> str:
    """Return "Buyer 2" or "Buyers 2-10", the first word of a sentence; there is at least one number.

    Of more than eight runs only the first are listed: "Buyers 1, 3, 5, ... (100 in all)".
    """
    ordered = sorted(set(numbers))
    runs = list(_spans(ordered))
    if len(runs) > _MOST_RUNS:
        return f"Buyers {', '.join(runs[: _MOST_RUNS - 1])}, ... ({len(ordered):,} in all)"
    return f"Buyer {ordered[0]}" if len(ordered) == 1 else f"Buyers {listed(runs)}"


def _spans(numbers: list[int]) -> Iterator[str]:
    start = 0
    for end in range(1, len(numbers) + 1):
        if end == len(numbers) or numbers[end] != numbers[end - 1] + 1:
            run = numbers[start:end]
            yield from [f"{run[0]}-{run[-1]}"] if len(run) > 2 else map(str, run)  # noqa: PLR2004
            start = end


def nearest(word: str, choices: Iterable[str]) -> str:
    """Return " (did you mean 'file'?)" for a word that is nearly one of the choices, else nothing."""
    from difflib import get_close_matches  # noqa: PLC0415 - 5 ms that only a mistake costs

    near = get_close_matches(word.lower(), [*map(str, choices)], n=1, cutoff=0.7)
    return f" (did you mean {near[0]!r}?)" if near else ""


def printable(text: str) -> str:
    """Return the text without what could move a terminal's cursor or change its colours."""
    return "".join(character for character in text if character.isprintable()).strip()


def wrapped(*sentences: str, width: int = WIDTH) -> list[str]:
    """Return the sentences as one paragraph in lines of at most `width` columns; a longer word has a line to itself.

    A Chinese character takes two columns, and a line may end after it, but not before the punctuation that follows.
    """
    lines: list[str] = []
    text = " ".join(sentences)
    for gap, piece in re.findall(_WORDS if text.isascii() else _PIECES, text):
        if lines and columns(lines[-1] + gap + piece) <= width:
            lines[-1] += gap + piece
        else:
            lines.append(piece)
    return lines


def columns(text: str) -> int:
    """Return how many columns of a terminal the text takes."""
    return sum(1 + (east_asian_width(character) in "WF") for character in text)


def share(part: int, whole: int) -> str:
    """Return a part of a whole in per cent, rounded to a tenth.

    Only nothing is "0 %" and only the whole is "100 %"; a whole of 0 is nothing.
    """
    return _per_cent((2000 * part + whole) // (2 * whole) if whole else 0, part, whole)


def shares(parts: Sequence[int]) -> list[str]:
    """Return each part of their sum in per cent; the tenths add up to 100 % (method of the largest remainder)."""
    whole = sum(parts) or 1
    tenths = [1000 * part // whole for part in parts]
    by_remainder = sorted(range(len(parts)), key=lambda place: 1000 * parts[place] % whole, reverse=True)
    for place in by_remainder[: 1000 - sum(tenths)]:
        tenths[place] += bool(sum(parts))
    return [_per_cent(tenth, part, whole) for tenth, part in zip(tenths, parts, strict=True)]


def _per_cent(tenths: int, part: int, whole: int) -> str:
    if part and not tenths:
        return "less than 0.1 %"
    if part < whole and tenths == 1000:  # noqa: PLR2004 - all the tenths of 100 %
        return "more than 99.9 %"
    return f"{tenths // 10} %" if tenths % 10 == 0 else f"{tenths / 10} %"


def digits(number: int) -> str:
    """Return all digits of a whole number; `str` refuses those of more than 4300."""
    return f"{Decimal(number):f}"


def power(number: int) -> str:
    """Return a count in full, from a million on as 1.21 x 10^18, its digits cut and not rounded."""
    text = digits(number)
    return f"{number:,}" if number < 1_000_000 else f"{text[0]}.{text[1:3]} x 10^{len(text) - 1}"  # noqa: PLR2004


def duration(seconds: float) -> str:
    """Return a time in milliseconds with two significant digits, from one second on in seconds."""
    return f"{seconds:.1f} s" if seconds >= 1 else f"{1000 * seconds:.{decimals(1000 * seconds)}f} ms"


def decimals(number: float) -> int:
    """Return how many decimals show two significant digits."""
    return 0 if number >= 10 else 1 if number >= 1 else 2 if number >= 0.1 else 3  # noqa: PLR2004
