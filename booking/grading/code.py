"""Find all code that a lock runs, and make sure that it changes nothing but its frames and the lock's attributes."""

import builtins
import dis
import inspect
import re
from contextlib import suppress
from dataclasses import dataclass
from types import CodeType, FunctionType

from booking import cells
from booking.grading.flow import CodeFacts, facts_of

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


class HiddenError(Exception):
    """Something that the future may depend on cannot be seen; the message says what."""


def immutable(value: object) -> bool:
    """Return whether a value cannot change, nor anything in it."""
    return type(value) in _IMMUTABLE or (type(value) is tuple and all(map(immutable, value)))


@dataclass(frozen=True, slots=True)
class KnownCode:
    """All code that a lock runs, with its facts, and its functions; those could be given attributes, and may not."""

    facts: dict[CodeType, CodeFacts]
    functions: tuple[FunctionType, ...]

    def have_changed(self) -> bool:
        """Return whether a function has been given an attribute."""
        return any(vars(function) for function in self.functions)


NO_CODE = KnownCode({}, ())


def code_of(kind: type) -> KnownCode:
    """Return the facts of all code that a lock of this class runs in `acquire` and `release`.

    Raise HiddenError if anything outside its frames and its attributes may change or be read that is no constant.
    """
    if type(kind) is not type:
        raise HiddenError(f"{kind.__name__} has a metaclass")
    reader = _Reader(kind)
    for name in ("acquire", "release"):
        reader.read_attribute(name)
    known = [code for code in reader.codes if not (code.co_flags & _SUSPENDED or code.co_name.endswith("comp>"))]
    return KnownCode({code: facts_of(code) for code in known}, tuple(reader.functions))


_SUSPENDED = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
_HARMLESS = frozenset(
    {"__init__", "__module__", "__doc__", "__qualname__", "__dict__", "__weakref__", "__annotations__"}
)
_HARMLESS_SINCE = frozenset({"__static_attributes__", "__firstlineno__", "__annotate_func__", "__annotations_cache__"})


class _Reader:
    """Follows code from function to function; `codes` has what was found, and `functions` all functions."""

    def __init__(self, kind: type) -> None:
        self.codes: set[CodeType] = set()
        self.functions: list[FunctionType] = []
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
        self.functions.append(function)
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
