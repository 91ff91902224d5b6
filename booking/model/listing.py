"""The buyer's own code beside its steps: the line in which each step of a schedule or of a history is taken."""

import ast
import linecache
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from booking.errors import BookingError
from booking.history.history import Event, History
from booking.history.schedule import DIES, Cell, step_text
from booking.model.operation import Operation
from booking.model.scripted_desk import Results, Runner
from booking.model.shared_state import train_of
from booking.model.world import Moved, World
from booking.steps import BLOCKED, PAY, READS, Step
from booking.text.words import ranges

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Listing:
    """The functions that take the steps, without docstrings.

    `file` is the name of the file, without its folder, and `lines` are its lines with their numbers from 1.
    `step_lines` has the number of the line of each step, 0 if it is not known.
    """

    file: str
    lines: tuple[tuple[int, str], ...]
    step_lines: tuple[int, ...]

    def source(self, line: int) -> str:
        """Return the text of a line without its indentation, "" if it is not in the listing."""
        return dict(self.lines).get(line, "").strip()

    def marked(self, standing: Mapping[int, int]) -> list[str]:
        """Return the lines, each with the numbers of the buyers that stand there; `standing` has the buyers' lines."""
        marks = {at: f"{ranges(b for b, line in standing.items() if line == at)}>" for at in standing.values() if at}
        room = max(map(len, marks.values()), default=0)
        return [f"  {marks.get(line, ''):>{room}} {line:>4}  {text}".rstrip() for line, text in self.lines]


def listing(file: str, step_lines: Sequence[int], others: Iterable[int] = ()) -> Listing | None:
    """Return the functions of a file that have the lines of these steps or others, and the file's own that they call.

    None if the file cannot be read.
    """
    texts = linecache.getlines(file)
    try:
        functions = list(_functions(ast.parse("".join(texts))))
    except SyntaxError:
        return None
    wanted = {*step_lines, *others}
    named = {one.name: one for one in functions}
    found = [one for one in functions if not wanted.isdisjoint(range(one.lineno, (one.end_lineno or 0) + 1))]
    for one in found:  # grows while it is walked
        found += [named[name] for name in _names(one) if name in named and named[name] not in found]
    chosen = [one for one in functions if one in found]
    if not chosen:
        return None
    indent = min(one.col_offset for one in chosen)
    lines = tuple((line, texts[line - 1].rstrip()[indent:]) for one in chosen for line in _lines(one))
    return Listing(Path(file).name, lines, tuple(step_lines))


def schedule_listing(world: World, schedule: Iterable[int]) -> Listing | None:
    """Return the code that the buyers run from this world on, with the line of each turn; a death has the last line."""
    code, lines = world.codes[0], []
    for turn in schedule:
        lines.append(world.line(abs(turn)))
        world = world.take(turn)[0]
    return _code(code, lines)


def world_listing(world: World) -> Listing | None:
    """Return the code of the buyers in this world, with the line at which each of them stands; 0 once it has ended."""
    return _code(world.codes[0], [world.line(buyer) if world.request(buyer) else 0 for buyer in world.buyers])


def cells(moves: Sequence[Moved], code: Listing | None = None) -> list[Cell]:
    """Return the moves in a word or two each, to be shown in columns, with their lines of the code."""
    texts = [DIES if move.step is None else step_text(move.step, move.value, move.train) for move in moves]
    lines = code.step_lines if code else (0,) * len(moves)
    sources = [f"{line:>4}  {code.source(line)}" if code and line else "" for line in lines]
    return [Cell(move.buyer, text, source) for move, text, source in zip(moves, texts, sources, strict=False)]


def history_listing(history: History) -> Listing | None:
    """Return the code that the buyers of a sale ran, with the line of each event.

    The same code runs in the model, along the answers that each buyer had. It is unknown where the model asks for
    another step than the history has.
    """
    try:
        codes = World.before(history.scenario).codes
    except BookingError:  # its lock or store is not here, or it has more buyers than a model takes
        return None
    followers = [_Follower(code) for code in codes]
    return _code(codes[0], [followers[event.buyer - 1].line(event) for event in history.events])


def _code(runner: Runner, step_lines: Sequence[int]) -> Listing | None:
    return listing(runner.file, step_lines, [runner.first_line])


class _Follower:
    """Follows one buyer of a real sale through its code."""

    def __init__(self, code: Runner) -> None:
        self._code = code
        self._answers: Results | None = ()

    def line(self, event: Event) -> int:
        """Return the line of this event, the buyer's next one; 0 from where it does what the model does not."""
        if self._answers is None:
            return 0
        try:
            point = self._code.after(self._answers)
        except BookingError:
            self._answers = None
            return 0
        if event.step == PAY:
            return point.paid
        asked = point.next
        if not isinstance(asked, Operation) or (asked.step, train_of(asked.name)) != (event.step, event.train):
            self._answers = None
            return 0
        if event.phase == "return" and event.value != BLOCKED:
            has_answer = event.step in {*READS, Step.SWAP}
            self._answers = (*self._answers, event.value if has_answer else None)
        return self._code.line_of(point)


def _functions(tree: ast.AST) -> Iterator[Function]:
    """Yield the functions of a module and the methods of its classes, but not what is defined in a function."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, Function):
            yield node
        else:
            yield from _functions(node)


def _names(function: Function) -> list[str]:
    """Return the names that a function uses, those of attributes of `self` included."""
    found = [node.id for node in ast.walk(function) if isinstance(node, ast.Name)]
    mine = [node for node in ast.walk(function) if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)]
    return list(dict.fromkeys([*found, *(node.attr for node in mine if getattr(node.value, "id", "") == "self")]))


def _lines(function: Function) -> Iterator[int]:
    """Yield the numbers of a function's lines, without those of a docstring that is not all there is."""
    first, last = function.lineno, function.end_lineno or 0
    left_out: range = range(0)
    if ast.get_docstring(function, clean=False) is not None and len(function.body) > 1:
        left_out = range(function.body[0].lineno, (function.body[0].end_lineno or 0) + 1)
    return (line for line in range(first, last + 1) if line not in left_out)
