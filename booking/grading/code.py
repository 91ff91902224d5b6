"""Read the instructions of a lock's code: what the stack holds before each of them, which variables are still needed.

It answers two questions for `booking.grading.script`. Can anything change outside the code's own frames and the
lock's attributes? And what, beside variables, does a frame hold at the beginning of a line?
"""

import builtins
import dis
import inspect
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from types import CodeType, FunctionType

from booking import cells

_BUILTINS = (
    *(abs, all, any, bool, divmod, enumerate, filter, int, isinstance, len, list, map, max, min, pow, print, range),
    *(reversed, sorted, str, sum, tuple, zip, cells.fence),
)
"""They keep nothing between two calls, and call nothing but what they are handed."""
_IMMUTABLE = (int, bool, str, bytes, float, type(None), range)
_OUTSIDE = re.compile(
    r"(LOAD|STORE|DELETE)_NAME|(STORE|DELETE)_GLOBAL|IMPORT|LOAD_(BUILD_CLASS|CLASSDEREF|LOCALS|FROM_DICT|SUPER)"
    r"|GET_(A|YIELD_FROM|AWAITABLE)|SEND|SETUP_ANN"
)
"""Instructions, by the beginning of their names, that reach something besides frames, arguments and attributes."""
_NO_RESULT = re.compile(r"POP_|STORE_|DELETE_|RETURN|RERAISE|RAISE|END_|LIST_|SET_(ADD|UPDATE)|MAP_ADD|DICT_")
_NEUTRAL = re.compile(
    r"NOP|JUMP|RESUME|KW_NAMES|MAKE_CELL|COPY_FREE|EXTENDED_ARG|CACHE|NOT_TAKEN|PRECALL|ASYNC|TO_BOOL"
)
_ENDS = re.compile(r"RETURN_(VALUE|CONST)|RAISE_VARARGS|RERAISE|JUMP_(FORWARD|BACKWARD)")
SOMETHING = -1
"""A value on the stack about which nothing is known."""


class HiddenError(Exception):
    """Something that the future may depend on cannot be seen; the message says what."""


@dataclass(frozen=True, slots=True)
class CodeFacts:
    """What is known of the code of one function.

    `stack` has, for the place of each instruction, what the stack holds before it: the iterator of a `for` over a
    `range` whose variable shows how far it has come, by the place of its GET_ITER, or SOMETHING. `variables` has the
    variable of each such loop, and `needed` the variables whose values can still be read.
    """

    stack: dict[int, tuple[int, ...]]
    variables: dict[int, str]
    needed: dict[int, frozenset[str]]


def immutable(value: object) -> bool:
    """Return whether a value cannot change, nor anything in it."""
    return type(value) in _IMMUTABLE or (type(value) is tuple and all(map(immutable, value)))


def codes_of(kind: type) -> dict[CodeType, CodeFacts]:
    """Return the facts of all code that a lock of this class runs in `acquire` and `release`.

    Raise HiddenError if anything outside its frames and its attributes may change or be read that is no constant.
    """
    if type(kind) is not type:
        raise HiddenError(f"{kind.__name__} has a metaclass")
    reader = _Reader(kind)
    for name in ("acquire", "release"):
        reader.read_attribute(name)
    return {
        code: facts_of(code)
        for code in reader.codes
        if not (code.co_flags & _SUSPENDED or code.co_name.endswith("comp>"))
    }


_SUSPENDED = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
_HARMLESS = frozenset(
    {"__init__", "__module__", "__doc__", "__qualname__", "__dict__", "__weakref__", "__annotations__"}
)
_HARMLESS_SINCE = frozenset({"__static_attributes__", "__firstlineno__", "__annotate_func__", "__annotations_cache__"})


