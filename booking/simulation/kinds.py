"""Which kind of sale the dials ask for: buyers alone, buyers who go to clerks, or a pool that plays the buyers."""

from typing import TYPE_CHECKING

from booking.errors import BadInputError
from booking.locks import Lock
from booking.registries import lock_named, store_named
from booking.scenario import MOST_PROCESSES, Scenario, require_whole
from booking.simulation.under_way import SaleUnderWay
from booking.staging import Staging

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext

MOST_CLIENTS = 1_000
"""Every process closes what it inherited of the other buyers' pipes: beyond this their start takes too long."""
MOST_FORKSERVER = 200
"""The standard library hands at most 256 pipes to a process that a fork server starts."""


def kind_of_sale(staging: Staging) -> type[SaleUnderWay]:
    """Return the kind of sale; a plain sale does not pay for the import of the others."""
    if staging.workers:
        from booking.simulation.pool import PoolUnderWay  # noqa: PLC0415

        return PoolUnderWay
    if staging.via != "direct":
        from booking.simulation.with_clerks import SaleWithClerks  # noqa: PLC0415

        return SaleWithClerks
    return SaleUnderWay


def require_kind(staging: Staging, scenario: Scenario, context: "BaseContext") -> None:
    """Raise BadInputError where this kind of sale cannot be held with this scenario."""
    plain = staging.via == "direct" and not staging.workers
    if not plain and not store_named(scenario.store).shared:
        whose = "worker" if staging.workers else "clerk"
        raise BadInputError(f"with --store {scenario.store} every {whose} has a count of its own; use --store json")
    if staging.workers:
        return
    require_whole("buyers (without --workers)", scenario.buyers, 1, MOST_PROCESSES)
    if staging.via == "direct":
        return
    most = MOST_FORKSERVER if context.get_start_method() == "forkserver" else MOST_CLIENTS
    require_whole("buyers (with clerks)", scenario.buyers, 1, most)
    if lock_named(scenario.lock).purchase is not Lock.purchase:
        raise BadInputError(f"{scenario.lock} is another way to buy, and clerks sell the plain way; leave out --via")


def descriptors(staging: Staging, scenario: Scenario, context: "BaseContext") -> int:
    """Return for how many processes the parent keeps files open: the standard library does, and a clerk's channel."""
    library = 0 if context.get_start_method() == "fork" else (staging.workers or scenario.buyers + staging.clerks)
    return library + (0 if staging.via == "direct" else scenario.buyers + staging.clerks)
