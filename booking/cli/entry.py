"""The console script. It imports nothing heavy by itself, because spawned buyers import it again."""

import contextlib
import gc
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

from booking.errors import INTERRUPTED, TERMINATED


class CtrlCError(KeyboardInterrupt):
    """Somebody pressed Ctrl-C.

    A class of its own, because once KeyboardInterrupt itself has crossed an `exec`, and the import of any dataclass
    is one, Python ends with that signal instead of our status.
    """


class TerminatedError(BaseException):
    """Somebody sent SIGTERM: unwind as for Ctrl-C, so that no buyer is left behind."""


def main() -> int:
    """Run the command line and return its exit status.

    130 after Ctrl-C and 143 after SIGTERM, at whatever moment they come, with one line and no traceback.
    """
    try:
        _on_interruption(_leave)  # nothing has begun: there is nothing to unwind
        _expect_children()
        gc.disable()  # a start leaves no rubbish, and a tenth of it went into looking; `run_command` enables it again
        from booking.cli.app import run_command  # noqa: PLC0415 - 60 ms that a spawned buyer must not pay

        _on_interruption(_unwind)
        status = run_command(sys.argv[1:])
        _on_interruption(_disregard)  # the work is done: what comes now must not print a traceback over it
    except KeyboardInterrupt:
        status = _stopped(signal.SIGINT)
    except TerminatedError:
        status = _stopped(signal.SIGTERM)
    except RuntimeError as error:  # how Python 3.11 wraps what arrives while a dataclass is being imported
        if not isinstance(error.__cause__, KeyboardInterrupt | TerminatedError):
            raise
        status = _stopped(signal.SIGINT if isinstance(error.__cause__, KeyboardInterrupt) else signal.SIGTERM)
    gc.freeze()  # the end gives all memory back; without this it would be searched for circles first
    return status


def _on_interruption(action: Callable[[int, FrameType | None], None]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:  # `nohup` and the like have their reasons
            signal.signal(number, action)


def _expect_children() -> None:
    """Undo what whoever started us may have decided about children, and lose no interruption."""
    if hasattr(signal, "SIGCHLD"):
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # where it is ignored, nobody learns how a child ended
    sys.unraisablehook = _not_lost


def _leave(number: int, frame: FrameType | None = None) -> NoReturn:
    del frame
    os._exit(_stopped(number))


def _unwind(number: int, frame: FrameType | None) -> NoReturn:
    del frame
    _on_interruption(_disregard)  # a second one must not interrupt the clean-up of the first
    raise CtrlCError if number == signal.SIGINT else TerminatedError


def _disregard(number: int, frame: FrameType | None) -> None:
    del number, frame


def _not_lost(unraisable: "sys.UnraisableHookArgs") -> None:
    """Leave at once where an interruption came in a finaliser, which Python would print and forget."""
    if issubclass(unraisable.exc_type, KeyboardInterrupt | TerminatedError):
        _leave(signal.SIGINT if issubclass(unraisable.exc_type, KeyboardInterrupt) else signal.SIGTERM)
    sys.__unraisablehook__(unraisable)


def _stopped(number: int) -> int:
    """Say so, let what was not printed yet go (its reader may have stopped too), and return the exit status."""
    how, status = ("Ctrl-C", INTERRUPTED) if number == signal.SIGINT else ("SIGTERM", TERMINATED)
    with contextlib.suppress(OSError):
        os.write(2, f"booking: stopped by {how}; no buyer is left\n".encode())
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return status


if __name__ == "__main__":
    sys.exit(main())
