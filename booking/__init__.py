"""A ticket sale by many processes on one JSON file: see a race condition, prove it, replay it.

This is the table of contents. Each name is imported when it is first used, because every spawned buyer and every
`booking --version` imports this file.
"""

import sys
from importlib import import_module
from typing import TYPE_CHECKING

from booking.version import __version__

if TYPE_CHECKING:
    from booking.cells import AtomicCell as AtomicCell
    from booking.cells import AtomicCells as AtomicCells
    from booking.cells import Cell as Cell
    from booking.cells import Cells as Cells
    from booking.cells import fence as fence
    from booking.errors import BadInputError as BadInputError
    from booking.errors import BookingError as BookingError
    from booking.errors import DiskError as DiskError
    from booking.errors import InconclusiveError as InconclusiveError
    from booking.explorer import Exploration as Exploration
    from booking.explorer import explore as explore
    from booking.history.finding import Anomaly as Anomaly
    from booking.history.finding import Finding as Finding
    from booking.history.history import Event as Event
    from booking.history.history import History as History
    from booking.history.verdict import Verdict as Verdict
    from booking.history.verdict import judge as judge
    from booking.purchase import Desk as Desk
    from booking.purchase import Outcome as Outcome
    from booking.purchase import buy as buy
    from booking.registry import LOCKS as LOCKS
    from booking.registry import STORES as STORES
    from booking.replayer.check import Replay as Replay
    from booking.replayer.stage import Stage as Stage
    from booking.replayer.stage import replay as replay
    from booking.scenario import Scenario as Scenario
    from booking.setup import Fault as Fault
    from booking.setup import FaultKind as FaultKind
    from booking.setup import Setup as Setup
    from booking.simulation.sale import simulate as simulate
    from booking.submissions.testing import prove as prove

# `purchase` is missing on purpose: the module of that name would hide the function once it is imported.
_NAMES = {
    "cells": "AtomicCell AtomicCells Cell Cells fence",
    "errors": "BadInputError BookingError DiskError InconclusiveError",
    "explorer": "Exploration explore",
    "history.history": "Event History",
    "purchase": "Desk Outcome buy",
    "registry": "LOCKS STORES",
    "replayer.check": "Replay",
    "replayer.stage": "replay Stage",
    "scenario": "Scenario",
    "simulation.sale": "simulate",
    "submissions.testing": "prove",
    "setup": "FaultKind Fault Setup",
    "history.finding": "Anomaly Finding",
    "history.verdict": "Verdict judge",
}
_HOMES = {name: home for home, names in _NAMES.items() for name in names.split()}

__all__ = ["__version__", *_HOMES]  # noqa: PLE0604 - every name is in the table above


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"booking has no {name!r}; it has {', '.join(__all__)}")
    if "IPython" in sys.modules:  # a notebook shows what it is given as a picture or a table
        import_module("booking.reports.notebook")
    return getattr(import_module(f"booking.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
