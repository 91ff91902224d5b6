"""An exploration as text that a class can read: how many interleavings, how many break, which one, and why."""

from collections.abc import Iterator
from fractions import Fraction

from booking.explorer.result import WAITING, Exploration, Witness
from booking.history.finding import SOUND, UNFINISHED, Anomaly, label
from booking.history.schedule import columns, heading
from booking.model.listing import cells
from booking.model.shared_state import shared_in
from booking.purchase import Outcome
from booking.scenario import PAIR
from booking.text.screen import BAD, GOOD, PLAIN, Screen
from booking.text.words import buyers, count_of, digits, every_train, power, share, shares, times

MOST_DIGITS = 15
"""A number with more digits is also given as a power of ten."""
MOST_DIGITS_SHOWN = 40
"""A number with more digits is given as a power of ten only."""
MOST_ROWS = 12
"""Of more different numbers of tickets sold, only the smallest and the largest are shown."""

_WAYS: dict[str, str] = {
    Anomaly.OVERSOLD: "an oversold sale",
    Anomaly.LOST_UPDATE: "a lost update",
    Anomaly.HALF_JOURNEY: "half a journey",
    Anomaly.TORN_READ: "a torn read",
    Anomaly.DEADLOCK: "a deadlock",
    UNFINISHED: "a buyer whose code fails",
    Anomaly.STARVATION: "buyers that never end",
}


_HAPPENS: dict[str, str] = {
    Anomaly.OVERSOLD: "more tickets are sold than existed",
    Anomaly.LOST_UPDATE: "a buyer overwrites another one's write",
    Anomaly.HALF_JOURNEY: "one train loses more tickets than another",
    Anomaly.TORN_READ: "a buyer reads half a file",
    Anomaly.DEADLOCK: "buyers wait forever for a lock",
    UNFINISHED: "a buyer's code fails",
    Anomaly.STARVATION: "buyers never end",
}


def headline(exploration: Exploration) -> str:
    """Return the verdict in one line: "OVERSOLD: in 12 of 20 orders more tickets are sold than existed."."""
    name, whole = exploration.verdict, exploration.interleavings
    if name == SOUND:
        return f"{label(name)}: " + (f"of {power(whole)} orders none goes wrong." if whole else "no order goes wrong.")
    number = exploration.anomalies.get(name) or 0
    where = "in some orders"
    if exploration.exhausted and number and whole:
        alike = number < whole and power(number) == power(whole)
        where = f"in {share(number, whole) if alike else power(number)} of {power(whole)} orders"
    return f"{label(name)}: {where} {_HAPPENS[name]}." if name in _HAPPENS else f"{label(name)}: nothing is proved."


def render(exploration: Exploration, screen: Screen = PLAIN) -> str:
    """Return the exploration as text that fits the screen, without a line end behind the last line."""
    said = screen.headline(headline(exploration), GOOD if exploration.verdict == SOUND else BAD)
    table = [line for name, text in _table(exploration) for line in screen.hanging(f"  {name:<18}", text)]
    lines = [*said, *screen.wrapped(_heading(exploration)), "", *table, "", *screen.wrapped(*_conclusion(exploration))]
    shortest, fewest = exploration.shortest, exploration.fewest_switches
    if shortest:
        steps = count_of(shortest.steps, "step")
        lines += [
            "",
            *screen.wrapped(f"The shortest order that ends in {_WAYS[shortest.anomaly]} has {steps}:"),
            "",
            *_columns(shortest, screen),
            "",
            *screen.wrapped(shortest.text, *_idle(shortest, exploration), _left_behind(shortest, exploration)),
        ]
    if shortest and fewest:
        lines += ["", *_fewest(shortest, fewest, screen)]
    return "\n".join(lines)


def large(number: int | None, most: int = MOST_DIGITS_SHOWN) -> str:
    """Return a whole number with separators; beyond 15 digits also as a power of ten, beyond `most` only so.

    None is "infinitely many".
    """
    if number is None:
        return "infinitely many"
    text = digits(number)
    if len(text) <= MOST_DIGITS:
        return f"{number:,}"
    rounded = f"about {power(number)}"
    return f"{number:,} ({rounded})" if len(text) <= most else rounded


def _heading(exploration: Exploration) -> str:
    deaths = f", at most {count_of(exploration.crashes, 'death')}" if exploration.crashes else ""
    meaning = "An interleaving is one order in which all the steps can happen."
    return f"{heading(exploration.scenario)}{deaths}. {meaning}"


