"""The sale as text: what happened in its order, a row per buyer against the clock, and the verdict."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from booking.history.history import Ending, Event, History
from booking.history.states import deaths, foremost
from booking.history.verdict import SOUND, Verdict
from booking.purchase import Outcome
from booking.steps import BLOCKED, CHANGED, PAY, TORN, Step
from booking.text.verbs import narrated
from booking.text.words import count_of, every_train, wrapped

MOST_ROWS = 20
"""Of more buyers than this the foremost have a row, the witnesses first, and a line counts the others."""

_LABEL = 10
_BAR = 52
_MARKS = {Step.LOOK: "L", Step.READ: "R", Step.TRUNCATE: "T", Step.WRITE: "W", Step.SWAP: "S"}
_WAIT, _PAY, _TORN, _FAILED, _IDLE, _DEAD = ".", "=", "!", "s", " ", "X"
LEGEND = "L look   . wait for the lock   R read   = pay   W write"
LEGEND_DEATH = "   X died"
LEGEND_IN_PLACE = "T empty the file   ! half a file"
LEGEND_SWAP = "S swap   s another buyer was faster: no swap, once more"


def render(history: History, verdict: Verdict) -> str:
    """Return the story, the timeline and the verdict of one sale, in lines of at most 80 columns.

    A sale without events, as of a very large pool, has only its verdict.
    """
    pictures = [*story(history), "", *timeline(history, verdict), ""] if history.events else []
    return "\n".join([*pictures, *conclusion(verdict, split=bool(history.scenario.shares))])


def story(history: History) -> list[str]:
    """Return who did what in the order in which it happened, a line each, times in milliseconds."""
    start = _start(history)
    moments = sorted((t_ns - start, buyer, text) for t_ns, buyer, text in _told(history))
    if history.scenario.buyers <= MOST_ROWS:
        return [f"{t_ns / 1e6:9.1f} ms  buyer {buyer} {text}" for t_ns, buyer, text in moments]
    runs = [list(run) for _, run in groupby(moments, key=lambda moment: moment[2])]
    lines = [f"{run[0][0] / 1e6:9.1f} ms  {_who(run)} {run[0][2]}" for run in runs]
    return _shortened(lines, MOST_ROWS)


def _who(run: Sequence[tuple[int, int, str]]) -> str:
    return f"buyer {run[0][1]}" if len(run) == 1 else f"each of {len(run):,} buyers"


def timeline(history: History, verdict: Verdict) -> list[str]:
    """Return a row per buyer on one time axis; every step has its letter, and waiting and paying their length."""
    start, died = _start(history), deaths(history)
    span = max(1, _end(history) - start)
    axis = f"{'0 ms':<{_BAR - 12}}{span / 1e6:>9.1f} ms"
    rows = [f"{'':{_LABEL}}{axis}"]
    shown = [_row(ending, history, died.get(ending.buyer), span) for ending in foremost(history, verdict, MOST_ROWS)]
    rows += _shortened(shown, MOST_ROWS, len(history.endings))
    in_place = any(event.step == Step.TRUNCATE or event.value == TORN for event in history.events)
    swapped = any(event.step == Step.SWAP for event in history.events)
    legends = [LEGEND + LEGEND_DEATH * bool(died)] + [LEGEND_IN_PLACE] * in_place + [LEGEND_SWAP] * swapped
    return rows + [f"{'':{_LABEL}}{legend}" for legend in legends]


def conclusion(verdict: Verdict, *, split: bool = False) -> list[str]:
    """Return the verdict in words, folded to the width of the screen, and how to replay it.

    With `split` the tickets were dealt out beforehand, so a buyer that got none found its share empty.
    """
    lines = wrapped(f"{verdict.name.upper()}: {verdict.sentence}")
    if verdict.name == SOUND and verdict.sold_out:
        what = "an empty share" if split else "it sold out"
        lines += wrapped(f"{count_of(verdict.sold_out, 'buyer')} found {what}.")
    replay = next((finding.replay for finding in verdict.findings if finding.replay), None)
    return lines + ([f"Replay it: {replay}"] if replay else [])


def _start(history: History) -> int:
    return min((event.t_ns for event in history.events), default=0)


def _end(history: History) -> int:
    """Return when the sale ended: with its last event or, if its time was up, when it was closed."""
    last = max((event.t_ns for event in history.events), default=0)
    return max(last, _start(history) + int(history.elapsed_s * 1e9)) if history.timed_out else last


def _told(history: History) -> Iterator[tuple[int, int, str]]:
    """Yield the moments that a student wants to hear of: the time in nanoseconds, the buyer, what it does."""
    counts: dict[int, dict[int, object]] = {}
    last: dict[int, Event] = {}
    start, end = _start(history), _end(history)
    for event in history.events:
        last[event.buyer] = event
        if event.phase == "return" and event.step in {Step.LOOK, Step.READ}:
            counts.setdefault(event.buyer, {})[event.train] = event.value
        if event.phase == "return" and event.step == Step.LOOK and event.value != TORN:
            yield event.t_ns, event.buyer, str(narrated(event.step, event.phase, event.value))
    for ending in history.endings:
        if ending.stayed_away:
            continue
        said = last.get(ending.buyer)
        heard = end if ending.alive else said.t_ns if said else start
        yield heard, ending.buyer, _ended(ending, counts.get(ending.buyer, {}), history, waits=_waits(said))


def _waits(last: Event | None) -> bool:
    return last is not None and last.step == Step.ACQUIRE and (last.phase == "call" or last.value == BLOCKED)


def _ended(ending: Ending, counts: Mapping[int, object], history: History, *, waits: bool) -> str:
    """Return how a buyer ended; `counts` has what it read last on each train, and it may still wait for a lock."""
    count = counts.get(1)
    match ending.outcome:
        case Outcome.BOUGHT if history.scenario.trains > 1:
            return f"buys a ticket on {every_train(history.scenario.trains)}: it had read {_by_train(counts)}"
        case Outcome.BOUGHT if isinstance(count, int):
            return f"buys a ticket: it had read {count} and wrote {count - 1}"
        case Outcome.SOLD_OUT:
            return _sold_out(counts, history)
        case Outcome.TORN_READ:
            return "reads half a file and gives up"
        case _:
            if ending.alive:
                does = "still waits" if waits else "has not finished"
                return f"{does} when the sale stops (process {ending.pid})"
            return f"{'dies' if ending.died else 'gets no answer'} (process {ending.pid}, exit code {ending.exitcode})"


def _sold_out(counts: Mapping[int, object], history: History) -> str:
    if history.scenario.trains > 1:
        return f"finds no ticket for {every_train(history.scenario.trains)}: it read {_by_train(counts)}"
    what = "its share empty" if history.scenario.shares else "it sold out"
    return f"finds {what}: it read {counts.get(1)}"


def _by_train(counts: Mapping[int, object]) -> str:
    """Return "1 on train 1 and 0 on train 2"."""
    return " and ".join(f"{count} on train {train}" for train, count in sorted(counts.items()))


def _row(ending: Ending, history: History, died: int | None, span: int) -> str:
    """Return one buyer's line; a step without an end lasts until its buyer died or the sale ended."""
    bar = [_IDLE] * _BAR
    column, start, last = 0, _start(history), None
    for last in history.of(ending.buyer):
        if last.phase == "return":
            column = _draw(bar, last, column, _column(last.t_ns - start, span))
    if ending.died or ending.alive:
        end = _BAR - 1 if died is None else _column(history.events[died].t_ns - start, span)
        if last is not None and (last.phase == "call" or last.value == BLOCKED):
            column = _draw(bar, last, column, max(column, end))
        if died is not None:
            bar[min(column, _BAR - 1)] = _DEAD
    return f"buyer {ending.buyer:<3} {''.join(bar)}  {ending.outcome}".rstrip()


def _column(t_ns: int, span: int) -> int:
    return min(t_ns * (_BAR - 6) // span, _BAR - 1)


def _draw(bar: list[str], event: Event, column: int, at: int) -> int:
    """Draw one step from `column` on and return the first column after it: no step hides another."""
    if event.step in {Step.ACQUIRE, PAY}:
        length = max(0, at - column)
        bar[column : column + length] = (_WAIT if event.step == Step.ACQUIRE else _PAY) * length
        return column + length
    mark = {TORN: _TORN, CHANGED: _FAILED}.get(str(event.value)) or _MARKS.get(Step(event.step))
    if mark is None:
        return column
    first, last = min(column, _BAR - 1), min(max(column, at), _BAR - 1)
    if event.step not in {Step.TRUNCATE, Step.WRITE}:  # reading takes a moment; a write may wait for the disk
        first = last
    bar[first : last + 1] = mark * (last + 1 - first)
    return last + 1


def _shortened(lines: list[str], most: int, total: int = 0) -> list[str]:
    total = total or len(lines)
    if total <= most:
        return lines
    return [*lines[: most - 1], f"{'':{_LABEL}}... and {total - most + 1:,} more"]
