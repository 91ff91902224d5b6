"""A schedule: which buyer moves next, step by step; how it is written down, and how it is shown.

Buyers count from 1. A step of buyer 2 is written 2, and its death -2. As a table a schedule has a line for each step
and a column for each buyer, and in it the value read or written.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from shlex import quote
from typing import Any, NamedTuple, TypeAlias

from booking.errors import BadInputError, DiskError
from booking.scenario import MOST_PROCESSES, Scenario, require_whole
from booking.steps import BLOCKED, CHANGED, TORN, Step, Value
from booking.storage import files
from booking.storage.paths import shown
from booking.text.words import count_of, on_trains

Schedule: TypeAlias = tuple[int, ...]
SCHEMA = 1
MOST_STEPS = 10_000

_TURN = r"\s*(-?[1-9][0-9]{0,5})\s*"
_KEYS = ["scenario", "schedule", "schema"]

WIDTH = 80
LEAST_CODE = 24
"""Where fewer columns are left, the code is not shown."""
MOST_COLUMNS = 6
"""More buyers than this are listed by name instead."""
DIES = "dies"

_NUMBER = 6
_WIDEST = 16
_VALUED = {Step.LOOK, Step.READ, Step.WRITE, Step.SWAP}


class SavedSchedule(NamedTuple):
    """A schedule together with the scenario that it belongs to."""

    scenario: Scenario
    schedule: Schedule


def parse(text: str) -> Schedule:
    """Return the schedule of "1,2,-2", where -2 is the death of buyer 2; raise BadInputError with the position."""
    turns = text.split(",")
    matches = [re.fullmatch(_TURN, turn, re.ASCII) for turn in turns]
    for position, match in enumerate(matches, 1):
        if match is None:
            raise BadInputError(
                f"step {position} of the schedule is {turns[position - 1]!a:.40}; "
                "use buyers' numbers with commas, such as 1,2,1,2 (-2 for the death of buyer 2)"
            )
    return validate([int(match[1]) for match in matches if match])


def validate(turns: Sequence[object]) -> Schedule:
    """Return the numbers as a schedule; raise BadInputError, with the position, if one cannot be a buyer's."""
    if not 1 <= len(turns) <= MOST_STEPS:
        raise BadInputError(f"the schedule has {len(turns):,} steps; use 1 to {MOST_STEPS:,}")
    return tuple(_turn(position, turn) for position, turn in enumerate(turns, 1))


def _turn(position: int, turn: object) -> int:
    name = f"step {position} of the schedule"
    if turn == 0 or not isinstance(turn, int):  # 0 is in the range, and no buyer
        raise BadInputError(f"{name} is {turn!r:.40}; use a buyer's number, from 1 (-2 for the death of buyer 2)")
    require_whole(name, turn, -MOST_PROCESSES, MOST_PROCESSES)
    return turn


def to_text(schedule: Schedule) -> str:
    """Return the short string that `parse` reads."""
    return ",".join(map(str, schedule))


def heading(scenario: Scenario, place: str = "") -> str:
    """Return what is for sale to whom, without a full stop; `place` goes behind the tickets, such as " in db.json"."""
    permits = f" with {count_of(scenario.permits, 'permit')}" if scenario.permits != 1 else ""
    tickets = f"{count_of(scenario.tickets, 'ticket')}{on_trains(scenario.trains, scenario.order)}{place}"
    buyers = count_of(scenario.buyers, "buyer")
    buyer = f", buyer {shown(scenario.buyer_name)}" if scenario.buyer_name else ""
    return f"{buyers}, {tickets}, lock {scenario.lock}{permits}, store {scenario.store}{buyer}"


def command(scenario: Scenario, schedule: Schedule) -> str:
    """Return the command that replays the schedule."""
    permits = f" --permits {scenario.permits}" if scenario.permits != 1 else ""
    trains = f" --trains {scenario.trains} --lock-order {scenario.order}" if scenario.trains != 1 else ""
    buyer = f" --buyer {quote(scenario.buyer_name)}" if scenario.buyer_name else ""
    options = (
        f"--buyers {scenario.buyers} --tickets {scenario.tickets}"
        f" --lock {quote(scenario.lock)}{permits} --store {scenario.store}{trains}{buyer}"
    )
    if schedule[:1] < (0,):  # a command line takes what begins with a dash for an option
        return f"booking replay {options} -- {to_text(schedule)}"
    return f"booking replay {to_text(schedule)} {options}"