class _Reader:
    """Follows code from function to function; `codes` has what was found, and `functions` all functions."""

    def __init__(self, kind: type) -> None:
        self.codes: set[CodeType] = set()
        self._kind = kind
        for owner in kind.__mro__[:-1]:
            special = {name for name, value in vars(owner).items() if name.startswith("__") and callable(value)}
            for name in sorted(special - _HARMLESS - _HARMLESS_SINCE):
                raise HiddenError(f"{owner.__name__} defines {name}")

    def read_attribute(self, name: str) -> None:
        """Follow what an attribute of this name means where it is the class's."""
        if name.startswith("__") or name == "_world":
            raise HiddenError(f"it uses the attribute {name}")
        for owner in self._kind.__mro__:
            if name in vars(owner):
                self._follow(vars(owner)[name], f"{self._kind.__name__}.{name}")
                return

    def _follow(self, value: object, name: str) -> None:
        """Accept a constant, a cell, or a function that reads nothing but such things."""
        if isinstance(value, staticmethod):
            value = value.__func__
        if isinstance(value, property) and value.fset is None and value.fdel is None:
            value = value.fget
        if any(value is known for known in _BUILTINS):
            return
        if type(value) is FunctionType:
            self._read(value)
        elif not (immutable(value) or type(value) in _CELLS):
            is_error = isinstance(value, type) and issubclass(value, BaseException) and value.__module__ == "builtins"
            if not is_error:
                raise HiddenError(f"it reads {name}, {_article(value)}, which is not followed")

    def _read(self, function: FunctionType) -> None:
        if vars(function):
            raise HiddenError(f"the function {function.__name__} has attributes or a decorator")
        if function.__code__ in self.codes:
            return
        self.codes.add(function.__code__)
        for default in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
            self._follow(default, f"a default of {function.__name__}")
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            with suppress(ValueError):  # still empty
                self._follow(cell.cell_contents, name)
        known = vars(builtins) | function.__globals__
        for name in sorted(self._globals_read(function.__code__)):
            if name not in known:
                raise HiddenError(f"it reads the global {name}, which does not exist yet")
            if name == "range" and known[name] is not range:
                raise HiddenError("it has a `range` that is not Python's")
            self._follow(known[name], name)

    def _globals_read(self, code: CodeType) -> set[str]:
        """Return the globals that the code reads, that of nested functions and comprehensions included."""
        found: set[str] = set()
        before = None
        for instruction in dis.get_instructions(code):
            name, argument = instruction.opname, instruction.argval
            if _OUTSIDE.match(name):
                raise HiddenError(f"line {_line(code, instruction.offset)} uses {name.lower().replace('_', ' ')}")
            if name == "LOAD_GLOBAL":
                found.add(argument)
            elif name in {"LOAD_ATTR", "LOAD_METHOD", "STORE_ATTR", "DELETE_ATTR"}:
                self.read_attribute(argument)
            elif name == "IS_OP" and not _is_constant(before):
                raise HiddenError(f"line {_line(code, instruction.offset)} compares by `is`; write ==")
            before = instruction
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                self.codes.add(constant)
                found |= self._globals_read(constant)
        return found


_CELLS = (cells.Cell, cells.Cells, cells.AtomicCell, cells.AtomicCells)


def _article(value: object) -> str:
    name = type(value).__name__
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"


def _is_constant(before: dis.Instruction | None) -> bool:
    return before is not None and before.opname == "LOAD_CONST" and before.argval in (None, True, False)


def _line(code: CodeType, place: int) -> int:
    return next((line for start, end, line in code.co_lines() if start <= place < end and line), code.co_firstlineno)


@lru_cache(maxsize=1024)
def facts_of(code: CodeType) -> CodeFacts:
    """Return the facts of a code; one whose stack cannot be followed has none, so that nothing is seen in it."""
    flow = _Flow(code)
    stack, loops = flow.stacks()
    return CodeFacts(stack, {place: name for place, name in loops.items() if name}, flow.needed())


