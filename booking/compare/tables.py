"""A comparison as tables of words and numbers, the same for a terminal, a page and a document."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from booking.compare.result import Comparison, Cost, Found, Inheritance, InPlace, Measure, Missing, Proof, Sales
from booking.explorer.result import digits
from booking.history.finding import SOUND, UNKNOWN, Anomaly
from booking.text.words import count_of, printable, share

NONE_SUCH = "-"
NOT_YET = "?"
_READABLE = 1_000_000
"""A count from here on is given as a power of ten."""

Column = tuple[str, Measure, Callable[[Comparison, str], str]]


@dataclass(frozen=True, slots=True)
class Table:
    """One question: `title`, `headers` above `rows`, whose first cell is a lock's name, and `words` that explain."""

    title: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: str


def tables(comparison: Comparison) -> tuple[Table, ...]:
    """Return the three tables: is it safe, what if something fails, what does it cost."""
    scenario = comparison.scenario
    sale = f"{count_of(scenario.buyers, 'buyer')}, {count_of(scenario.tickets, 'ticket')}, store {scenario.store}"
    cores = count_of(comparison.cores, "core")
    return (
        _table(comparison, f"Is it safe? {sale}.", _SAFE, _SAFE_WORDS),
        _table(comparison, "What if something goes wrong?", _WRONG, _WRONG_WORDS),
        _table(comparison, f"What does it cost? {count_of(scenario.buyers, 'buyer')} at once, {cores}.", _DEAR, _COSTS),
    )


def notes(comparison: Comparison) -> list[str]:
    """Return a sentence for every reason why cells are empty, with the locks and the measures that it is true of."""
    whose: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for measure in Measure:
        for lock in comparison.locks:
            found = comparison.found.get((lock, measure))
            if isinstance(found, Missing):
                whose[printable(found.reason)][printable(lock)].append(measure.replace("_", " "))
    told = [f"{NONE_SUCH} {', '.join(locks)}{_of_what(locks.values())}: {why}." for why, locks in whose.items()]
    return told + [f"{NOT_YET} was not measured, because the comparison was interrupted."] * comparison.interrupted


def _of_what(measures: Iterable[list[str]]) -> str:
    """Return " (killed holder, in place)", and nothing where a reason is true of all that is asked."""
    named = list(dict.fromkeys(name for names in measures for name in names))
    return f" ({', '.join(named)})" if len(named) < len(Measure) else ""


def power(number: int) -> str:
    """Return a count in full, from a million on as 1.22 x 10^18."""
    if number < _READABLE:
        return f"{number:,}"
    text = digits(number)
    return f"{text[0]}.{text[1:3]} x 10^{len(text) - 1}"


def duration(seconds: float) -> str:
    """Return a time in milliseconds with two digits that count, in seconds from one on."""
    return f"{seconds:.1f} s" if seconds >= 1 else f"{1000 * seconds:.{_decimals(1000 * seconds)}f} ms"


def times(factor: float | None) -> str:
    """Return a factor with two digits that count."""
    return NONE_SUCH if factor is None else f"{factor:.{_decimals(factor)}f} x"


def _decimals(number: float) -> int:
    return 0 if number >= 10 else 1 if number >= 1 else 2 if number >= 0.1 else 3  # noqa: PLR2004


def _table(comparison: Comparison, title: str, columns: tuple[Column, ...], words: str) -> Table:
    rows = tuple(
        (printable(lock), *(_cell(comparison, lock, measure, text) for _, measure, text in columns))
        for lock in comparison.locks
    )
    return Table(title, ("lock", *(header for header, _, _ in columns)), rows, words)


def _cell(comparison: Comparison, lock: str, measure: Measure, text: Callable[[Comparison, str], str]) -> str:
    found = comparison.found.get((lock, measure))
    if found is None:
        return NOT_YET
    return NONE_SUCH if isinstance(found, Missing) else text(comparison, lock)


def _orders(proof: Proof) -> str:
    return power(proof.interleavings) if proof.exhausted else f"over {power(proof.interleavings)}"


