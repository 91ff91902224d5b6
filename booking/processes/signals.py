"""Ctrl-C and SIGTERM, held back while something must not be cut in two."""

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def mask() -> Iterator[None]:
    """Block both signals for this thread and for the processes that it starts meanwhile.

    A child that starts now meets them only when it unblocks them itself. Windows has no signal mask.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def collect() -> Iterator[Sequence[int]]:
    """Yield the numbers of the signals that arrive, instead of obeying them; obey the first on the way out.

    So an interruption takes effect where the sale checks for it, never in the middle of a clean-up. The signal
    handlers from before are restored, and a signal that was ignored stays ignored. Only the main thread receives
    signals: in any other thread this does nothing.
    """
    arrived: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield arrived
        return
    with mask():
        before = {number: signal.getsignal(number) for number in SIGNALS}
        ours = [number for number in SIGNALS if before[number] not in {signal.SIG_IGN, None}]
        for number in ours:
            signal.signal(number, lambda got, _: arrived.append(got))
    try:
        yield arrived
    finally:
        with mask():
            for number in ours:
                signal.signal(number, before[number])
        if arrived:
            signal.raise_signal(signal.Signals(arrived[0]))
