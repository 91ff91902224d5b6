"""Say what the future of a lock's code depends on at an access, from what is seen of its frames before.

A frame of Python cannot be copied, so a local state has to be named. Place and variables alone are not enough: in
`max(self.number[0], self.number[1])` the first number lies on the evaluation stack during the second access. So the
frames are looked at where a line begins, because the stack is empty there, but for the iterators of the loops around
it; from there on the code is a function of what it is answered. A moment is what is seen then: the place, the variables
that can still be read, the private memory of the process, and the loops. The local state at an access is, from the
outermost frame to the innermost, the last moment of each frame and the answers since, up to the call of the next.

That is sound because nothing else can matter. `booking.grading.code` proves from the instructions that code changes
nothing but frames and attributes of `self`, and reads no other globals than constants, functions of this kind, and
builtins that keep nothing; so no time, no random numbers, no imports. What is then hidden takes part in no moment, and
the answers since the last one are kept instead: values on the stack, generators and comprehensions at work, an
exception that is being handled, `with`, an iterator other than that of a `for` over a `range` whose variable is
assigned nowhere else, and variables or attributes that hold lists, dicts, functions or other objects that can change.
A busy-waiting loop with such a thing in it does not close into a cycle, and what it does beyond `MOST_ANSWERS` answers
is unknown.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NamedTuple, TypeAlias

from booking import cells
from booking.cells import Atom, AtomicRow, Row
from booking.grading.code import HiddenError
from booking.grading.flow import SOMETHING, CodeFacts

Attributes: TypeAlias = tuple[tuple[str, Any], ...]
Trace: TypeAlias = Callable[[FrameType, str, object], object]
_PLAIN = (int, bool, str, bytes, float, type(None))


class Place(NamedTuple):
    """A line of the lock's code."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{Path(self.file).name}:{self.line}" if self.line else "the lock"


@dataclass(slots=True)
class _Frame:
    """A frame at work: `called` and `at` count the answers at its call and at its last moment."""

    frame: FrameType
    facts: CodeFacts
    called: int
    moment: Hashable = None
    at: int = 0
    loops: dict[int, Hashable] = field(default_factory=dict)


class Moments:
    """Watches the frames of one call of `acquire` or `release`, as a trace function (`sys.settrace`).

    `told` has what the call was told so far, packed, and `lock` is the lock. After `is_over` nothing is looked at.
    """

    def __init__(self, facts: Mapping[CodeType, CodeFacts], note: Callable[[str], None]) -> None:
        self.facts = facts
        self.told: list[int] = []
        self.lock: object = None
        self.is_over = False
        self._note = note
        self._frames: list[_Frame] = []

    def state(self) -> Hashable:
        """Return what is equal at two accesses only if the code goes on alike from both; None if that is hidden."""
        if not self._frames or self._frames[0].moment is None:
            return None
        seen = [frame for frame in self._frames if frame.moment is not None]
        ends = [*(frame.called for frame in seen[1:]), len(self.told)]
        return tuple((frame.moment, tuple(self.told[frame.at : end])) for frame, end in zip(seen, ends, strict=True))

    def forget(self) -> None:
        """Let go of the frames and the lock, which refer back to this object."""
        self._frames.clear()
        self.lock = None

    def trace(self, frame: FrameType, _event: str, _argument: object) -> Trace | None:
        """Follow the frames of the code that is known."""
        facts = self.facts.get(frame.f_code)
        if facts is None:
            return None
        self._frames.append(_Frame(frame, facts, len(self.told)))
        return self._trace_frame

    def _trace_frame(self, frame: FrameType, event: str, _argument: object) -> Trace | None:
        if event == "line":
            if not self.is_over and self._frames and self._frames[-1].frame is frame:
                self._look(self._frames[-1])
        elif event == "return" and self._frames and self._frames[-1].frame is frame:
            self._frames.pop()
        return self._trace_frame

    def _look(self, found: _Frame) -> None:
        """Take down this moment if nothing is hidden in it."""
        place, variables = found.frame.f_lasti, found.frame.f_locals
        stack = found.facts.stack.get(place)
        if stack is None or SOMETHING in stack:
            return
        found.loops = {loop: entry for loop, entry in found.loops.items() if loop in stack}
        for loop in stack:
            if loop not in found.loops:
                if found.moment is None:
                    return
                found.loops[loop] = (found.moment, tuple(self.told[found.at :]))
        try:
            loops = tuple((found.loops[loop], self._seen(variables.get(found.facts.variables[loop]))) for loop in stack)
            needed = found.facts.needed[place]
            named = tuple((name, self._seen(value)) for name, value in variables.items() if name in needed)
            private = self.private_memory()
        except HiddenError as error:
            self._note(f"{Place(found.frame.f_code.co_filename, found.frame.f_lineno)}: {error}")
            return
        found.moment, found.at = (found.frame.f_code, place, named, private, loops), len(self.told)

    def private_memory(self) -> Attributes:
        """Return the attributes of the lock that are no cells; raise HiddenError if one of them can change unseen."""
        memory = cells.private_memory(self.lock)
        return tuple((name, self._seen(memory[name], f"self.{name}")) for name in sorted(memory))

    def _seen(self, value: object, name: str = "a variable") -> Hashable:
        """Return something that is equal only for equal values of one type."""
        kind = type(value)
        if kind in _PLAIN:
            return kind, repr(value) if kind is float else value
        if kind is tuple:
            return kind, *(self._seen(item, name) for item in value)  # type: ignore[attr-defined]
        if kind is range:
            return kind, repr(value)
        if value is self.lock:
            return "self"
        if kind is Row or kind is AtomicRow:
            return kind, value.name  # type: ignore[attr-defined]
        if kind is Atom:
            return kind, value.name, value.index  # type: ignore[attr-defined]
        raise HiddenError(f"{name} holds {kind.__name__} objects, whose changes are not followed")