def _oversold(proof: Proof) -> str:
    if proof.oversold:
        return share(proof.oversold, proof.interleavings)
    if proof.verdict == SOUND:
        return "none"
    return UNKNOWN if proof.verdict == UNKNOWN else f"none; {proof.verdict}"


def _worst(sales: Sales) -> str:
    """Return the worst that was seen and how often: "oversold 3 of 5"."""
    name = next((name for name in (*Anomaly, UNKNOWN, SOUND) if sales.verdicts.get(name)), SOUND)
    return f"{name} {sales.verdicts.get(name, 0)} of {sales.runs}"


def _freed(inheritance: Inheritance) -> str:
    if inheritance.freed_after_s is None:
        return f"stuck ({inheritance.patience_s:g} s)"
    return f"free in {duration(inheritance.freed_after_s)}"


def _torn(finding: InPlace) -> str:
    if not finding.torn_interleavings and not finding.torn_reads:
        return "no torn reads" if finding.exhausted else "none found"
    return f"torn reads, {finding.torn_reads:,} seen"


def _per_purchase(cost: Cost) -> str:
    return duration(cost.each_s) if cost.purchases else NONE_SUCH


def _served(cost: Cost) -> str:
    return f"{min(cost.served):,} / {max(cost.served):,}"


def _of(measure: Measure, kind: type[Found], text: Callable[..., str]) -> Callable[[Comparison, str], str]:
    def cell(comparison: Comparison, lock: str) -> str:
        """Return the text for one lock."""
        found = comparison.found[lock, measure]
        assert isinstance(found, kind), found  # noqa: S101 - each measure finds its own kind
        return text(found)

    return cell


def _against(baseline: str) -> Callable[[Comparison, str], str]:
    return lambda comparison, lock: times(comparison.against(lock, baseline))


_SAFE: tuple[Column, ...] = (
    ("orders", Measure.PROVED, _of(Measure.PROVED, Proof, _orders)),
    ("oversold in", Measure.PROVED, _of(Measure.PROVED, Proof, _oversold)),
    ("real sales", Measure.OBSERVED, _of(Measure.OBSERVED, Sales, _worst)),
    ("two offices", Measure.TWO_OFFICES, _of(Measure.TWO_OFFICES, Sales, _worst)),
)
_WRONG: tuple[Column, ...] = (
    ("holder killed", Measure.KILLED_HOLDER, _of(Measure.KILLED_HOLDER, Inheritance, _freed)),
    ("written in place", Measure.IN_PLACE, _of(Measure.IN_PLACE, InPlace, _torn)),
)
_DEAR: tuple[Column, ...] = (
    ("per purchase", Measure.COST, _of(Measure.COST, Cost, _per_purchase)),
    ("vs none", Measure.COST, _against("none")),
    ("vs flock", Measure.COST, _against("flock")),
    ("longest wait", Measure.COST, _of(Measure.COST, Cost, lambda cost: duration(cost.longest_s))),
    ("least / most served", Measure.COST, _of(Measure.COST, Cost, _served)),
)
PROVED_HEADERS: tuple[str, ...] = tuple(header for header, measure, _ in _SAFE if measure is Measure.PROVED)
"""The columns that are the same on every machine and in every run."""

_SAFE_WORDS = (
    "orders: in how many orders the buyers' steps can happen; oversold in: in how many of them more tickets are sold "
    "than there are (counted by the explorer, which runs the buyers' own code). real sales: the worst that sales with "
    "real processes came to; two offices: the same from two process trees, as from two terminals."
)
_WRONG_WORDS = (
    "holder killed: the buyer inside is killed (SIGKILL) while it pays; when is the next one in? written in place: the "
    "file is emptied and written again, and everybody looks at it before taking the lock; does anybody read half a "
    "file?"
)
_COSTS = (
    "per purchase: the time from one purchase to the next when all buy as fast as they can, without paying; vs none, "
    "vs flock: how many times as long as without a lock, and with the kernel's own lock. longest wait: the longest "
    "that one purchase took. least / most served: the purchases of the buyer with the fewest and of the one with the "
    "most. Times are of one machine and one moment: the fastest of several rounds, because whatever else runs only "
    "makes them longer."
)
