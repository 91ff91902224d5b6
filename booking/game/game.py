"""The game: which buyer moved when, what the explorer knows about it, and whether the goal is reached.

Pure: a game never changes, a move makes a new one. Reading lines and printing them is the command's part.
"""

from dataclasses import dataclass, replace

from booking.errors import BadInputError
from booking.explorer.exploration import Advisor, Hint, explore
from booking.explorer.result import Exploration
from booking.history.finding import Anomaly
from booking.history.schedule import Schedule
from booking.model.world import Moved, World
from booking.purchase import Outcome
from booking.scenario import Scenario, require_whole
from booking.steps import BLOCKED

MOST_BUYERS = 20
MOST_STATES = 200_000
"""How many states the explorer may visit before the game begins: a few seconds."""
GOALS = (Anomaly.OVERSOLD, Anomaly.TORN_READ, Anomaly.DEADLOCK)
"""What a player can try to make happen."""


@dataclass(frozen=True)
class Game:
    """One moment of a game: the turns so far, what each of them did, and the world after each, the first included.

    In `turns` -2 is the death of buyer 2. `goal` is what the player tries to make happen, and `least` how many steps
    that takes at least, None if the explorer knows no way. `hints` counts those given since the last turn.
    """

    explored: Exploration
    outlook: Advisor
    goal: Anomaly
    least: int | None
    worlds: tuple[World, ...]
    turns: Schedule = ()
    moves: tuple[Moved, ...] = ()
    hints: int = 0

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
        return len(self._ended(Outcome.BOUGHT))

    @property
    def order(self) -> Schedule:
        """Return the turns that changed something: an attempt to take a lock that is taken does not."""
        return tuple(turn for turn, moved in zip(self.turns, self.moves, strict=True) if moved.value != BLOCKED)

    @property
    def whole_order(self) -> Schedule:
        """Return the order with the steps that are left, one buyer after the other: one interleaving."""
        return self.order + self.world.serial()

    @property
    def is_won(self) -> bool:
        """Return whether the goal is reached."""
        if self.goal is Anomaly.OVERSOLD:
            return max(self.scenario.sold_on(self._ended(Outcome.BOUGHT))) > self.scenario.tickets
        if self.goal is Anomaly.TORN_READ:
            return bool(self._ended(Outcome.TORN_READ))
        return self.is_over and any(map(self.world.request, self.world.buyers))

    @property
    def is_over(self) -> bool:
        """Return whether no buyer can move any more."""
        return not self.world.movable()

    def move(self, turn: int) -> "Game":
        """Return the game after this turn; raise BadInputError if the buyer cannot have one, or nobody may die now."""
        if turn < 0 and len(self.world.dead) >= self.explored.crashes:
            raise BadInputError("no buyer may be killed here" if not self.explored.crashes else "nobody else may die")
        world, moved = self.world.take(turn)
        worlds, moves = (*self.worlds, world), (*self.moves, moved)
        return replace(self, worlds=worlds, turns=(*self.turns, turn), moves=moves, hints=0)

    def undone(self) -> "Game":
        """Return the game before the last turn; the first moment stays as it is."""
        if not self.turns:
            return self
        return replace(self, worlds=self.worlds[:-1], turns=self.turns[:-1], moves=self.moves[:-1], hints=0)

    def restarted(self) -> "Game":
        """Return the game before the first turn."""
        return replace(self, worlds=self.worlds[:1], turns=(), moves=(), hints=0)

    def hint(self) -> Hint | None:
        """Return the nearest way to win, None if there is none; raise InconclusiveError if it is too far."""
        return self.outlook.hint(self.world, {self.goal})

    def _ended(self, outcome: Outcome) -> list[int]:
        return [buyer for buyer in self.world.buyers if self.world.outcome(buyer) is outcome]


def new_game(scenario: Scenario, *, goal: Anomaly = Anomaly.OVERSOLD, crashes: int = 0) -> Game:
    """Return a game of this scenario before its first turn, in which up to `crashes` buyers may be killed.

    Raise BadInputError for more than 20 buyers.
    """
    require_whole("--buyers", scenario.buyers, 1, MOST_BUYERS)
    explored = explore(scenario, crashes=crashes, max_states=MOST_STATES)
    outlook, before = Advisor(scenario, crashes=crashes), World.before(scenario)
    shortest = explored.shortest
    least = None
    if shortest and shortest.anomaly == goal:
        least = shortest.steps
    elif goal in explored.anomalies:
        hint = outlook.hint(before, {goal})
        least = hint and len(hint.schedule)
    return Game(explored, outlook, goal, least, (before,))
