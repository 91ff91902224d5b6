"""Run a lock's own code on scripted answers, up to the access beyond them, and say what its future depends on there.

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

import operator
import sys
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType, MethodType
from typing import Any, NamedTuple, TypeAlias

from booking import cells
from booking.cells import Access, Atom, AtomicRow, Row, Value
from booking.errors import BadInputError
from booking.grading.code import SOMETHING, CodeFacts, HiddenError
from booking.model.watchdog import Unwind, Watchdog, call, force_out, line_behind

Answers: TypeAlias = tuple[Value, ...]
Attributes: TypeAlias = tuple[tuple[str, Any], ...]
Trace: TypeAlias = Callable[[FrameType, str, object], object]
_OURS = frozenset({cells.__file__, __file__})
MOST_CATCHES = 100
"""How often code may catch what stops it; then it is forced out."""
_PLAIN = (int, bool, str, bytes, float, type(None))


class Place(NamedTuple):
    """A line of the lock's code."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{Path(self.file).name}:{self.line}" if self.line else "the lock"


@dataclass(frozen=True, slots=True)
class Stop:
    """Where a run of `acquire` or `release` ended.

    `access` is what it asks for, None if it returned or failed; `error` is how it failed, "" if it did not. `state` is
    equal for two stops in one method only if the code goes on alike from both, and None if that cannot be told.
    `attributes` is the private memory after a return,
    None if it cannot be seen, and `state` then tells equal ones of different types apart.
    """

    access: Access | None
    place: Place
    state: Hashable = None
    attributes: Attributes | None = None
    error: str = ""


@dataclass(slots=True)
class _Frame:
    """A frame at work: `called` and `at` count the answers at its call and at its last moment."""

    frame: FrameType
    facts: CodeFacts
    called: int
    moment: Hashable = None
    at: int = 0
    loops: dict[int, Hashable] = field(default_factory=dict)


class Script:
    """The world of one run: it answers the accesses of a lock from a list, and stops the code at the next one."""

    def __init__(self, code: "ScriptedCode", answers: Answers, expected: Sequence[Access]) -> None:
        self.buyers = code.buyers
        self.access_asked: Access | None = None
        self.place = Place("", 0)
        self.state: Hashable = None
        self.differs = False
        self.position = 0
        self.lock: object = None
        self._answers = answers
        self._expected = expected
        self._code = code
        self._frames: list[_Frame] = []
        self._catches = 0

    def access(self, access: Access) -> Value:
        """Return the next answer, or leave the code."""
        if self.access_asked is None and not self.differs:
            if access.kind != "read":
                _check(access)
            if self.position < len(self._answers):
                if access == self._expected[self.position]:
                    self._code.watchdog.steps += 1
                    self.position += 1
                    return self._answers[self.position - 1]
                self.differs = True
            self._stop(access)
        self._code.watchdog.is_leaving = True
        self._catches += 1
        if self._catches > self._code.patience:
            self._code.patience = 0
            force_out(_students(sys._getframe()))  # noqa: SLF001 - the only way to the frames
        raise Unwind

    def forget(self) -> None:
        """Let go of the frames and the lock, which refer back to this script."""
        self._frames.clear()
        self.lock = None

    def _stop(self, access: Access) -> None:
        self.access_asked = access
        frame = _students(sys._getframe())  # noqa: SLF001
        if frame is not None:
            self.place = Place(frame.f_code.co_filename, frame.f_lineno)
        self.state = self._local_state()

    def _local_state(self) -> Hashable:
        if not self._frames or self._frames[0].moment is None:
            return None
        seen = [frame for frame in self._frames if frame.moment is not None]
        ends = [*(frame.called for frame in seen[1:]), self.position]
        return tuple((frame.moment, self._told(frame.at, end)) for frame, end in zip(seen, ends, strict=True))

    def _told(self, start: int, end: int) -> tuple[int, ...]:
        return tuple(map(cells.pack, self._answers[start:end]))

    def trace(self, frame: FrameType, _event: str, _argument: object) -> Trace | None:
        """Follow the frames of the code that is known."""
        facts = self._code.facts.get(frame.f_code)
        if facts is None:
            return None
        self._frames.append(_Frame(frame, facts, self.position))
        return self._trace_frame

    def _trace_frame(self, frame: FrameType, event: str, _argument: object) -> Trace | None:
        if event == "line":
            if self.access_asked is None and self._frames and self._frames[-1].frame is frame:
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
                found.loops[loop] = (found.moment, self._told(found.at, self.position))
        try:
            loops = tuple((found.loops[loop], self._seen(variables.get(found.facts.variables[loop]))) for loop in stack)
            needed = found.facts.needed[place]
            named = tuple((name, self._seen(value)) for name, value in variables.items() if name in needed)
            private = self.private_memory()
        except HiddenError as error:
            self._code.note(f"{Place(found.frame.f_code.co_filename, found.frame.f_lineno)}: {error}")
            return
        found.moment, found.at = (found.frame.f_code, place, named, private, loops), self.position

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


