"""`booking explore --memory tso`: a lock of one's own on a processor whose writes wait in store buffers, as on x86."""

import typer

from booking.cli import options
from booking.errors import BadInputError, InconclusiveError
from booking.history.finding import SOUND, UNKNOWN, Anomaly
from booking.live.terminal import screen
from booking.scenario import Scenario
from booking.text.screen import BAD, GOOD

VERDICTS = {"holds": SOUND, "broken": str(Anomaly.OVERSOLD), "unknown": UNKNOWN}
"""Two buyers inside together both read the one ticket; if that cannot happen, the lock keeps every purchase apart."""
_HEADLINES = {
    SOUND: ("CORRECT: no order goes wrong, even if writes wait in store buffers.", GOOD),
    str(Anomaly.OVERSOLD): ("OVERSOLD: two buyers can be inside together, and both read the one ticket.", BAD),
    UNKNOWN: ("UNKNOWN: there are too many orders to try.", BAD),
}


def explore_buffered(scenario: Scenario, *, json: bool, expected: str | None) -> int:
    """Say whether two buyers can be inside together, and return the exit status.

    A purchase begins when its buyer is inside, so this decides the sale of one ticket. Raise BadInputError for a lock
    that has no cells, because no store buffer delays a file or a lock of the system, and for more tickets than one.
    """
    from booking.grading import prove  # noqa: PLC0415 - few explorations need it
    from booking.locks.own import lock_of  # noqa: PLC0415
    from booking.submissions.grade import witness_json  # noqa: PLC0415
    from booking.submissions.table import witness_table  # noqa: PLC0415

    if not (scenario.lock.endswith(".py") or ".py:" in scenario.lock):
        raise BadInputError("--memory tso requires a lock of one's own, --lock FILE.py: only its cells can be delayed")
    if scenario.tickets != 1:
        raise BadInputError("--memory tso decides the sale of one ticket; leave out --tickets")
    found = prove(lock_of(scenario.lock), buyers=scenario.buyers, memory="tso")
    exclusion, verdict = found.exclusion, VERDICTS[found.exclusion.answer]
    if json:
        witness = witness_json("exclusion", exclusion) if exclusion.witness else None
        document = {
            "scenario": scenario.to_json(),
            "memory": "tso",
            "verdict": verdict,
            "exhausted": verdict != UNKNOWN,
        }
        options.print_json(document | {"states": found.states, "shortest": witness})
    else:
        page = screen()
        reason = f"{exclusion.reason[:1].upper()}{exclusion.reason[1:]}. {found.states:,} states (--memory tso)."
        lines = [*page.headline(*_HEADLINES[verdict]), *page.wrapped(reason), *witness_table(exclusion)]
        typer.echo("\n".join(lines))
    if verdict == UNKNOWN and expected != UNKNOWN:
        return InconclusiveError.exit_status
    return 0 if expected in {None, verdict} else 1
