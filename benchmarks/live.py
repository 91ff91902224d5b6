"""What the live view costs a sale: the same sale with and without it, turn by turn in one run.

    python benchmarks/live.py

The aim is less than 5 %. The view is drawn from the first message on, into a terminal that keeps nothing.
The fastest of all rounds is compared, because other work on the machine only adds; on a busy machine the view's own
work, in processor time, says more.
"""

import io
import statistics
import sys
import tempfile
import time
from pathlib import Path

from aims import Aim, tell

from booking.live.view import live
from booking.scenario import Scenario
from booking.simulation.sale import simulate

ROUNDS = 15
AIM = 0.05
SCENARIOS = {
    "50 buyers pay one after the other": Scenario(50, tickets=40, lock="mp", pay=(0.01, 0.01)),
    "50 buyers race": Scenario(50, pay=(0.05, 0.05), seed=1),
    "300 buyers do not pay": Scenario(300, tickets=300, lock="mp", pay=(0, 0)),
}


class Terminal(io.TextIOBase):
    """A terminal that keeps nothing."""

    def isatty(self) -> bool:
        """Say that somebody looks."""
        return True

    def write(self, text: str) -> int:
        """Take the text and forget it."""
        return len(text)


def cost(scenario: Scenario, db: Path, *, shown: bool) -> tuple[float, float]:
    """Hold a sale; return its seconds from gate to last end, and the parent's processor seconds in all."""
    standard_error = sys.stderr
    if shown:
        sys.stderr = Terminal()  # type: ignore[assignment]
    try:
        with live(scenario, after=0) as watch:
            used = time.process_time()
            history = simulate(scenario, db=db, watch=watch if shown else None)
            return history.elapsed_s, time.process_time() - used
    finally:
        sys.stderr = standard_error


def main() -> None:
    """Print a line for every scenario."""
    with tempfile.TemporaryDirectory() as folder:
        db = Path(folder) / "db.json"
        for name, scenario in SCENARIOS.items():
            rounds = [(cost(scenario, db, shown=False), cost(scenario, db, shown=True)) for _ in range(ROUNDS)]
            without, shown = ([pair[side] for pair in rounds] for side in (0, 1))
            fastest, fastest_shown = min(without)[0], min(shown)[0]
            work = statistics.median(w for _, w in shown) - statistics.median(w for _, w in without)
            slower = fastest_shown / fastest - 1
            tell(Aim(f"the live view: {name}", f"under {AIM:.0%} slower", f"{slower:+.1%}", slower < AIM))
            print(
                f"{name:<36}{fastest:6.3f} s without {fastest_shown:7.3f} s with {slower:+6.1%};"
                f" {work * 1000:5.1f} ms of work, {work / fastest:.1%} of the sale"
            )


if __name__ == "__main__":
    main()
