"""The game: which buyer moved when, what the explorer knows about it, and whether the ticket was sold twice.

Pure: a game never changes, a move makes a new one. Reading lines and printing them is the command's part.
"""

from dataclasses import dataclass, replace

from booking.explorer.exploration import Advisor, Hint, explore
from booking.explorer.result import Exploration
from booking.history.schedule import Schedule
from booking.history.verdict import Anomaly
from booking.model.world import Moved, World
from booking.purchase import Outcome
from booking.scenario import Scenario, require_whole

MOST_BUYERS = 20
MOST_STATES = 200_000
"""How many states the explorer may visit before the game begins: a few seconds."""


@dataclass(frozen=True)
class Game:
    """One moment of a game: the turns so far, what each of them did, and the world after each, the first included."""

    explored: Exploration
    outlook: Advisor
    worlds: tuple[World, ...]
    turns: Schedule = ()
    moves: tuple[Moved, ...] = ()

    @property
    def scenario(self) -> Scenario:
        """Return the scenario that is played."""
        return self.explored.scenario

    @property
    def world(self) -> World:
        """Return the world after the last turn."""
        return self.worlds[-1]

    @property
    def sold(self) -> int:
        """Return how many buyers hold a ticket."""
        return len(self._bought)

    @property
    def _bought(self) -> list[int]:
        return [buyer for buyer in self.world.buyers if self.world.outcome(buyer) is Outcome.BOUGHT]

    @property
    def least(self) -> int | None:
        """Return how many steps it takes to win at least, None if the explorer knows no way to win."""
        shortest = self.explored.shortest
        return shortest.steps if shortest and shortest.anomaly == Anomaly.OVERSOLD else None

    @property
    def is_won(self) -> bool:
        """Return whether more tickets were sold than there were."""
        return max(self.scenario.sold_on(self._bought)) > self.scenario.tickets

    @property
    def is_over(self) -> bool:
        """Return whether no buyer can move any more."""
        return not self.world.movable()

    def move(self, buyer: int) -> "Game":
        """Return the game after a turn of this buyer; raise BadInputError if it cannot have one."""
        world, moved = self.world.move(buyer)
        return replace(self, worlds=(*self.worlds, world), turns=(*self.turns, buyer), moves=(*self.moves, moved))

    def undone(self) -> "Game":
        """Return the game before the last turn; the first moment stays as it is."""
        if not self.turns:
            return self
        return replace(self, worlds=self.worlds[:-1], turns=self.turns[:-1], moves=self.moves[:-1])

    def restarted(self) -> "Game":
        """Return the game before the first turn."""
        return replace(self, worlds=self.worlds[:1], turns=(), moves=())

    def hint(self) -> Hint | None:
        """Return the nearest way to win, None if there is none; raise InconclusiveError if it is too far."""
        return self.outlook.hint(self.world, {Anomaly.OVERSOLD})


def new_game(scenario: Scenario) -> Game:
    """Return a game of this scenario before its first turn; raise BadInputError for more than 20 buyers."""
    require_whole("--buyers", scenario.buyers, 1, MOST_BUYERS)
    explored = explore(scenario, max_states=MOST_STATES)
    return Game(explored, Advisor(scenario), (World.before(scenario),))


def riddles(scenario: Scenario) -> list[Schedule]:
    """Return the schedules to ask about, a safe one first, then one that oversells, and so on; each once.

    Where nothing oversells, all of them are safe.
    """
    explored = explore(scenario, max_states=MOST_STATES)
    before = World.before(scenario)
    each = tuple(before.buyers)
    overselling = [
        witness.schedule
        for witness in (explored.fewest_switches, explored.shortest)
        if witness and witness.anomaly == Anomaly.OVERSOLD
    ]
    safe = [before.serial(), each + before.follow(each)[0].serial()]
    asked = [safe[0], *overselling[:1], safe[1], in_turn(before), *overselling[1:]]
    return list(dict.fromkeys(asked))


def in_turn(world: World) -> Schedule:
    """Return the schedule in which the buyers take turns; a blocked buyer spends its turn waiting."""
    turns: Schedule = ()
    while world.movable():
        for buyer in world.buyers:
            if world.request(buyer):
                world = world.move(buyer)[0]
                turns = (*turns, buyer)
    return turns
