"""Which kind of sale the dials ask for: buyers alone, buyers who go to clerks, or a pool that plays the buyers."""

from typing import TYPE_CHECKING

from booking.errors import BadInputError
from booking.locks import Lock
from booking.registry import lock_named, store_named
from booking.scenario import MOST_PROCESSES, Scenario, require_whole
from booking.setup import Setup
from booking.simulation.running import RunningSale

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext

MOST_CLIENTS = 1_000
"""Every process closes what it inherited of the other buyers' pipes: beyond this their start takes too long."""
MOST_FORKSERVER = 200
"""The standard library hands at most 256 pipes to a process that a fork server starts."""


def kind_of_sale(setup: Setup) -> type[RunningSale]:
    """Return the kind of sale; a plain sale does not pay for the import of the others."""
    if setup.workers:
        from booking.simulation.pool.sale import PoolSale  # noqa: PLC0415

        return PoolSale
    if setup.via != "direct":
        from booking.simulation.clerks.sale import SaleWithClerks  # noqa: PLC0415

        return SaleWithClerks
    return RunningSale


def require_kind(setup: Setup, scenario: Scenario, context: "BaseContext") -> None:
    """Raise BadInputError where this kind of sale cannot be held with this scenario."""
    plain = setup.via == "direct" and not setup.workers
    if not plain and not store_named(scenario.store).shared:
        whose = "worker" if setup.workers else "clerk"
        raise BadInputError(f"with --store {scenario.store} every {whose} has a count of its own; use --store json")
    if setup.workers:
        return
    require_whole("buyers (without --workers)", scenario.buyers, 1, MOST_PROCESSES)
    if setup.via == "direct":
        return
    most = MOST_FORKSERVER if context.get_start_method() == "forkserver" else MOST_CLIENTS
    require_whole("buyers (with clerks)", scenario.buyers, 1, most)
    if lock_named(scenario.lock).purchase is not Lock.purchase:
        raise BadInputError(f"{scenario.lock} is another way to buy, and clerks sell the plain way; leave out --via")


def descriptors(setup: Setup, scenario: Scenario, context: "BaseContext") -> int:
    """Return for how many processes the parent keeps files open: the standard library does, and a clerk's channel."""
    library = 0 if context.get_start_method() == "fork" else (setup.workers or scenario.buyers + setup.clerks)
    return library + (0 if setup.via == "direct" else scenario.buyers + setup.clerks)
