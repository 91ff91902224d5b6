"""The ends of the pipes between a sale's processes and their parent."""

from dataclasses import dataclass
from multiprocessing.connection import Connection


@dataclass(frozen=True)
class Ends:
    """What one process is handed.

    `journal` takes its messages. `gate` becomes readable when the sale opens; nobody reads it, so that one
    message opens it for all. `lifeline` ends when the parent does.
    """

    journal: Connection
    gate: Connection
    lifeline: Connection