class _Flow:
    """The instructions of a code, and which of them can follow each other."""

    def __init__(self, code: CodeType) -> None:
        bytecode = dis.Bytecode(code)
        self.code = code
        self.instructions = {instruction.offset: instruction for instruction in bytecode}
        self.following = dict(pairwise(self.instructions))
        self.handlers = bytecode.exception_entries  # type: ignore[attr-defined]
        self.targets = {i.argval for i in self.instructions.values() if _jumps(i)}

    def after(self, at: int) -> Iterator[tuple[int, bool]]:
        """Yield the instructions that can come next, and whether a jump leads there; exceptions aside."""
        instruction = self.instructions[at]
        if _jumps(instruction):
            yield instruction.argval, True
        if not _ENDS.match(instruction.opname) and at in self.following:
            yield self.following[at], False

    def stacks(self) -> tuple[dict[int, tuple[int, ...]], dict[int, str]]:
        """Return what the stack holds before each instruction, and the variable of each loop, "" if it shows little.

        Iterators are known by the place of the GET_ITER that made them, and then by the loop that they drive.
        """
        before: dict[int, tuple[int, ...]] = {0: ()}
        waiting = [0]
        while waiting:
            at = waiting.pop()
            ways = [(target, self._behind(at, before[at], jumps=jumps)) for target, jumps in self.after(at)]
            ways += [
                (entry.target, before[at][: entry.depth] + (SOMETHING,) * (1 + entry.lasti))
                for entry in self.handlers
                if entry.start <= at < entry.end
            ]
            for target, stack in ways:
                known = before.get(target)
                if known is not None and len(known) != len(stack):
                    return {}, {}
                merged = (
                    stack
                    if known is None
                    else tuple(a if a == b else SOMETHING for a, b in zip(known, stack, strict=True))
                )
                if merged != known:
                    before[target] = merged
                    waiting.append(target)
        loops = {
            before[at][-1]: self._variable(at, before)
            for at, instruction in self.instructions.items()
            if instruction.opname == "FOR_ITER" and before.get(at)
        }
        good = {made for made, name in loops.items() if name}
        return {at: tuple(item if item in good else SOMETHING for item in stack) for at, stack in before.items()}, loops

    def _behind(self, at: int, stack: tuple[int, ...], *, jumps: bool) -> tuple[int, ...]:
        instruction = self.instructions[at]
        name = instruction.opname
        effect = dis.stack_effect(instruction.opcode, instruction.arg, jump=jumps)
        depth = len(stack) + effect
        if name == "SWAP":
            changed = list(stack)
            changed[-1], changed[-instruction.arg] = changed[-instruction.arg], changed[-1]  # type: ignore[operator]
            return tuple(changed)
        if name == "GET_ITER":
            return (*stack[:-1], at)
        if effect > 0:
            return stack + (SOMETHING,) * effect
        if name == "FOR_ITER" or _NO_RESULT.match(name) or (effect == 0 and _NEUTRAL.match(name)):
            return stack[:depth]
        return (*stack[: max(depth - 1, 0)], SOMETHING)[:depth]

    def _variable(self, at: int, before: dict[int, tuple[int, ...]]) -> str:
        """Return the variable of a `for` over a range that is assigned nowhere else but by other loops."""
        made = before[at][-1]
        if made < 0 or made in self.targets:
            return ""
        first = max((i for i in before if i < made and len(before[i]) == len(before[made]) - 1), default=made)
        if self.instructions[first].opname == "PUSH_NULL":
            first = self.following[first]
        makes, store = self.instructions[first], self.instructions[self.following[at]]
        is_range = makes.opname == "LOAD_GLOBAL" and makes.argval == "range"
        is_call = any(i.opname == "CALL" and self.following.get(i.offset) == made for i in self.instructions.values())
        if not (is_range and is_call and re.match("STORE_(FAST|DEREF)", store.opname)):
            return ""
        name = _names(store)[0]
        inside = [place for place, stack in before.items() if made in stack and place != store.offset]
        if any(name in _assigned(self.instructions[place]) for place in inside):
            return ""
        return "" if any(_assigns(nested, name) for nested in self.code.co_consts) else name

    def needed(self) -> dict[int, frozenset[str]]:
        """Return the variables that can still be read from each instruction on, without another assignment before."""
        always = frozenset((*self.code.co_cellvars, *self.code.co_freevars))
        found = dict.fromkeys(self.instructions, always)
        changes = True
        while changes:
            changes = False
            for at in reversed(self.instructions):
                instruction = self.instructions[at]
                live = frozenset[str]().union(*(found[target] for target, _ in self.after(at)))
                live = live - _assigned(instruction) | _read(instruction) | always
                for entry in self.handlers:
                    if entry.start <= at < entry.end:
                        live |= found[entry.target]
                if live != found[at]:
                    found[at] = live
                    changes = True
        return found


def _jumps(instruction: dis.Instruction) -> bool:
    return instruction.opcode in dis.hasjrel or instruction.opcode in dis.hasjabs


def _names(instruction: dis.Instruction) -> tuple[str, ...]:
    found = instruction.argval
    return found if isinstance(found, tuple) else (str(found),)


def _assigned(instruction: dis.Instruction) -> frozenset[str]:
    """Return the variables that an instruction assigns or deletes."""
    name = instruction.opname
    if name in {"STORE_FAST_LOAD_FAST", "STORE_FAST_MAYBE_NULL"}:
        return frozenset(_names(instruction)[:1])
    if re.match(r"(STORE|DELETE)_(FAST|DEREF)", name):
        return frozenset(_names(instruction))
    return frozenset()


def _read(instruction: dis.Instruction) -> frozenset[str]:
    """Return the variables that an instruction reads; a deletion, too, depends on whether there is one."""
    name = instruction.opname
    if name == "STORE_FAST_LOAD_FAST":
        return frozenset(_names(instruction)[1:])
    if re.match(r"LOAD_FAST|DELETE_FAST", name):
        return frozenset(_names(instruction))
    return frozenset()


def _assigns(constant: object, name: str) -> bool:
    """Return whether a nested function assigns to the variable of this name of the function around it."""
    return isinstance(constant, CodeType) and (
        any(i.opname == "STORE_DEREF" and i.argval == name for i in dis.get_instructions(constant))
        or any(_assigns(nested, name) for nested in constant.co_consts)
    )
