"""How the processes of a sale ended: number, exit code, alive or not, and what the faults did to them."""

import signal
from typing import Any

from booking.history.history import Ending, History
from booking.setup import FaultKind, FaultReport
from booking.text.screen import PLAIN, Screen
from booking.text.verbs import VERBS


def process_rows(history: History) -> list[dict[str, Any]]:
    """Return what `--json` says of each process: `alive` is whether it was when the sale closed.

    A pool plays many buyers in few processes: there only buyers whose process failed are listed.
    """
    return [
        {
            "buyer": ending.buyer,
            "pid": ending.pid,
            "outcome": str(ending.outcome),
            "exitcode": ending.exitcode,
            "alive": ending.alive,
        }
        for ending in history.endings
        if ending.alive or ending.exitcode or not history.setup.pool
    ]


def fault_rows(history: History) -> list[dict[str, Any]]:
    """Return what `--json` says of each fault; `landed_after_s` is None if its effect was not seen."""
    found = {struck.buyer: struck for struck in history.struck}
    rows = []
    for fault in history.setup.faults:
        struck = found.get(fault.buyer)
        rows.append(
            {
                "buyer": fault.buyer,
                "step": fault.step,
                "blow": str(fault.kind),
                "struck": struck is not None,
                "alive_right_after": struck.alive_right_after if struck else None,
                "landed_after_s": struck.took_effect_after_s if struck else None,
            }
        )
    return rows


def lines(history: History, screen: Screen = PLAIN) -> list[str]:
    """Return a sentence for each fault, and a row for each process that did not end by itself with exit code 0."""
    struck = {blow.buyer: blow for blow in history.struck}
    sentences = [
        _blow(struck[fault.buyer])
        if fault.buyer in struck
        else f"Buyer {fault.buyer} never came to {fault.step}, so nothing was done to it."
        for fault in history.setup.faults
    ]
    if history.struck:
        sentences.append("A signal is a request: a process may live on for a moment after it was sent.")
    told = [line for sentence in sentences for line in screen.wrapped(sentence)]
    unusual = [ending for ending in history.endings if ending.alive or ending.exitcode]
    if not unusual:
        return told
    table = screen.table(("buyer", "process", "exit code", "at the end"), list(map(_row, unusual)))
    return [*told, *[""] * bool(told), *table]


def _row(ending: Ending) -> tuple[str, ...]:
    code = "none" if ending.exitcode is None else str(ending.exitcode)
    became = "still running; stopped by booking (SIGKILL)" if ending.alive else f"ended{_by(ending.exitcode or 0)}"
    return str(ending.buyer), str(ending.pid), code, became


def _by(exitcode: int) -> str:
    """Return " by SIGKILL" for -9."""
    try:
        return f" by {signal.Signals(-exitcode).name}"
    except ValueError:
        return ""


_DONE = {FaultKind.TERM: "asked to end", FaultKind.KILL: "killed", FaultKind.FREEZE: "stopped"}


def _doing(step: str) -> str:
    """Return what a buyer does in this step: "paying", "reading the count"."""
    return VERBS[step].doing.format("the count").partition(",")[0]


def _blow(struck: FaultReport) -> str:
    after = "still alive right after it" if struck.alive_right_after else "gone at once"
    who = f"Buyer {struck.buyer} (process {struck.pid})"
    text = f"{who} was {_DONE[struck.kind]} ({struck.kind.signal_name}) while {_doing(struck.step)}, and was {after}"
    if struck.took_effect_after_s is None:
        return f"{text}; no effect was seen."
    if struck.alive_right_after:
        became = "had stopped" if struck.kind is FaultKind.FREEZE else "was gone"
        text = f"{text}; {1000 * struck.took_effect_after_s:.1f} ms later it {became}"
    return f"{text}."
