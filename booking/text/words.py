"""Numbers and names as people say them."""

from collections.abc import Iterable, Iterator


def count_of(number: int, thing: str) -> str:
    """Return "1 buyer" or "10 buyers"."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def ranges(numbers: Iterable[int]) -> str:
    """Return the numbers in order, runs of three and more shortened: "1, 2, 4-10"."""
    return ", ".join(_spans(sorted(set(numbers))))


def buyers(numbers: Iterable[int]) -> str:
    """Return "Buyer 2" or "Buyers 2-10", the first word of a sentence; there is at least one number."""
    listed = sorted(set(numbers))
    return f"Buyer {listed[0]}" if len(listed) == 1 else f"Buyers {ranges(listed)}"


def _spans(numbers: list[int]) -> Iterator[str]:
    start = 0
    for end in range(1, len(numbers) + 1):
        if end == len(numbers) or numbers[end] != numbers[end - 1] + 1:
            run = numbers[start:end]
            yield from [f"{run[0]}-{run[-1]}"] if len(run) > 2 else map(str, run)  # noqa: PLR2004
            start = end


def printable(text: str) -> str:
    """Return the text without what could move a terminal's cursor or change its colours."""
    return "".join(character for character in text if character.isprintable()).strip()


def share(part: int, whole: int) -> str:
    """Return a part of a whole in per cent; only nothing is shown as 0 % and only everything as 100 %."""
    tenths = 1000 * part // whole if whole else 0
    if part and not tenths:
        return "less than 0.1 %"
    if 0 < 1000 * (whole - part) < whole:
        return "more than 99.9 %"
    return f"{tenths // 10} %" if tenths % 10 == 0 else f"{tenths / 10} %"
