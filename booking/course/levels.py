"""The levels of the game, as data, what a player has found in them, and the way from one to the next.

Their titles and ideas are texts (`booking/text/`, table "levels", by the level's name). Some cannot be won: there the
player has to say so.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from booking.errors import BadInputError
from booking.game.dialogue import Reply, answer, code_lines, farewell, hopeless, opening, standing
from booking.game.game import Game, new_game
from booking.history.finding import Anomaly
from booking.history.schedule import Schedule, heading, to_text
from booking.scenario import Scenario
from booking.text.words import count_of

SCHEMA = 1
MORE_HELP = """\
  c          claim that nobody can win here
  n          next level
  l          list the levels"""


@dataclass(frozen=True)
class Level:
    """One task. `name` is that of its texts, "" for a game that the player has chosen.

    `goal` is what to make happen, while up to `crashes` buyers may be killed, and with at most `switches` changes from
    one buyer to another; None allows any number. It is solved with `orders` different orders, and with
    `may_be_hopeless` perhaps only by saying that it cannot be won.
    """

    name: str
    scenario: Scenario
    goal: Anomaly = Anomaly.OVERSOLD
    crashes: int = 0
    switches: int | None = None
    orders: int = 1
    may_be_hopeless: bool = False

    @property
    def key(self) -> str:
        """Return what is played in words; levels that differ only in how many orders solve them share their orders."""
        killed = f", {self.crashes} killed" if self.crashes else ""
        most = f", at most {self.switches} switches" if self.switches is not None else ""
        return f"{self.goal}: {heading(self.scenario)}{killed}{most}"

    def game(self) -> Game:
        """Return its game before the first turn."""
        return new_game(self.scenario, goal=self.goal, crashes=self.crashes)

    def allows(self, order: Schedule) -> bool:
        """Return whether the order has no more switches than it may have."""
        return self.switches is None or switches_in(order) <= self.switches

    def ways(self, game: Game) -> int | None:
        """Return how many orders win this game of the level, None for infinitely many or if not all were counted."""
        if self.switches is None:
            return game.explored.anomalies.get(self.goal, 0) if game.explored.exhausted else None
        start = game.restarted()
        orders = filter(self.allows, start.world.schedules())
        return sum(replace(start, worlds=(start.world.follow(order)[0],)).is_won for order in orders)


def switches_in(order: Schedule) -> int:
    """Return how often another buyer takes over; a death is nobody's turn."""
    return sum(one != other for one, other in pairwise(turn for turn in order if turn > 0))


_TWO = Scenario(2)
_LOCKED = Scenario(2, lock="file")
_CROSSED = Scenario(2, lock="mp", trains=2, order="opposite")
_DOUBTFUL = (
    Level("locked", _LOCKED),
    Level("permits", replace(_TWO, lock="semaphore", permits=2)),
    Level("sorted", replace(_CROSSED, order="same"), Anomaly.DEADLOCK),
    Level("freed", _LOCKED, Anomaly.DEADLOCK, crashes=1),
    Level("naive", replace(_TWO, lock="cas-naive")),
    Level("swapped", replace(_TWO, lock="cas")),
)
LEVELS = (
    Level("twice", _TWO),
    Level("again", _TWO, orders=2),
    Level("switches", _TWO, switches=2),
    Level("torn", replace(_TWO, lock="mp", store="inplace"), Anomaly.TORN_READ),
    Level("crossed", _CROSSED, Anomaly.DEADLOCK),
    Level("killed", replace(_TWO, lock="mp"), Anomaly.DEADLOCK, crashes=1),
    *(replace(level, may_be_hopeless=True) for level in _DOUBTFUL),
)


