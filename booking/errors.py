"""The failures of `booking`: each says what happened, with which value, and what to do about it.

What a sale shows (an oversold ticket, a deadlock) is a finding and therefore a value, never an exception.
All of them carry one message as their only argument, so they survive pickling between processes.
"""

from typing import ClassVar

INTERRUPTED = 130
"""The exit status after Ctrl-C."""
TERMINATED = 143
"""The exit status after SIGTERM."""


class BookingError(Exception):
    """Base of every failure that `booking` reports in one line."""

    exit_status: ClassVar[int] = 1


class BadInputError(BookingError):
    """An option, a schedule or a file cannot be used as given; nothing was changed."""

    exit_status = 2


class MalformedStoreError(BadInputError):
    """The store holds something else than one JSON object with a count in it."""


class InconclusiveError(BookingError):
    """A time-out or a limit came before an answer."""

    exit_status = 3


class DiskError(BookingError):
    """The disk refused to read or write; the store holds its old or its new content."""

    exit_status = 4


class TornReadError(BookingError):
    """A buyer read the store while another buyer was in the middle of writing it."""


class ReplayDiffersError(BookingError):
    """Real processes did something else than the model predicted: one of the two is wrong."""
