"""What the model says of a schedule, before any process is started: every event that the replay has to show."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from booking.errors import BadInputError
from booking.history.history import Ending, Event, History
from booking.history.schedule import Cell, Schedule
from booking.history.verdict import Verdict, judge
from booking.model.listing import Listing, cells, schedule_listing
from booking.model.operation import Operation
from booking.model.world import Moved, World
from booking.purchase import Outcome
from booking.scenario import Scenario
from booking.steps import BLOCKED, READS, TORN, Step, Value

_KILLED = -9


@dataclass(frozen=True)
class Prediction:
    """What will happen when the schedule is played.

    `played` is the schedule and, for each buyer that waits forever at its end, one more attempt that is seen to
    be blocked. `moves` has what happens at each place of it. `history` is complete but for times and processes.
    `start` and `world` are the worlds before and after it.
    """

    scenario: Scenario
    schedule: Schedule
    played: Schedule
    moves: tuple[Moved, ...]
    history: History
    world: World = field(repr=False, compare=False)
    start: World = field(repr=False, compare=False)

    @cached_property
    def verdict(self) -> Verdict:
        """Return the verdict on the predicted history."""
        return judge(self.history)

    @cached_property
    def listing(self) -> Listing | None:
        """Return the buyers' code with the line of each of `played`, None if there is no source for it."""
        return schedule_listing(self.start, self.played)

    @property
    def cells(self) -> list[Cell]:
        """Return the moves in a word or two each, to be shown in columns."""
        return cells(self.moves, self.listing)

    @property
    def ends(self) -> dict[int, str]:
        """Return how each buyer that took part ends, in a word or two."""
        return {
            ending.buyer: "waits" if ending.alive else "dead" if ending.exitcode else str(ending.outcome)
            for ending in self.history.endings
            if not ending.stayed_away
        }

    @property
    def waiting(self) -> frozenset[int]:
        """Return the buyers that wait forever in the end."""
        return frozenset(ending.buyer for ending in self.history.endings if ending.alive)

    def place_of(self, event: int) -> int:
        """Return the place in `played`, from 1, of the predicted event with this index, from 0; a death has none."""
        places = [place for place, turn in enumerate(self.played, 1) if turn > 0 for _ in ("call", "return")]
        return places[event] if event < len(places) else len(self.played)


def predict(scenario: Scenario, schedule: Schedule, world: World | None = None) -> Prediction:
    """Return what the schedule does in this scenario, in which the buyers of `world` take part (None: its own).

    A turn for a buyer that is blocked is spent without a move. Buyers that the schedule does not name stay away.
    Raise BadInputError, naming the place in the schedule, if it names a buyer that does not exist, has ended or
    has died, and if it stops in the middle of somebody's purchase.
    """
    start = world or World.before(scenario)
    world, followed = start.follow(schedule)
    began = sorted({turn for turn in schedule if turn > 0})
    waiting = _waiting(world, schedule, began)
    last = {moved.buyer: moved.value for moved in followed}
    unseen = [buyer for buyer in waiting if last[buyer] != BLOCKED]
    moves = followed + tuple(world.move(buyer)[1] for buyer in unseen)
    endings = tuple(_ending(world, buyer, is_waiting=buyer in waiting) for buyer in world.buyers)
    history = History(scenario, tuple(_events(moves)), endings, world.counts_left)
    return Prediction(scenario, schedule, (*schedule, *unseen), moves, history, world, start)


def _waiting(world: World, schedule: Schedule, began: Sequence[int]) -> dict[int, Operation]:
    """Return the buyers that are blocked forever; raise if one that began could still move."""
    unfinished = {buyer: request for buyer in began if (request := world.request(buyer))}
    for buyer, request in unfinished.items():
        if not world.blocked_by(buyer):
            raise BadInputError(
                f"the schedule ends after step {len(schedule)}, in the middle of the purchase of buyer {buyer}; "
                f"give it more steps: its next one is {request.step}"
            )
    return unfinished


def _events(moves: Sequence[Moved]) -> Iterator[Event]:
    seq = 0
    for move in moves:
        if move.step is None:
            continue
        yield Event(seq + 1, 0, move.buyer, 0, move.step, "call", _called_with(move), move.train)
        yield Event(seq + 2, 0, move.buyer, 0, move.step, "return", move.value, move.train)
        seq += 2


def _called_with(move: Moved) -> Value:
    if move.step is Step.SWAP:
        return move.expected
    if move.step is Step.ACCESS:
        return None
    return None if move.step in READS or move.value in {TORN, BLOCKED} else move.value


def _ending(world: World, buyer: int, *, is_waiting: bool) -> Ending:
    outcome = world.outcome(buyer)
    if outcome is not None:
        return Ending(buyer, 0, outcome, _KILLED if buyer in world.dead else 0)
    if is_waiting:  # it never answers, as if it were dead
        outcome = world.crash(buyer)[0].outcome(buyer)
    return Ending(buyer, 0, outcome or Outcome.UNFINISHED, None, alive=is_waiting)
