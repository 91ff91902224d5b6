"""Every interleaving of the buyers' own code: counted exactly, with the shortest one that breaks the sale."""

from booking.explorer.exploration import explore
from booking.explorer.hint import Advisor, Hint
from booking.explorer.result import Exploration, Witness
from booking.model.scripted_desk import Program, Request
from booking.model.world import Moved, World

__all__ = ["Advisor", "Exploration", "Hint", "Moved", "Program", "Request", "Witness", "World", "explore"]
