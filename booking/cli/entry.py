"""The console script. It imports nothing heavy by itself, because spawned buyers import it again."""

import contextlib
import gc
import os
import signal
import sys
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from booking.errors import INTERRUPTED, TERMINATED

if TYPE_CHECKING:
    from collections.abc import Callable

WITH_BUYERS = {"run", "replay", "compare", "orphans", "office"}
"""The commands that start processes."""


_received: list[int] = []
"""The signal that stops the command."""


class StoppedError(BaseException):
    """Unwinds the command after Ctrl-C or SIGTERM, so that no process is left behind.

    It is no KeyboardInterrupt: once one has crossed an `exec`, Python ends by that signal instead of with our status.
    """


def main() -> int:
    """Run the command line and return its exit status.

    130 after Ctrl-C and 143 after SIGTERM, at whatever moment they come, with one line and no traceback.
    """
    _on_interruption(_leave)  # nothing has begun: there is nothing to unwind
    if hasattr(signal, "SIGCHLD"):
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # while it is ignored, exit codes of children are lost
    gc.disable()  # a start leaves no garbage, and looking for it takes a tenth of the start
    from booking.cli.app import program_for, run_command  # noqa: PLC0415 - 60 ms that a spawned buyer must not pay

    arguments = sys.argv[1:]
    program = program_for(arguments)
    gc.freeze()  # a collection in a forked child would copy every page of what was imported
    gc.enable()
    try:
        _on_interruption(_unwind)
        status = run_command(arguments, program)
    except BaseException:
        if not _received:  # a class that is being made wraps what interrupts it in another error
            raise
    _on_interruption(signal.SIG_IGN)
    if _received or (status == INTERRUPTED and arguments[:1] != ["office"]):  # an office says itself that it closed
        status = _stopped(_received[0] if _received else signal.SIGINT, buyers_ended=True)
    gc.freeze()  # or the exit would search all memory once more
    return status


def _on_interruption(action: "Callable[[int, FrameType | None], None] | signal.Handlers") -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:  # `nohup` and the like have their reasons
            signal.signal(number, action)


def _unwind(number: int, frame: FrameType | None) -> NoReturn:
    del frame
    _on_interruption(_leave)  # the second one does not wait for the clean-up of the first
    _received.append(number)
    raise StoppedError


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    del frame
    os._exit(_stopped(number, buyers_ended=not _received))


def _stopped(number: int, *, buyers_ended: bool) -> int:
    """Say so, throw away what was not printed yet (its reader may have stopped too), and return the exit status."""
    with_buyers = buyers_ended and not WITH_BUYERS.isdisjoint(sys.argv[1:2])
    ended = " All buyer processes have ended." if with_buyers else ""
    with contextlib.suppress(OSError):
        os.write(2, f"Stopped.{ended}\n".encode())
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return INTERRUPTED if number == signal.SIGINT else TERMINATED


if __name__ == "__main__":
    sys.exit(main())
