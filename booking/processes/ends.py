"""The ends of the pipes between a sale's processes and their parent."""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from multiprocessing.connection import Connection


class PipeEnds(NamedTuple):
    """What one process is handed.

    `journal` takes its messages. `gate` becomes readable when the sale opens; nobody reads it, so that one
    message opens it for all. `lifeline` ends when the parent does.
    """

    journal: "Connection"
    gate: "Connection"
    lifeline: "Connection"