def _table(exploration: Exploration) -> Iterator[tuple[str, str]]:
    whole = exploration.interleavings
    yield "interleavings", _counted(exploration, whole)
    named: dict[str, int | None] = {Anomaly.OVERSOLD: 0, **exploration.anomalies}
    for name, number in named.items():
        yield name, _counted(exploration, number, whole)
    sold, trains = sorted(exploration.sold.items()), exploration.scenario.trains
    rows = [
        (sold_words(tickets, trains), _counted(exploration, number) + (f", {part}" if number else ""))
        for (tickets, number), part in zip(sold, shares([number or 0 for _, number in sold]), strict=True)
    ]
    yield from rows if len(rows) <= MOST_ROWS else [*rows[: MOST_ROWS // 2], ("...", ""), *rows[-MOST_ROWS // 2 :]]
    yield "checked", f"{count_of(exploration.states, 'situation')} (buyers that are alike count as one)"


def sold_words(sold: int, trains: int) -> str:
    """Return "2 tickets sold", or "2 journeys sold" where two of them may be on different trains."""
    return f"{count_of(sold, 'ticket' if trains <= PAIR else 'journey')} sold"


def _counted(exploration: Exploration, number: int | None, whole: int | None = None) -> str:
    if number == 0:
        return "none" if exploration.exhausted else "none counted"
    least = "" if exploration.exhausted else "at least "
    return f"{least}{large(number, MOST_DIGITS)}" + (f", {share(number, whole)}" if number and whole else "")


def _probability(probability: Fraction) -> str:
    """Return a fraction of few digits with its decimals, any other by these alone; never rounded to 0 or 1."""
    decimals = f"{float(probability):.4f}"
    if probability and decimals == "0.0000":
        decimals = "less than 0.0001"
    elif probability < 1 and decimals == "1.0000":
        decimals = "more than 0.9999"
    text = f"{digits(probability.numerator)}/{digits(probability.denominator)}"
    return f"{text} ({decimals})" if len(text) <= 2 * MOST_DIGITS else f"{decimals} (--json has the exact fraction)"


def _conclusion(exploration: Exploration) -> Iterator[str]:
    probability = exploration.probability_oversold
    if not exploration.exhausted:
        yield "This was cut short: the counts are lower bounds, and nothing is proved."
    elif exploration.interleavings is None:
        none = "" if Anomaly.OVERSOLD in exploration.anomalies else ", and none oversells"
        yield f"Buyers can repeat steps forever. All of the infinitely many interleavings were followed{none}."
    elif not exploration.oversold_interleavings:
        yield f"Every interleaving was tried, all {large(exploration.interleavings)} of them, and none oversells."
    elif probability is not None:
        part = share(exploration.oversold_interleavings or 0, exploration.interleavings)
        yield f"{part[0].upper()}{part[1:]} of the interleavings oversell. They are not equally likely: if chance picks"
        yield f"who moves next, step after step, the sale is oversold with probability {_probability(probability)}."
    if exploration.crashes and exploration.scenario.tickets and 0 in exploration.sold:
        yield "A buyer that dies counts for no ticket, even if it had already written."
    locks = [lock for lock in shared_in(exploration.scenario).locks.values() if lock.permits]
    if exploration.crashes and locks and all(lock.freed_when_holder_dies for lock in locks):
        yield "The system frees the lock of a buyer that dies, so nobody waits for the dead."


def _columns(witness: Witness, screen: Screen) -> list[str]:
    """Return what happens with a column per buyer; buyers that only wait outside are left to the sentence below."""
    steps = cells(witness.happened, witness.listing)
    moved = {cell.buyer for cell in steps}
    return columns(steps, {buyer: _end(end) for buyer, end in witness.ends.items() if buyer in moved}, screen.width)


def _end(end: str) -> str:
    if end == WAITING:
        return "waits"
    return "dead" if end in {Outcome.UNFINISHED, Outcome.UNKNOWN} else end


def _idle(witness: Witness, exploration: Exploration) -> Iterator[str]:
    """Name the buyers that have no column: they do nothing, and do not wait either."""
    idle = set(range(1, exploration.scenario.buyers + 1)) - witness.ends.keys()
    if idle:
        yield f"{buyers(idle)} {'does' if len(idle) == 1 else 'do'} not take part."


def _left_behind(witness: Witness, exploration: Exploration) -> str:
    sold = sum(end == Outcome.BOUGHT for end in witness.ends.values())
    hold = f"{count_of(sold, 'buyer')} {'has' if sold == 1 else 'have'} a ticket"
    says = ["is half-written" if left is None else f"says {left:,}" for left in witness.counts_left]
    if len(says) == 1:
        return f"In the end {hold}, {exploration.scenario.tickets:,} existed, and the file {says[0]}."
    files = ", ".join(f"that of train {train} {text}" for train, text in enumerate(says[1:], 2))
    return (
        f"In the end {hold} on {every_train(len(says))}, {exploration.scenario.tickets:,} existed on each, "
        f"and the file of train 1 {says[0]}, {files}."
    )


def _fewest(shortest: Witness, fewest: Witness, screen: Screen) -> Iterator[str]:
    if fewest.schedule == shortest.schedule:
        often = times(fewest.switches)
        yield from screen.wrapped(f"It switches between buyers {often}; no order that goes wrong switches less often.")
        return
    yield from screen.wrapped(f"Another order that goes wrong switches between buyers only {times(fewest.switches)}:")
    yield ""
    yield from _columns(fewest, screen)
