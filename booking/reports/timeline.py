"""The sale as text: what happened in its order, a row per buyer against the clock, and the verdict."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from booking.history.finding import SOUND
from booking.history.history import Ending, Event, History
from booking.history.states import deaths, foremost
from booking.history.verdict import Verdict
from booking.purchase import Outcome
from booking.reports import processes
from booking.steps import BLOCKED, CHANGED, PAY, TORN, Step
from booking.text.screen import BAD, DEAD, FAINT, GOOD, PLAIN, Screen
from booking.text.verbs import narrated
from booking.text.words import count_of, every_train

MOST_ROWS = 20
"""Of more buyers than this the foremost have a row, the witnesses first, and a line counts the others."""

_LABEL, _BAR, _OUTCOME = 10, 52, 10
"""The columns of a row on a screen of 80: the buyer, the time axis, which grows with the screen, and how it ended."""
_MARKS = {Step.LOOK: "L", Step.READ: "R", Step.TRUNCATE: "T", Step.WRITE: "W", Step.SWAP: "S"}
_WAIT, _PAY, _TORN, _FAILED, _IDLE, _DEAD = ".", "=", "!", "s", " ", "X"
_INKS = {"R": GOOD, "W": BAD, "T": BAD, "S": BAD, "!": DEAD, "X": DEAD, "L": FAINT, ".": FAINT, "s": FAINT}
LEGEND = ("L look", ". wait for the lock", "R read", "= pay", "W write")
LEGEND_DEATH = ("X died",)
LEGEND_IN_PLACE = ("T empty the file", "! half a file")
LEGEND_SWAP = ("S swap", "s another buyer was faster: no swap, once more")


def render(history: History, verdict: Verdict, screen: Screen = PLAIN, first: Sequence[str] = ()) -> str:
    """Return a sale's verdict, the lines in `first`, the story, the timeline, the reasons, and the verdict again.

    A sale without events, as of a very large pool, has no story.
    """
    pictures = [*story(history, screen), "", *timeline(history, verdict, screen), ""] if history.events else []
    notes = [line for note in history.notes for line in screen.wrapped(note)]
    why, around = reasons(history, verdict, screen), [*notes, *processes.lines(history, screen)]
    parts = [*headline(verdict, screen), *first, ""], pictures, [*why, ""] * bool(why), [*around, ""] * bool(around)
    return "\n".join([*(line for part in parts for line in part), *headline(verdict, screen)])


def headline(verdict: Verdict, screen: Screen = PLAIN) -> list[str]:
    """Return the verdict in a line, two on a narrow screen."""
    return screen.headline(verdict.headline, GOOD if verdict.name == SOUND else BAD)


def story(history: History, screen: Screen = PLAIN) -> list[str]:
    """Return who did what in the order in which it happened, times in milliseconds."""
    start = _start(history)
    moments = sorted((t_ns - start, buyer, text) for t_ns, buyer, text in _told(history))
    if history.scenario.buyers <= MOST_ROWS:
        told = [(t_ns, f"buyer {buyer} {text}") for t_ns, buyer, text in moments]
        return [line for t_ns, text in told for line in screen.hanging(f"{t_ns / 1e6:9.1f} ms  ", text)]
    runs = [list(run) for _, run in groupby(moments, key=lambda moment: moment[2])]
    lines = [screen.hanging(f"{run[0][0] / 1e6:9.1f} ms  ", f"{_who(run)} {run[0][2]}") for run in runs]
    return [line for moment in _shortened(lines, MOST_ROWS) for line in moment]


def _who(run: Sequence[tuple[int, int, str]]) -> str:
    return f"buyer {run[0][1]}" if len(run) == 1 else f"each of {len(run):,} buyers"


def timeline(history: History, verdict: Verdict, screen: Screen = PLAIN) -> list[str]:
    """Return a row per buyer on one time axis; every step has its letter, and waiting and paying their length."""
    span, died = max(1, _end(history) - _start(history)), deaths(history)
    room = max(screen.width - 80 + _BAR, min(_BAR, screen.width - _LABEL - 2 - _OUTCOME))
    rows = [[f"{'':{_LABEL}}{'0 ms':<{room - 12}}{span / 1e6:>9.1f} ms"]]
    for ending in foremost(history, verdict, MOST_ROWS):
        bar = screen.bar(_bar(ending, history, died.get(ending.buyer), span, room), _INKS)
        rows.append([f"buyer {ending.buyer:<3} {bar}  {ending.outcome}".rstrip()])
    rows = [rows[0], *_shortened(rows[1:], MOST_ROWS, len(history.endings))]
    in_place = any(event.step == Step.TRUNCATE or event.value == TORN for event in history.events)
    swapped = any(event.step == Step.SWAP for event in history.events)
    rows.append(screen.legend(LEGEND + LEGEND_DEATH * bool(died), _LABEL))
    rows += [screen.legend(LEGEND_IN_PLACE, _LABEL)] * in_place + [screen.legend(LEGEND_SWAP, _LABEL)] * swapped
    return [line for row in rows for line in row]


def reasons(history: History, verdict: Verdict, screen: Screen = PLAIN) -> list[str]:
    """Return why the verdict is what it is, and how to replay the sale; nothing where there is nothing to say."""
    lines = screen.wrapped(verdict.reasons)
    if verdict.name == SOUND and verdict.sold_out:
        what = "an empty share" if history.scenario.shares else "it sold out"
        lines += screen.wrapped(f"{count_of(verdict.sold_out, 'buyer')} found {what}.")
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


def _bar(ending: Ending, history: History, died: int | None, span: int, room: int) -> str:
    """Return one buyer's letters; a step without an end lasts until its buyer died or the sale ended."""
    bar = [_IDLE] * room
    column, start, last = 0, _start(history), None
    for last in history.of(ending.buyer):
        if last.phase == "return":
            column = _draw(bar, last, column, _column(last.t_ns - start, span, room))
    if ending.died or ending.alive:
        end = room - 1 if died is None else _column(history.events[died].t_ns - start, span, room)
        if last is not None and (last.phase == "call" or last.value == BLOCKED):
            column = _draw(bar, last, column, max(column, end))
        if died is not None:
            bar[min(column, room - 1)] = _DEAD
    return "".join(bar)


def _column(t_ns: int, span: int, room: int) -> int:
    return min(t_ns * (room - 6) // span, room - 1)


def _draw(bar: list[str], event: Event, column: int, at: int) -> int:
    """Draw one step from `column` on and return the first column after it: no step hides another."""
    if event.step in {Step.ACQUIRE, PAY}:
        length = max(0, at - column)
        bar[column : column + length] = (_WAIT if event.step == Step.ACQUIRE else _PAY) * length
        return column + length
    mark = {TORN: _TORN, CHANGED: _FAILED}.get(str(event.value)) or _MARKS.get(Step(event.step))
    if mark is None:
        return column
    first, last = min(column, len(bar) - 1), min(max(column, at), len(bar) - 1)
    if event.step not in {Step.TRUNCATE, Step.WRITE}:  # reading takes a moment; a write may wait for the disk
        first = last
    bar[first : last + 1] = mark * (last + 1 - first)
    return last + 1


def _shortened(lines: list[list[str]], most: int, total: int = 0) -> list[list[str]]:
    total = total or len(lines)
    if total <= most:
        return lines
    return [*lines[: most - 1], [f"{'':{_LABEL}}... and {total - most + 1:,} more"]]
