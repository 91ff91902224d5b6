"""Recognise a buyer's code that is back in a state in which it was before, so that a loop closes into a cycle.

Two suspended runs go on alike if all that their future depends on is equal: the frames, each with its place, its
variables and its evaluation stack, and what they can reach and change outside. Place and variables alone are not
enough: in `a() + b()` the result of `a` lies on that stack while `b` runs. So `plain_codes` first proves, from the
instructions of the code and of all functions that it calls, that nothing outside the frames can change: only local
variables are assigned, only plain values (int, bool, str, None, Outcome and tuples of these) are made, and nothing is
called but desks, such functions, and builtins that keep nothing and call nothing back. Then `local_state` requires at
the step that the evaluation stack of every frame is empty but for the call under way, and compares the rest.

Everything else is *unknown* (None), and its loops are followed, not closed: half an expression, the iterator of a
`for`, an exception that is being handled, lists and other objects in variables, generators, lambdas and closures over
more than plain values, assignments to globals, attributes and items, imports, time and random numbers.
"""

import builtins
import dis
import re
from collections.abc import Callable, Hashable, Iterator, Mapping
from functools import lru_cache
from itertools import pairwise
from types import CodeType, FrameType, FunctionType

from booking import errors
from booking.purchase import Outcome

_VALUES = (int, bool, str, type(None), Outcome)
_BUILTINS = (abs, bool, divmod, enumerate, int, isinstance, len, max, min, print, range, str)
_CALLBACKS = frozenset({"key", "file"})
"""Arguments by which a builtin would call code that is not on any frame's stack."""
_ATTRIBUTES = frozenset({"look", "read", "pay", "write", "swap", "lock", "acquire", "release", *Outcome.__members__})
_OPERATIONS = re.compile(
    r"(LOAD|STORE|DELETE)_FAST|LOAD_(CONST|SMALL_INT|GLOBAL|ATTR|METHOD|DEREF|ASSERTION_ERROR|COMMON_CONSTANT|SPECIAL)"
    r"|COPY|SWAP|PUSH_NULL|POP_(TOP|JUMP|BLOCK|ITER|EXCEPT)|JUMP|RESUME|NOP|NOT_TAKEN|CACHE|EXTENDED_ARG|PRECALL"
    r"|CALL($|_KW)|KW_NAMES|RETURN_(VALUE|CONST)|BINARY_(OP|SUBSCR|SLICE)|BUILD_(TUPLE|STRING|SLICE)|UNARY|COMPARE_OP"
    r"|(IS|CONTAINS)_OP|TO_BOOL|FORMAT|CONVERT_VALUE|UNPACK_SEQUENCE|GET_ITER|FOR_ITER|END_FOR"
    r"|BEFORE_WITH|WITH_EXCEPT_START|PUSH_EXC_INFO|CHECK_EXC_MATCH|RERAISE|RAISE_VARARGS"
)
"""Instructions, or how their names begin in one version of Python or another, that change nothing but their frame."""
_ENDS = frozenset({"RAISE_VARARGS", "RERAISE", "JUMP_FORWARD", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT"})


class _HiddenError(Exception):
    """Something that the future may depend on cannot be seen."""


def plain_codes(program: Callable[..., object]) -> frozenset[CodeType]:
    """Return the code of this function and of all that it calls if nothing outside their frames can change, else {}."""
    found: set[CodeType] = set()
    try:
        _require_plain_function(program, found)
    except _HiddenError:
        return frozenset()
    return frozenset(found)


def local_state(
    frame: FrameType | None, bottom: CodeType, codes: frozenset[CodeType], names: Mapping[int, str]
) -> Hashable | None:
    """Return what is equal only for runs that go on alike, or None for unknown.

    `frame` is the innermost one of the buyer's code and `bottom` the code that called the buyer's. `codes` are those
    of `plain_codes`, and `names` has the desks and locks by their `id`.
    """
    found: list[Hashable] = []
    try:
        while frame is not None and frame.f_code is not bottom:
            if frame.f_code not in codes:
                return None
            place = _empty_places(frame.f_code).get(frame.f_lasti)
            if place is None:
                return None
            variables = tuple((name, _seen(value, names)) for name, value in frame.f_locals.items())
            found.append((frame.f_code, place, variables))
            frame = frame.f_back
    except _HiddenError:
        return None
    return tuple(found)


def _seen(value: object, names: Mapping[int, str]) -> Hashable:
    """Return something that is equal only for equal values of one type."""
    if type(value) in _VALUES:
        return type(value), value
    if type(value) is tuple:
        return tuple, *(_seen(item, names) for item in value)
    if id(value) in names:
        return names[id(value)]
    raise _HiddenError


def _require_plain_function(function: object, found: set[CodeType]) -> None:
    if type(function) is not FunctionType or vars(function):
        raise _HiddenError
    code = function.__code__
    if code in found:
        return
    found.add(code)
    for default in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
        _seen(default, {})
    for cell in function.__closure__ or ():
        _require_plain_global(_contents(cell), found)
    globals_read = _globals_read(code)
    if globals_read is None:
        raise _HiddenError
    known = vars(builtins) | function.__globals__
    for name in globals_read:
        _require_plain_global(known.get(name, known), found)


@lru_cache(maxsize=1024)
def _globals_read(code: CodeType) -> frozenset[str] | None:
    """Return the globals that this code reads, None if an instruction may change something outside its frame."""
    if any(isinstance(value, tuple) and not _CALLBACKS.isdisjoint(value) for value in code.co_consts):
        return None
    instructions = [(instruction.opname, instruction.argval) for instruction in _instructions(code)]
    attributes = {argument for name, argument in instructions if name in {"LOAD_ATTR", "LOAD_METHOD"}}
    if not (attributes <= _ATTRIBUTES and all(_OPERATIONS.match(name) for name, _ in instructions)):
        return None
    return frozenset(argument for name, argument in instructions if name == "LOAD_GLOBAL")


@lru_cache(maxsize=1024)
def _instructions(code: CodeType) -> tuple[dis.Instruction, ...]:
    return tuple(dis.get_instructions(code))


def _contents(cell: object) -> object:
    try:
        return cell.cell_contents  # type: ignore[attr-defined]
    except ValueError:  # still empty
        raise _HiddenError from None


def _require_plain_global(value: object, found: set[CodeType]) -> None:
    is_error = isinstance(value, type) and issubclass(value, BaseException)
    if is_error and value.__module__ in {"builtins", errors.__name__}:
        return
    if value is Outcome or any(value is builtin for builtin in _BUILTINS):
        return
    if type(value) is FunctionType:
        _require_plain_function(value, found)
    else:
        _seen(value, {})


@lru_cache(maxsize=1024)
def _empty_places(code: CodeType) -> dict[int, int]:
    """Return each place of a call with nothing else on the stack, and its start: specialised code stops behind it."""
    depths = _depths_behind(code)
    places: dict[int, int] = {}
    instructions = _instructions(code)
    ends = [later.offset for later in instructions[1:]] + [len(code.co_code)]
    before = ""
    for instruction, end in zip(instructions, ends, strict=True):
        name = instruction.opname
        results = 2 if name == "BEFORE_WITH" else 3 if name == "CALL" and before == "LOAD_SPECIAL" else 1
        if name.startswith(("CALL", "BEFORE_WITH")) and depths.get(instruction.offset) == results:
            places |= dict.fromkeys(range(instruction.offset, end), instruction.offset)
        before = name
    return places


def _depths_behind(code: CodeType) -> dict[int, int]:
    """Return how many values the stack has behind each instruction, by every jump and handler; {} if unknown."""
    instructions = {instruction.offset: instruction for instruction in _instructions(code)}
    order = list(instructions)
    following = dict(pairwise(order))
    handlers = dis.Bytecode(code).exception_entries  # type: ignore[attr-defined]
    before, behind = {0: 0}, {}
    waiting = [0]
    while waiting:
        offset = waiting.pop()
        instruction = instructions[offset]
        behind[offset] = before[offset] + dis.stack_effect(instruction.opcode, instruction.arg, jump=False)
        after = [
            (entry.target, entry.depth + 1 + entry.lasti) for entry in handlers if entry.start <= offset < entry.end
        ]
        after += list(_next_places(instruction, before[offset], behind[offset], following))
        for target, depth in after:
            if target not in before:
                before[target] = depth
                waiting.append(target)
            elif before[target] != depth:
                return {}
    return behind


def _next_places(
    instruction: dis.Instruction, before: int, behind: int, following: Mapping[int, int]
) -> Iterator[tuple[int, int]]:
    if instruction.opcode in dis.hasjrel or instruction.opcode in dis.hasjabs:
        yield instruction.argval, before + dis.stack_effect(instruction.opcode, instruction.arg, jump=True)
    if instruction.opname not in _ENDS and not instruction.opname.startswith("RETURN"):
        yield following[instruction.offset], behind
