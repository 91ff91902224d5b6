"""Clerks for the explorer: a clerk is a permit of one more lock, the counter, around each request that is served.

A buyer at the counter has one clerk for itself until the answer is there. So K clerks are a lock with K permits,
taken once for the look and once for the purchase; that the clerk does the steps and not the buyer changes nothing
that anybody else can see.
"""

from booking.model.scripted_desk import ScriptedDesk, ScriptedLock
from booking.model.shared_state import COUNTER
from booking.purchase import Desk, Outcome, buy


def purchase_at_counter(desk: Desk) -> Outcome:
    """Ask a clerk to look, then ask a clerk, perhaps another one, to buy; raises TypeError at any other desk."""
    if not isinstance(desk, ScriptedDesk):
        raise TypeError("only the explorer's desk has a counter; real buyers ask real clerks")
    counter = ScriptedLock(desk, COUNTER, is_step=True)
    with counter:
        desk.look()
    with counter:
        return buy(desk)
