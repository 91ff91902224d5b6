"""Read the instructions of one function: what the stack holds before each, and which variables are still needed."""

import dis
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from types import CodeType

_NO_RESULT = re.compile(r"POP_|STORE_|DELETE_|RETURN|RERAISE|RAISE|END_|LIST_|SET_(ADD|UPDATE)|MAP_ADD|DICT_")
_NEUTRAL = re.compile(
    r"NOP|JUMP|RESUME|KW_NAMES|MAKE_CELL|COPY_FREE|EXTENDED_ARG|CACHE|NOT_TAKEN|PRECALL|ASYNC|TO_BOOL"
)
_ENDS = re.compile(r"RETURN_(VALUE|CONST)|RAISE_VARARGS|RERAISE|JUMP_(FORWARD|BACKWARD)")
SOMETHING = -1
"""A value on the stack about which nothing is known."""


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
