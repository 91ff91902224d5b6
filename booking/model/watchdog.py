"""Stop code that never ends: it takes no step, or it catches the exception that should end it."""

import ctypes
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from traceback import walk_tb
from types import FrameType, TracebackType
from typing import Self, TypeVar

T = TypeVar("T")
LIMIT_S = 10.0
"""How long code may run without a step, in seconds."""
_LOOK_S = 0.2
"""How often the watchdog looks, in seconds."""
OURS = str(Path(__file__).parent)
"""Where the code lies that is never made to raise."""


class Unwind(GeneratorExit):
    """Leaves the buyer's code; `except Exception` lets it by, and a generator closed with it ends in silence."""


class _Interruption(Unwind):
    """Raised by the watchdog; made where it is caught or raised, it sees to it that the program is left."""

    def __init__(self) -> None:
        super().__init__()
        force_out(programs_frame(sys._getframe(1)))  # noqa: SLF001 - the only way to the frames


class _Taken(BaseException):
    """Takes the place of an interruption that may not have been raised yet."""


class Watchdog:
    """Watches the thread that enters it, which may do so again inside; `steps` has to change now and then.

    If `steps` stays the same for `limit_s` seconds while `is_running` is true, or for a tenth of it while
    `is_leaving`, the program is forced out and `stalled` has the line of `file` at which it was, else "".
    A call that waits inside the interpreter, as `time.sleep` does, is not interrupted but stopped when it comes back.
    """

    def __init__(self, file: str = "", *, is_needed: bool) -> None:
        self.steps = 0
        self.is_running = False
        self.is_leaving = False
        self.stalled = ""
        self.limit_s = LIMIT_S
        self._file = file
        self._is_needed = is_needed and sys.platform != "emscripten"  # no threads there: the page ends its worker
        self._entered = 0
        self._has_interrupted = False
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._entered += 1
        if self._is_needed and self._thread is None:
            self._over.clear()
            self._thread = threading.Thread(target=self._watch, args=(threading.get_ident(),), daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._entered -= 1
        self.steps += 1
        if self._thread is not None and not self._entered:
            self._over.set()
            self._thread.join()
            self._thread = None
            if self._has_interrupted:
                self._has_interrupted = False
                _take_interruption()

    def _watch(self, thread: int) -> None:
        seen, since = self.steps, time.monotonic()
        while not self._over.wait(min(_LOOK_S, self.limit_s / 10)):
            if self.steps != seen or not self.is_running:
                seen, since = self.steps, time.monotonic()
            elif time.monotonic() - since > self.limit_s / (10 if self.is_leaving else 1):
                self.stalled = self.stalled or line_of(sys._current_frames().get(thread), self._file)  # noqa: SLF001
                self._has_interrupted = True
                _raise_in(thread, _Interruption)


def _raise_in(thread: int, error: type[BaseException]) -> None:
    """Raise the error in the thread at one of its next instructions, in place of one that was not raised yet."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(error))


def _take_interruption() -> None:
    """Make sure that no interruption is still to be raised in this thread.

    It is replaced and caught, not taken back: in CPython 3.11 one that was taken back leaves the interpreter waiting
    for it, and a thread that is traced afterwards never goes on.
    """
    try:
        _raise_in(threading.get_ident(), _Taken)
        while True:  # it is raised where a loop goes back
            pass
    except _Taken:
        return


def call(program: Callable[..., T], *arguments: object) -> T:
    """Return what the program returns; its frames are those above this one, and `force_out` ends at it.

    An Unwind that reaches the program in a destructor is not reported: nothing has gone wrong.
    """
    tracing, report = sys.gettrace(), sys.unraisablehook

    def report_others(unraisable: "sys.UnraisableHookArgs") -> None:
        if not issubclass(unraisable.exc_type, Unwind):
            report(unraisable)

    sys.unraisablehook = report_others
    try:
        return program(*arguments)
    finally:
        sys.unraisablehook = report
        if sys.gettrace() is not tracing:
            sys.settrace(tracing)


class _Force:
    """A trace function of one frame that raises Unwind at the next line.

    That ends all tracing and lets go of this object last: then it traces the program again, in case that caught it.
    """

    def __init__(self, bottom: FrameType) -> None:
        self._bottom = bottom

    def __call__(self, _frame: FrameType, event: str, _value: object) -> None:
        if event == "line":
            del self  # the frame of this call is kept in the traceback
            raise Unwind

    def __del__(self) -> None:
        frame = programs_frame(sys._getframe(1))  # noqa: SLF001 - the only way to the frames
        if _bottom_of(frame) is self._bottom:
            force_out(frame)


def force_out(frame: FrameType | None) -> None:
    """Make the program in this frame and its callers raise Unwind at each line that it comes to, until it has ended."""
    bottom = _bottom_of(frame)
    if bottom is None:
        return

    def trace(at: FrameType, _event: str, _value: object) -> _Force | None:
        return None if at.f_code.co_filename.startswith(OURS) else _Force(bottom)

    while frame is not None and frame is not bottom:
        if type(frame.f_trace) is not _Force:  # the end of one traces anew
            frame.f_trace = _Force(bottom)
        frame = frame.f_back
    sys.settrace(trace)


def _bottom_of(frame: FrameType | None) -> FrameType | None:
    """Return the frame of the `call` that runs the program of this frame, None if no program is at work in it."""
    while frame is not None and frame.f_code is not call.__code__:
        frame = frame.f_back
    return frame


def programs_frame(frame: FrameType | None) -> FrameType | None:
    """Return the innermost frame that is the program's, or of what it calls."""
    while frame is not None and frame.f_code.co_filename.startswith(OURS):
        frame = frame.f_back
    return frame


def line_of(frame: FrameType | None, file: str) -> str:
    """Return the innermost line of the program's own `file` that is at work in this frame, or else of any other."""
    lines = []
    while frame is not None and frame.f_code is not call.__code__:
        lines.append((frame.f_code.co_filename, frame.f_lineno))
        frame = frame.f_back
    return _first(lines, file)


def line_behind(error: BaseException, file: str) -> str:
    """Return the innermost line of the program's own `file` that the error came through, or else of any other."""
    lines = [(frame.f_code.co_filename, number) for frame, number in walk_tb(error.__traceback__)]
    return _first(lines[::-1], file)


def _first(lines: Sequence[tuple[str, int]], file: str) -> str:
    lines = [line for line in lines if not line[0].startswith(OURS)]
    own = [line for line in lines if line[0] == file]
    return next((f"{Path(name).name}:{number}" for name, number in own or lines), "the buyer's code")
