"""What can be combined: the one place that says why a sale is impossible."""

import signal
from collections.abc import Iterator

from booking.locks import Reach
from booking.protection import Locked, Protection
from booking.scenario import MOST_PROCESSES, PARTITION
from booking.setup import FaultKind, Setup
from booking.steps import Step

MOST_CLIENTS = 1_000
"""Buyers with clerks: each process closes the pipes that it inherited of the others, so more take too long to start."""
MOST_FORKSERVER = 200
"""Buyers with clerks under forkserver: the standard library hands at most 256 pipes to such a process."""


def impossible(
    protection: Protection, setup: Setup | None = None, *, restock: bool = True, start_method: str = "fork"
) -> str | None:
    """Return in one line why this sale cannot be held and what to change; None if it can."""
    reasons = [_of_scenario(protection, restock=restock)]
    if setup is not None:
        reasons += [
            _of_setup(setup),
            _of_numbers(protection, setup),
            _of_own_buyer(protection, setup),
            _of_buyers(protection, setup, start_method),
            _of_faults(protection, setup),
        ]
    return next((reason for some in reasons for reason in some), None)


def impossible_alone(protection: Protection) -> str | None:
    """Return why one buyer cannot buy without the parent of a sale, None if it can."""
    if not protection.store_kind.outlives_sale:
        return f"--store {protection.scenario.store} exists only during one sale; use --store json"
    if protection.alone:
        return f"--lock {protection.scenario.lock} needs the parent process of a sale; use `booking run`"
    return None


def impossible_at_office(protection: Protection) -> str | None:
    """Return why an office cannot sell so, None if it can."""
    if protection.numbered:
        return f"--lock {protection.scenario.lock} is a lock between the buyers of one sale; use --lock mp"
    if protection.shares:
        return f"--lock {protection.scenario.lock} requires shares, and an office has one count; use --lock mp"
    return None


def _of_scenario(protection: Protection, *, restock: bool) -> Iterator[str]:
    """Yield what is wrong with the lock, the store and the trains."""
    scenario, store = protection.scenario, protection.store_kind
    if scenario.permits not in {1, protection.facts.permits}:
        yield f"--permits has no effect with --lock {scenario.lock}; use --lock semaphore"
    if misfit := protection.misfit():
        yield misfit
    if scenario.buyer is not None:
        if protection.shares or scenario.trains > 1:
            yield f"--buyer cannot be combined with --lock {PARTITION} or --trains: a buyer of your own has one desk"
        protection.program  # noqa: B018 - it is found, or refused
    if not (restock or store.outlives_sale):
        yield f"--store {scenario.store} exists only during one sale; use --store json"
    if scenario.trains == 1:
        return
    if not isinstance(protection, Locked):
        why = "it is a lock for one train" if protection.own_lock else "it takes no lock"
        yield f"--lock {scenario.lock} cannot be combined with --trains: {why}; use --lock mp or --lock none"
    if not store.shared:
        yield f"--store {scenario.store} cannot be combined with --trains: the buyers share no count; use --store json"
    if not restock:
        yield "--keep-stock cannot be combined with --trains: what is left may differ between trains"


def _of_numbers(protection: Protection, setup: Setup) -> Iterator[str]:
    """Yield why the buyers cannot have the numbers that their lock needs."""
    if protection.numbered and not (setup.is_plain and setup.trees == 1):
        lock = protection.scenario.lock
        yield f"--lock {lock} cannot be combined with --pool, --channel or --trees: its buyers are processes"


def _of_own_buyer(protection: Protection, setup: Setup) -> Iterator[str]:
    """Yield why a buyer of somebody's own cannot buy so."""
    if protection.scenario.buyer is not None and not setup.is_plain:
        yield "--buyer cannot be combined with --pool or --channel: a buyer of your own is a process at its own desk"