class ScriptedCode:
    """The code of a lock for one buyer, which can be run on any answers.

    `facts` has the code that is known; without any, every stop has a state of its own. `hidden` has the first place
    where something could not be seen.
    """

    def __init__(self, kind: type, me: int, buyers: int, facts: Mapping[CodeType, CodeFacts], file: str) -> None:
        self.buyers = buyers
        self.facts = facts
        self.hidden = ""
        self.patience = MOST_CATCHES
        self.watchdog = Watchdog(file, is_needed=True)
        self._kind = kind
        self._me = me
        self._file = file

    def note(self, hidden: str) -> None:
        """Keep the first reason why a moment could not be taken down."""
        self.hidden = self.hidden or hidden

    def begin(self) -> tuple[Attributes | None, Hashable]:
        """Return the private memory of a new lock, None if it cannot be seen, and its state.

        Raise BadInputError if `__init__` touches a cell, or fails.
        """
        script = Script(self, (), ())
        with self.watchdog:
            self.watchdog.is_running = True
            try:
                script.lock = call(cells.new_lock, self._kind, script)
            except Unwind:
                pass
            finally:
                self.watchdog.is_running = False
        if self.watchdog.stalled:
            raise self._stall()
        if script.access_asked is not None:
            name = script.access_asked.name
            raise BadInputError(f"{script.place}: __init__ touches the cell {name}; only acquire and release may")
        return self._attributes(script)

    def run(
        self, methods: Sequence[str], attributes: Attributes | None, answers: Answers, expected: Sequence[Access]
    ) -> Stop:
        """Run these methods, with this private memory at first, None for that of a new lock.

        Raise BadInputError if the code asks for something else than on an earlier run, or takes no step for 10 s.
        """
        script = Script(self, answers, expected)
        lock = object.__new__(self._kind) if attributes is not None else cells.new_lock(self._kind, script)
        if attributes is not None:
            vars(lock).update(cells.in_world(script), **dict(attributes))
        script.lock = lock
        error = ""
        cells.enter(script)
        tracing = sys.gettrace()
        self.watchdog.stalled, self.watchdog.is_leaving, self.watchdog.is_running = "", False, True
        try:
            if self.facts:
                sys.settrace(script.trace)  # type: ignore[arg-type]
            for method in methods:
                call(MethodType(getattr(self._kind, method), lock), self._me)
        except Unwind:
            pass
        except KeyboardInterrupt:
            raise
        except BaseException as failure:  # noqa: BLE001 - whatever a lock raises
            reason = str(failure).partition("\n")[0]
            error = f"{line_behind(failure, self._file)}: {type(failure).__name__}{reason and ': '}{reason}"
        finally:
            sys.settrace(tracing)
            self.watchdog.is_running = False
            cells.leave()
        try:
            return self._judged(script, error)
        finally:
            script.forget()

    def _judged(self, script: Script, error: str) -> Stop:
        if script.differs or (script.access_asked is None and script.position < len(script._answers)):  # noqa: SLF001
            raise BadInputError(
                f"{script.place}: the lock does something else on a second run; take out what is random in it: the "
                "time, random numbers, globals"
            )
        if self.watchdog.stalled and script.access_asked is None:
            raise self._stall()
        if script.access_asked is not None:
            return Stop(script.access_asked, script.place, script.state)
        attributes, state = self._attributes(script)
        return Stop(None, script.place, state, attributes, error)

    def _attributes(self, script: Script) -> tuple[Attributes | None, Hashable]:
        try:
            state = script.private_memory()
        except HiddenError as error:
            self.note(str(error))
            return None, None
        memory = cells.private_memory(script.lock)
        return tuple((name, memory[name]) for name in sorted(memory)), state

    def _stall(self) -> BadInputError:
        seconds = self.watchdog.limit_s
        return BadInputError(f"{self.watchdog.stalled}: the lock touches no cell for {seconds:g} s; end its loop")


def _students(frame: FrameType | None) -> FrameType | None:
    """Return the innermost frame that is neither ours nor that of a cell."""
    while frame is not None and frame.f_code.co_filename in _OURS:
        frame = frame.f_back
    return frame


def _check(access: Access) -> None:
    """Raise TypeError or OverflowError, in the lock's own code, for a value that no cell can hold."""
    if access.kind == "add":
        operator.index(access.value)  # type: ignore[arg-type]
    cells.pack(access.value)
    cells.pack(access.other)