def to_json(saved: SavedSchedule) -> dict[str, Any]:
    """Return the document in which a schedule is kept with its scenario."""
    return {"schema": SCHEMA, "scenario": saved.scenario.to_json(), "schedule": list(saved.schedule)}


def from_json(document: object) -> SavedSchedule:
    """Return what `to_json` wrote; raise BadInputError for another document, another key or a bad value."""
    if not isinstance(document, dict) or sorted(document) != _KEYS:
        raise BadInputError("it is not a schedule: it has to be one JSON object with schema, scenario and schedule")
    if document["schema"] != SCHEMA or isinstance(document["schema"], bool):
        raise BadInputError(f"it has schema {document['schema']!r:.40}; this program reads schema {SCHEMA}")
    scenario, schedule = document["scenario"], document["schedule"]
    if not isinstance(scenario, dict) or not isinstance(schedule, list):
        raise BadInputError("its scenario has to be a JSON object, and its schedule a list of buyers' numbers")
    return SavedSchedule(Scenario.from_json(scenario), validate(schedule))


def load(path: Path) -> SavedSchedule:
    """Return the schedule in a file, as `booking explore --save` writes it; raise BadInputError, DiskError."""
    try:
        return from_json(json.loads(files.read_small(path).decode("utf-8")))
    except BadInputError as error:
        reason = str(error)
    except (ValueError, RecursionError):
        reason = "it cannot be read as JSON; write one with `booking explore --save FILE`"
    raise BadInputError(f"cannot use the schedule {shown(path)}: {reason}")


def save(path: Path, saved: SavedSchedule) -> None:
    """Write the document to a file; raise DiskError."""
    try:
        path.write_text(json.dumps(to_json(saved)) + "\n", encoding="utf-8")
    except OSError as error:
        raise DiskError(f"cannot write {shown(path)}: {error.strerror}; choose another file") from None


class Cell(NamedTuple):
    """What one buyer does in one step, in a word or two, and the line of its code in which it does, "" for unknown."""

    buyer: int
    text: str
    source: str = ""


def step_text(step: str, value: Value = None, train: int = 1) -> str:
    """Return a step in a word or two: "read 1", "look torn", "acquire", "blocked", "swap fails", "read 1 (t2)"."""
    if train > 1:
        return f"{step_text(step, value)} (t{train})"
    if value == BLOCKED:
        return "blocked"
    if value == CHANGED:
        return f"{step} fails"
    if step == Step.ACCESS and value is not None:
        return str(value)
    if step in _VALUED and value is not None:
        return f"{step} {TORN if value == TORN else value}"
    return str(step)


def columns(cells: Sequence[Cell], ends: Mapping[int, str] | None = None, width: int = WIDTH) -> list[str]:
    """Return the lines, of at most `width` columns; only the buyers that occur have a column.

    `ends` says in a word or two how buyers end; None shows no ends. Where there are too many buyers, or a text is
    too long for its column, each line names its buyer instead. The lines of code stand on the right if there is room.
    """
    ends = ends or {}
    buyers = sorted({cell.buyer for cell in cells} | set(ends))
    room = min(_WIDEST, (width - _NUMBER) // max(1, len(buyers)))
    longest = max(map(len, [*(cell.text for cell in cells), *ends.values(), "buyer 10"]), default=0)
    if len(buyers) > max(MOST_COLUMNS, width // _WIDEST) or longest >= room:
        return _with_code(list(_listed(cells, ends)), cells, width)
    if any(cell.source for cell in cells):
        room = min(room, longest + 2)
    return _with_code(list(_side_by_side(cells, ends, buyers, room)), cells, width)


def _with_code(lines: list[str], cells: Sequence[Cell], width: int) -> list[str]:
    """Return the lines with the code behind them if there is room: a header, the steps, and perhaps the ends."""
    behind = max(map(len, lines)) + 2
    if not any(cell.source for cell in cells) or width - behind < LEAST_CODE:
        return lines
    sources = ["line  code", *(_cut(cell.source, width - behind) for cell in cells)]
    beside = [f"{line:<{behind}}{source}".rstrip() for line, source in zip(lines, sources, strict=False)]
    return [*beside, *lines[len(sources) :]]


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 3]}..."


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
