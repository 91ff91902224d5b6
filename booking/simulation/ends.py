"""The ends of the pipes between a sale's processes and their parent."""

from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection


@dataclass(frozen=True)
class Ends:
    """What one process is handed.

    `journal` takes its messages. `gate` becomes readable when the sale opens; nobody reads it, so that one
    message opens it for all. `lifeline` ends when the parent does. `parents_ends` are the other ends, which a
    fork inherits and has to close, because they would keep the pipes open.
    """

    journal: Connection
    gate: Connection
    lifeline: Connection
    parents_ends: Sequence[Connection]
