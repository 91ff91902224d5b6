"""The console script. It imports nothing heavy by itself, because spawned buyers import it again."""

import os
import signal
import sys

from booking.errors import INTERRUPTED, TERMINATED


class TerminatedError(BaseException):
    """Somebody sent SIGTERM: unwind as for Ctrl-C, so that no buyer is left behind."""


def main() -> int:
    """Run the command line and return its exit status.

    130 after Ctrl-C and 143 after SIGTERM, at whatever moment they come, with one line and no traceback.
    """
    try:
        signal.signal(signal.SIGTERM, _terminate)
        from booking.cli.app import run_command  # noqa: PLC0415 - 60 ms that a spawned buyer must not pay

        status = run_command(sys.argv[1:])
    except KeyboardInterrupt:
        status = _stopped("Ctrl-C", INTERRUPTED)
    except TerminatedError:
        status = _stopped("SIGTERM", TERMINATED)
    _ignore_interruptions()  # the work is done: what comes now must not print a traceback over it
    return status


def _terminate(number: int, frame: object) -> None:
    del number, frame
    raise TerminatedError


def _stopped(how: str, status: int) -> int:
    _ignore_interruptions()
    sys.stdout.flush()
    os.write(2, f"booking: stopped by {how}; no buyer is left\n".encode())
    return status


def _ignore_interruptions() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


if __name__ == "__main__":
    sys.exit(main())
