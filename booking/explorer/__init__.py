"""Every interleaving of the buyers' own code: counted exactly, with the shortest one that breaks the sale."""

from booking.explorer.exploration import Advisor, Hint, explore
from booking.explorer.result import Exploration, Witness
from booking.model.operation import Operation
from booking.model.scripted_desk import Program
from booking.model.world import Moved, World

__all__ = ["Advisor", "Exploration", "Hint", "Moved", "Operation", "Program", "Witness", "World", "explore"]
