"""Sales written down event by event, small ones with an anomaly each and large ones without."""

from booking.history.history import Ending, Event, History
from booking.purchase import Outcome
from booking.scenario import Scenario
from booking.steps import PAY, TORN, Step


def sale(
    scenario: Scenario, steps: list[tuple[int, str, str, object]], endings: list[Ending], left: int | None
) -> History:
    """Return a history with an event every 1,000 ns, from rows of buyer, step, phase and value."""
    events = tuple(
        Event(seq, 5_000 + 1_000 * seq, buyer, 100 + buyer, step, phase, value)  # type: ignore[arg-type]
        for seq, (buyer, step, phase, value) in enumerate(steps, 1)
    )
    return History(scenario, events, tuple(endings), (left,))


def ended(buyer: int, outcome: Outcome, exitcode: int | None = 0, *, alive: bool = False) -> Ending:
    """Return the ending of a buyer whose process number is 100 more than its own."""
    return Ending(buyer, 100 + buyer, outcome, exitcode, alive)


def race_history() -> History:
    """Return the sale in which buyer 1 reads, buyer 2 reads and writes, and buyer 1 writes the same number."""
    steps = [
        (1, Step.READ, "call", None),
        (1, Step.READ, "return", 1),
        (2, Step.READ, "call", None),
        (2, Step.READ, "return", 1),
        (2, Step.WRITE, "call", 0),
        (2, Step.WRITE, "return", 0),
        (1, PAY, "call", None),
        (1, PAY, "return", None),
        (1, Step.WRITE, "call", 0),
        (1, Step.WRITE, "return", 0),
    ]
    return sale(Scenario(2), steps, [ended(1, Outcome.BOUGHT), ended(2, Outcome.BOUGHT)], 0)


def torn_history() -> History:
    """Return the sale in which buyer 1 looks while buyer 2 has emptied the file."""
    steps = [
        (2, Step.READ, "call", None),
        (2, Step.READ, "return", 2),
        (2, Step.TRUNCATE, "call", 1),
        (1, Step.LOOK, "call", None),
        (1, Step.LOOK, "return", TORN),
        (2, Step.TRUNCATE, "return", 1),
        (2, Step.WRITE, "call", 1),
        (2, Step.WRITE, "return", 1),
    ]
    endings = [ended(1, Outcome.TORN_READ), ended(2, Outcome.BOUGHT)]
    return sale(Scenario(2, tickets=2, store="inplace"), steps, endings, 1)


def stuck_history() -> History:
    """Return the sale in which buyer 1 dies with the lock and buyer 2 waits forever."""
    steps = [
        (1, Step.ACQUIRE, "call", None),
        (1, Step.ACQUIRE, "return", None),
        (2, Step.ACQUIRE, "call", None),
        (1, Step.READ, "call", None),
    ]
    endings = [ended(1, Outcome.UNFINISHED, -9), ended(2, Outcome.UNFINISHED, None, alive=True)]
    return sale(Scenario(2, lock="mp"), steps, endings, 1)


def big(buyers: int) -> History:
    """Return a sound sale with 10 events for each buyer, and as many tickets."""
    steps = (Step.ACQUIRE, Step.READ, PAY, Step.WRITE, Step.RELEASE)
    rows = [
        (buyer, step, phase, buyers - buyer if step == Step.WRITE else buyers - buyer + 1)
        for buyer in range(1, buyers + 1)
        for step in steps
        for phase in ("call", "return")
    ]
    endings = [ended(buyer, Outcome.BOUGHT) for buyer in range(1, buyers + 1)]
    return sale(Scenario(buyers, tickets=buyers, lock="mp"), rows, endings, 0)


def crowd(buyers: int) -> History:
    """Return the sale in which everybody reads 1 before anybody writes 0: every ticket but one is sold too many."""
    rounds = [(Step.LOOK, 1), (Step.READ, 1), (PAY, None), (Step.WRITE, 0)]
    rows = [
        (buyer, step, phase, value)
        for step, value in rounds
        for phase in ("call", "return")
        for buyer in range(1, buyers + 1)
    ]
    endings = [ended(buyer, Outcome.BOUGHT) for buyer in range(1, buyers + 1)]
    return sale(Scenario(buyers), rows, endings, 0)


SALES = {"race": race_history, "torn": torn_history, "stuck": stuck_history}
