"""Real sales in which the buyers run freely, and what each of them came to."""

from pathlib import Path

from booking.history.verdict import judge
from booking.scenario import Scenario
from booking.simulation.sale import simulate


def free_sales(lock: str, db: Path, times: int) -> list[tuple[str, int, int | None]]:
    """Return verdict, tickets sold and count left of so many sales of one ticket to ten buyers."""
    # Under a lock only one buyer ever pays, while the others wait: 10 ms are enough.
    scenario = Scenario() if lock == "none" else Scenario(lock=lock, pay=(0.01, 0.01))
    verdicts = [judge(simulate(scenario, db=db)) for _ in range(times)]
    return [(verdict.name, verdict.sold, verdict.stock_left) for verdict in verdicts]
