"""Run the code of one buyer of a lock again and again, each time on other answers."""

import sys
from collections.abc import Hashable, Sequence
from types import MethodType

from booking import cells
from booking.cells import Access
from booking.errors import BadInputError
from booking.grading.code import HiddenError, KnownCode
from booking.grading.moments import Attributes
from booking.grading.script import Answers, Script, Stop
from booking.model.watchdog import Unwind, Watchdog, call, line_behind

MOST_CATCHES = 100
"""How often code may catch what stops it; then it is forced out."""


class Runner:
    """The code of a lock for one buyer, which can be run on any answers.

    `facts` has the code that is known; without any, every stop has a state of its own. `hidden` has the first place
    where something could not be seen.
    """

    def __init__(self, kind: type, me: int, buyers: int, known: KnownCode, file: str) -> None:
        self.buyers = buyers
        self.facts = known.facts
        self._known = known
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
                script.moments.lock = call(cells.new_lock, self._kind, script)
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
        script.moments.lock = lock
        error = ""
        cells.enter(script)
        tracing = sys.gettrace()
        self.watchdog.stalled, self.watchdog.is_leaving, self.watchdog.is_running = "", False, True
        try:
            if self.facts:
                sys.settrace(script.moments.trace)  # type: ignore[arg-type]
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
            script.moments.forget()

    def _judged(self, script: Script, error: str) -> Stop:
        if self._known.have_changed():
            raise BadInputError(f"{self._kind.__name__} keeps something in an attribute of a function; use a cell")
        if script.differs or (script.access_asked is None and len(script.moments.told) < len(script._answers)):  # noqa: SLF001
            raise BadInputError(
                f"{self._where(script)}the lock does something else on a second run; take out what is random in it: "
                "the time, random numbers, globals"
            )
        if self.watchdog.stalled and script.access_asked is None:
            raise self._stall()
        if script.access_asked is not None:
            return Stop(script.access_asked, script.place, script.state)
        attributes, state = self._attributes(script)
        return Stop(None, script.place, state, attributes, error)

    @staticmethod
    def _where(script: Script) -> str:
        return f"{script.place}: " if script.place.line else ""

    def _attributes(self, script: Script) -> tuple[Attributes | None, Hashable]:
        try:
            state = script.moments.private_memory()
        except HiddenError as error:
            self.note(str(error))
            return None, None
        memory = cells.private_memory(script.moments.lock)
        return tuple((name, memory[name]) for name in sorted(memory)), state

    def _stall(self) -> BadInputError:
        seconds = self.watchdog.limit_s
        return BadInputError(f"{self.watchdog.stalled}: the lock touches no cell for {seconds:g} s; end its loop")