def _of_setup(setup: Setup) -> Iterator[str]:
    """Yield what is wrong with the dials among themselves."""
    clerks = setup.channel != "direct"
    if setup.countdown and setup.gate == "none":
        yield "--countdown cannot be combined with --gate none; use --gate event"
    struck = [fault.buyer for fault in setup.faults]
    if twice := next((buyer for buyer in struck if struck.count(buyer) > 1), None):
        yield f"buyer {twice} has several faults; use one --kill or --freeze for each buyer"
    if setup.pool and (clerks or setup.trees > 1 or setup.faults):
        yield "--pool cannot be combined with --channel, --trees, --kill or --freeze"
    if setup.pool and setup.gate == "barrier":
        yield "--gate barrier cannot be combined with --pool: it waits for all buyers at once, and a pool runs a few"
    if setup.submit == "sync" and not setup.pool:
        yield "--submit requires --pool"
    if setup.hand_over != "initializer" and not setup.pool:
        yield "--hand-over requires --pool"
    if clerks and setup.faults:
        yield "--channel cannot be combined with --kill or --freeze: with clerks the buyers do not touch the store"
    if clerks and setup.trees > 1:
        yield "--channel cannot be combined with --trees: clerks sell in one process tree"
    if setup.clerks > 1 and not clerks:
        yield "--clerks requires --channel queue or pipe"


def _of_buyers(protection: Protection, setup: Setup, start_method: str) -> Iterator[str]:
    """Yield what is wrong between the dials and the buyers."""
    scenario, store = protection.scenario, protection.store_kind
    if scenario.trains > 1 and not (setup.is_plain and setup.trees == 1 and not setup.faults):
        yield "--trains cannot be combined with --pool, --channel, --trees, --kill or --freeze"
    if protection.shares and not setup.is_plain:
        yield f"--lock {scenario.lock} cannot be combined with --pool or --channel: each buyer sells from its own share"
    if setup.trees > scenario.buyers:
        yield f"--trees {setup.trees} needs a buyer in each tree, and there are {scenario.buyers}; use fewer trees"
    if setup.trees > 1 and not store.outlives_sale:
        yield f"--trees cannot be combined with --store {scenario.store}: trees share no memory; use --store json"
    if not (setup.is_plain or store.shared):
        whose = "worker" if setup.pool else "clerk"
        yield f"with --store {scenario.store} every {whose} has its own count; use --store json"
    if setup.hand_over == "manager" and protection.facts.reach is not Reach.PROCESS_TREE:
        yield f"--hand-over manager cannot be combined with --lock {scenario.lock}: a manager holds a lock of mp's kind"
    if setup.pool:
        return
    most = MOST_PROCESSES if setup.is_plain else MOST_FORKSERVER if start_method == "forkserver" else MOST_CLIENTS
    if scenario.buyers > most:
        where = "without --pool" if setup.is_plain else f"with clerks and {start_method}"
        yield f"buyers ({where}) is {scenario.buyers}; use a whole number from 1 to {most}"
    if not (setup.is_plain or isinstance(protection, Locked)):
        yield f"--channel cannot be combined with --lock {scenario.lock}: clerks sell under a lock; use --lock mp"


def _of_faults(protection: Protection, setup: Setup) -> Iterator[str]:
    """Yield why a fault cannot happen, or could wait forever to happen."""
    scenario, facts = protection.scenario, protection.facts
    for fault in setup.faults:
        option = "--freeze" if fault.kind is FaultKind.FREEZE else "--kill"
        where = f"{option} {fault.buyer}@{fault.step}"
        if not 1 <= fault.buyer <= scenario.buyers:
            yield f"{where}: no buyer {fault.buyer}; buyers are numbered 1 to {scenario.buyers}"
        if fault.step not in protection.steps:
            steps = ", ".join(sorted(protection.steps))
            yield f"{where}: no such step with --lock {scenario.lock} and --store {scenario.store}; use one of {steps}"
        if fault.kind is FaultKind.FREEZE and not hasattr(signal, "SIGSTOP"):
            yield "--freeze cannot be used: this system cannot stop a process without ending it; use --kill"
    waiters = sum(fault.step == Step.ACQUIRE for fault in setup.faults)
    lost = sum(fault.step == Step.LOOK for fault in setup.faults)  # they never come to hold the lock
    if waiters and scenario.buyers - waiters - lost < (facts.permits or 0):
        yield "--kill or --freeze in acquire needs a buyer that holds the lock; use more buyers or fewer faults"
    if waiters and setup.trees > 1 and facts.reach is Reach.PROCESS_TREE:
        yield f"each process tree has its own --lock {scenario.lock}, so no buyer may ever wait; use --lock file"