@dataclass(frozen=True)
class Progress:
    """What a player has found: orders by the level's key, and the keys that the player has rightly called hopeless."""

    found: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    hopeless: frozenset[str] = frozenset()

    def orders(self, level: Level) -> tuple[str, ...]:
        """Return the orders that were found in this level."""
        return self.found.get(level.key, ())

    def has_solved(self, level: Level) -> bool:
        """Return whether this level is done."""
        return level.key in self.hopeless or len(self.orders(level)) >= level.orders

    def with_order(self, level: Level, order: Schedule) -> "Progress":
        """Return the progress with one more order; the same progress if it has been found before."""
        known, new = self.orders(level), to_text(order)
        return self if new in known else replace(self, found={**self.found, level.key: (*known, new)})

    def without_hope(self, level: Level) -> "Progress":
        """Return the progress after the player has said, rightly, that the level cannot be won."""
        return replace(self, hopeless=self.hopeless | {level.key})

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object of a progress file."""
        found = {key: list(orders) for key, orders in self.found.items()}
        return {"schema": SCHEMA, "found": found, "hopeless": sorted(self.hopeless)}

    @classmethod
    def from_text(cls, text: str) -> "Progress":
        """Return what a progress file holds; raise BadInputError for any other text."""
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            document = None
        match document:
            case {"schema": 1, "found": dict(found), "hopeless": list(hopeless)} if all(
                map(_are_texts, (hopeless, *found.values()))
            ):
                return cls({key: tuple(orders) for key, orders in found.items()}, frozenset(hopeless))
        raise BadInputError("it is no progress of a game; choose a file that does not exist yet")


def _are_texts(values: object) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


@dataclass(frozen=True)
class Campaign:
    """A player's way through the levels: the place of the one that is played, from 0, and its game.

    `texts` has the levels' titles and ideas. `idea_told` is whether the player has heard the idea of this level,
    `wrong_claims` how often the player has called a level hopeless that is not, and `is_over` whether the player quit.
    `won` is the game that was won last.
    """

    levels: tuple[Level, ...]
    place: int
    progress: Progress
    texts: Mapping[str, str]
    game: Game
    idea_told: bool = False
    wrong_claims: int = 0
    is_over: bool = False
    won: Game | None = None

    @property
    def level(self) -> Level:
        """Return the level that is played."""
        return self.levels[self.place]

    def reply(self, line: str) -> tuple["Campaign", tuple[str, ...]]:
        """Return the campaign after a line, and what to print."""
        word = line.strip().lower()
        if word in {"?", "help"}:
            lines = answer(self.game, word).lines
            return self, (*lines, MORE_HELP) if self.level.name else lines
        if self.level.name and word in {"c", "n", "l"}:
            return {"c": self._claim, "n": self._next, "l": self._list}[word]()
        if self.level.name and word in {"h", "hint"}:
            if not self.idea_told:
                return replace(self, idea_told=True), (f"{self._text('idea')} (h again: how far you are)",)
            if self.game.hint() is None:
                return self, ("From here it cannot be won: undo (u) or restart (r). Or from nowhere at all? (c)",)
        reply = answer(self.game, word)
        if reply.game.is_won and reply.finished:
            return self._won(reply)
        return replace(self, game=reply.game, is_over=reply.finished), reply.lines

    @property
    def shown(self) -> Game | None:
        """Return the game to draw: the one that was left in the middle, else the one that was won last."""
        return self.game if self.game.turns else self.won

    def opening(self) -> Iterator[str]:
        """Yield the task, and where everybody stands."""
        if self.level.name:
            yield f"Level {self.place + 1} of {len(self.levels)}: {self._text('title')}"
        yield from opening(self.game, tells=not self.level.name)
        if self.level.switches is not None:
            yield f"Change from one buyer to another {self.level.switches} times at the most."
        if self.level.may_be_hopeless:
            yield "It may be impossible. If you think so, say it: c."
        if self.level.orders > 1:
            yield f"{self._found()} Find another one."
        yield ""
        yield from code_lines(self.game)
        yield ""
        yield from standing(self.game)

    def farewell(self) -> Iterator[str]:
        """Yield what was solved, and the game that was left in the middle."""
        solved = sum(map(self.progress.has_solved, self.levels))
        if solved and self.level.name:
            wrong = f", with {count_of(self.wrong_claims, 'wrong claim')}" if self.wrong_claims else ""
            yield f"Solved: {solved} of {count_of(len(self.levels), 'level')}{wrong}."
        if self.game.turns or not solved:
            yield from farewell(self.game)

    def _text(self, kind: str) -> str:
        return self.texts[f"{self.level.name}_{kind}"]

    def _won(self, reply: Reply) -> tuple["Campaign", tuple[str, ...]]:
        game, switches = reply.game, switches_in(reply.game.order)
        if not self.level.allows(game.order):
            too_many = f"But that took {switches} changes of the buyer; this level allows {self.level.switches}."
            return replace(self, game=game), (*reply.lines, too_many, "Undo (u) or restart (r).")
        progress = self.progress.with_order(self.level, game.whole_order)
        again = ("You have found this order before.",) if progress is self.progress else ()
        after = replace(self, progress=progress, game=game.restarted(), won=game)
        return after, (*reply.lines, *farewell(game), "", *again, *after.outlook())

    def outlook(self) -> Iterator[str]:
        """Yield how many orders are found, and what the player can do next."""
        yield self._found()
        if not self.level.name:
            yield "Play on to find another order, or quit (q)."
        elif not self.progress.has_solved(self.level):
            yield "Now find another one."
        else:
            yield "Next level (n), or play on to find another order, or quit (q)."

    def _found(self) -> str:
        found, ways = len(self.progress.orders(self.level)), self.level.ways(self.game)
        return (
            f"Found: {count_of(found, 'order')}." if ways is None else f"Found: {found} of {count_of(ways, 'order')}."
        )

    def _claim(self) -> tuple["Campaign", tuple[str, ...]]:
        if self.game.least is not None or not self.game.explored.exhausted:
            return replace(self, wrong_claims=self.wrong_claims + 1), ("Wrong: it can be won. Look again.",)
        right = f"Right! {hopeless(self.game)}"
        return replace(self, progress=self.progress.without_hope(self.level)), (right, "Next level (n), or quit (q).")

    def _next(self) -> tuple["Campaign", tuple[str, ...]]:
        """Go to the next level that is not solved, after the last one to the first again."""
        count = len(self.levels)
        places = [(self.place + ahead) % count for ahead in range(1, count)]
        place = next((place for place in places if not self.progress.has_solved(self.levels[place])), None)
        if place is None:
            return self, ("There is no other level left to solve.",)
        first = started(self.levels, place, self.progress, self.texts)
        after = replace(first, wrong_claims=self.wrong_claims, won=self.won)
        return after, ("", *after.opening())

    def _list(self) -> tuple["Campaign", tuple[str, ...]]:
        lines = [
            f"  {place:>2} {'solved' if self.progress.has_solved(level) else '':<7} {self.texts[f'{level.name}_title']}"
            for place, level in enumerate(self.levels, 1)
        ]
        return self, tuple(lines)


def started(levels: tuple[Level, ...], place: int, progress: Progress, texts: Mapping[str, str]) -> Campaign:
    """Return a campaign that stands at the beginning of this level; raise BadInputError if it cannot be played."""
    return Campaign(levels, place, progress, texts, levels[place].game())


def first_unsolved(levels: tuple[Level, ...], progress: Progress) -> int:
    """Return the place of the first level that is not solved, 0 if all are."""
    return next((place for place, level in enumerate(levels) if not progress.has_solved(level)), 0)
