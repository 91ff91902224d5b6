"""Every interleaving of the buyers' own code: counted exactly, with the shortest one that breaks the sale."""

from booking.exploration import Exploration, Moved, Witness
from booking.explorer.exploration import explore
from booking.explorer.hint import Hint, Outlook
from booking.explorer.script import Program, Request
from booking.explorer.world import World

__all__ = ["Exploration", "Hint", "Moved", "Outlook", "Program", "Request", "Witness", "World", "explore"]
