"""The labelled world: numbered buyers, moved one step at a time, by the buyer's own code.

Replay predicts with it and play is played in it. It shares the scripted desk with the explorer and nothing else,
so that each can be checked against the other.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count, takewhile
from typing import NamedTuple

from booking.errors import BadInputError
from booking.model.operation import Operation, Result
from booking.model.scripted_desk import Continuation, Program, Results, Runner, purchase_at_counter
from booking.model.shared_state import COUNT, Shared, cell_of, shared_in, train_of
from booking.purchase import Outcome
from booking.registry import protection_of
from booking.scenario import Scenario
from booking.steps import BLOCKED, Step, Value


class Moved(NamedTuple):
    """What happened at one place of a schedule.

    `step` is None where the buyer died. `name` is the cell or lock that was touched. `value` is the count read or
    written, TORN for a half-written file, BLOCKED for an attempt to take a lock that others hold, CHANGED for a swap
    that found another count than the `expected` one, else None.
    """

    buyer: int
    step: Step | None = None
    name: str = ""
    value: Value = None
    expected: int | None = None

    @property
    def train(self) -> int:
        """Return which train this happened on, 1 where there is one."""
        return train_of(self.name)


class Kind(NamedTuple):
    """Buyers that are alike: what they do, the world as they see it, and their numbers from 1. Mostly all are."""

    program: Program
    shared: Shared
    buyers: Sequence[int]


def kinds_in(scenario: Scenario, program: Program | None = None, clerks: int = 0) -> tuple[Kind, ...]:
    """Return the kinds; with a `program` all buyers run that one, and with `clerks` they go to the counter.

    Raise BadInputError if the scenario's lock, store, trains and clerks do not go together.
    """
    shared, protection = shared_in(scenario, clerks), protection_of(scenario)
    if clerks and (protection.shares or scenario.trains > 1):
        raise BadInputError("a clerk sells the tickets of one train to everybody; leave out --clerks")
    if program and protection.shares:
        raise BadInputError(f"only the purchase itself is explored with --lock {scenario.lock}; use another lock")
    if clerks and scenario.buyer is not None:
        raise BadInputError("--clerks cannot be combined with --buyer: a clerk does what our own buyer does")
    if clerks and not program:
        program = purchase_at_counter
    everybody = range(1, scenario.buyers + 1)
    if shared.own is not None:  # each knows its number
        return tuple(
            Kind(program or protection.program, replace(shared, me=buyer - 1), (buyer,)) for buyer in everybody
        )
    found: dict[tuple[tuple[int, ...], int], Sequence[int]] = {(scenario.route(1), scenario.counts[0]): everybody}
    if scenario.trains > 1 or protection.shares:
        counts, groups = scenario.counts, defaultdict[tuple[tuple[int, ...], int], list[int]](list)
        for buyer in everybody:
            groups[scenario.route(buyer), counts[scenario.file_of(buyer, 1)]].append(buyer)
        found = {key: tuple(buyers) for key, buyers in groups.items()}
    return tuple(
        Kind(program or protection.program, replace(shared, cells=dict.fromkeys(map(cell_of, route), count)), buyers)
        for (route, count), buyers in found.items()
    )


@dataclass(frozen=True, slots=True)
class World:
    """One moment of a sale with numbered buyers, counted from 1.

    `codes` has each buyer's code. `cells` holds what each cell holds now: a number, or TORN while it is
    half-written. `holders` names the buyers that hold each lock; the dead hold on to a lock that is not freed when
    its holder dies. `answers` is what each buyer was answered so far, which is all that its code depends on.
    """

    codes: tuple[Runner, ...]
    cells: Mapping[str, Result]
    holders: Mapping[str, tuple[int, ...]]
    answers: tuple[Results, ...]
    dead: frozenset[int] = frozenset()

    @classmethod
    def before(cls, scenario: Scenario, program: Program | None = None, clerks: int = 0) -> "World":
        """Return the world before the first move; `program` None is the lock's own, 0 `clerks` no counter."""
        shared = shared_in(scenario, clerks)
        cells: dict[str, Result] = dict(shared.contents)
        codes: dict[int, Runner] = {}
        for kind in kinds_in(scenario, program, clerks):
            codes |= dict.fromkeys(kind.buyers, Runner(kind.program, kind.shared))
            if shared.private:
                firsts = kind.shared.cells.items()
                cells |= {_copy(name, buyer): first for name, first in firsts for buyer in kind.buyers}
        whole = tuple(codes[buyer] for buyer in sorted(codes))
        if scenario.buyer is not None and not isinstance((first := whole[0].after(())).next, Operation):
            raise BadInputError(
                first.error or f"{first.place}: the buyer ends without a step: it reads and writes nothing"
            )
        return cls(whole, cells, dict.fromkeys(shared.locks, ()), ((),) * scenario.buyers)

    @property
    def shared(self) -> Shared:
        """Return what the buyers share."""
        return self.codes[0].shared

    @property
    def buyers(self) -> range:
        """Return the numbers of the buyers."""
        return range(1, len(self.answers) + 1)

    @property
    def is_held(self) -> bool:
        """Return whether some buyer holds a lock."""
        return any(self.holders.values())

    @property
    def counts_left(self) -> tuple[int | None, ...]:
        """Return the number of tickets left on each train, None if its file is half-written; shares add up."""
        if self.shared.split:
            shares = [self.cells[_copy(COUNT, buyer)] for buyer in self.buyers]
            return (sum(share for share in shares if isinstance(share, int)),)
        found = [self.cells[cell] for cell in takewhile(self.cells.__contains__, map(cell_of, count(1)))]
        return tuple(left if isinstance(left, int) else None for left in found)

    @property
    def count_left(self) -> int | None:
        """Return the number of tickets left on the one train, or on the first of several."""
        return self.counts_left[0]

    def request(self, buyer: int) -> Operation | None:
        """Return a buyer's next step, None if it has ended or died; raise BadInputError if there is no such buyer."""
        if buyer not in self.buyers:
            raise BadInputError(f"there is no buyer {buyer}; the sale has buyers 1 to {len(self.answers)}")
        step = self._point(buyer).next
        return step if isinstance(step, Operation) and buyer not in self.dead else None

    def outcome(self, buyer: int) -> Outcome | None:
        """Return how a buyer ended, None while under way; death is UNKNOWN once it began to write, else UNFINISHED."""
        point = self._point(buyer)
        if isinstance(point.next, Outcome):
            return point.next
        if buyer not in self.dead:
            return None
        return Outcome.UNKNOWN if point.written else Outcome.UNFINISHED

    def line(self, buyer: int) -> int:
        """Return the number of the line of its own file at which a buyer asks or has failed, 0 if it is not known."""
        return self.codes[buyer - 1].line_of(self._point(buyer))

    def error(self, buyer: int) -> str:
        """Return the exception with which a buyer's code failed, with file and line, "" if it did not."""
        return self._point(buyer).error

    def blocked_by(self, buyer: int) -> tuple[int, ...]:
        """Return the buyers that hold the lock which this buyer waits for; empty where it does not wait."""
        request = self.request(buyer)
        if request is None or request.step is not Step.ACQUIRE:
            return ()
        holders, permits = self.holders[request.name], self.shared.locks[request.name].permits
        return holders if permits is not None and len(holders) >= permits else ()

    def movable(self) -> tuple[int, ...]:
        """Return the buyers that can take a step now."""
        return tuple(buyer for buyer in self.buyers if self.request(buyer) and not self.blocked_by(buyer))

    def move(self, buyer: int) -> tuple["World", Moved]:
        """Let a buyer take its next step; return the world afterwards and what happened.

        An attempt to take a held lock is BLOCKED and leaves the world as it is. Raise BadInputError if the
        buyer does not exist, has ended or has died.
        """
        request = self.request(buyer)
        if request is None:
            raise BadInputError(f"buyer {buyer} has ended; take it out of the schedule from there on")
        if self.blocked_by(buyer):
            return self, Moved(buyer, request.step, request.name, BLOCKED)
        is_copy = self.shared.private and request.access is None
        cell = _copy(request.name, buyer) if is_copy else request.name
        held = self.cells.get(cell)
        content, answer = request.effect(held)
        answers = (*self.answers[: buyer - 1], (*self.answers[buyer - 1], answer), *self.answers[buyer:])
        cells = self.cells if content == held else {**self.cells, cell: content}
        world = replace(self, cells=cells, holders=self._held(buyer, request), answers=answers)
        if world.outcome(buyer) is not None:
            world = replace(world, holders=world.holders_without(buyer))
        return world, Moved(buyer, request.step, request.name, request.words(answer), request.expected)

    def crash(self, buyer: int) -> tuple["World", Moved]:
        """Let a buyer die; return the world afterwards, in which it may still hold a lock, and what happened.

        Raise BadInputError if the buyer does not exist, has ended or has died.
        """
        if self.request(buyer) is None:
            raise BadInputError(f"buyer {buyer} has ended and cannot die; take -{buyer} out of the schedule")
        return replace(self, holders=self.holders_without(buyer), dead=self.dead | {buyer}), Moved(buyer)

    def take(self, turn: int) -> tuple["World", Moved]:
        """Let a buyer move, or die if the turn is -2 for buyer 2; return what `move` or `crash` does."""
        return self.move(turn) if turn > 0 else self.crash(-turn)

    def follow(self, schedule: Iterable[int]) -> tuple["World", tuple[Moved, ...]]:
        """Let the buyers take these turns; return the world afterwards and what happened at each place.

        Raise BadInputError, with the place, if a buyer of the schedule does not exist, has ended or has died.
        """
        world, happened = self, []
        for place, turn in enumerate(schedule, 1):
            world.require_turn(place, turn)
            world, moved = world.take(turn)
            happened.append(moved)
        return world, tuple(happened)

    def require_turn(self, place: int, turn: int) -> None:
        """Raise BadInputError unless this buyer can have the turn at this place of a schedule."""
        buyer, name = abs(turn), f"step {place} of the schedule"
        if buyer not in self.buyers:
            raise BadInputError(f"{name} names buyer {buyer}; the sale has 1 to {len(self.buyers)} (--buyers)")
        if buyer in self.dead:
            raise BadInputError(f"{name} is for buyer {buyer}, which is dead; end it before")
        if self.request(buyer) is None:
            raise BadInputError(f"{name} is for buyer {buyer}, which has ended ({self.outcome(buyer)}); leave it out")

    def serial(self, buyers: Iterable[int] | None = None) -> tuple[int, ...]:
        """Return the schedule of these buyers, None for all, one after the other; a blocked one is left waiting."""
        going, world, turns = sorted(self.buyers if buyers is None else set(buyers)), self, []
        while can := [buyer for buyer in going if buyer in world.movable()]:
            world = world.move(can[0])[0]
            turns.append(can[0])
        return tuple(turns)

    def schedules(self) -> Iterator[tuple[int, ...]]:
        """Yield every schedule from here until no buyer can move, in the order of the buyers' numbers."""
        movable = self.movable()
        if not movable:
            yield ()
        for buyer in movable:
            yield from ((buyer, *rest) for rest in self.move(buyer)[0].schedules())

    def _point(self, buyer: int) -> Continuation:
        return self.codes[buyer - 1].after(self.answers[buyer - 1])

    def _held(self, buyer: int, request: Operation) -> Mapping[str, tuple[int, ...]]:
        holding = self.holders.get(request.name, ())
        if request.step is Step.ACQUIRE:
            return {**self.holders, request.name: (*holding, buyer)}
        if request.step is Step.RELEASE:
            place = holding.index(buyer)
            return {**self.holders, request.name: holding[:place] + holding[place + 1 :]}
        return self.holders

    def holders_without(self, buyer: int) -> Mapping[str, tuple[int, ...]]:
        """Return the holders once the process of this buyer has ended: some locks are free then."""
        return {
            name: tuple(held for held in holding if held != buyer)
            if self.shared.locks[name].freed_when_holder_dies
            else holding
            for name, holding in self.holders.items()
        }


def _copy(name: str, buyer: int) -> str:
    """Return the name of a buyer's own copy of a cell."""
    return f"{name} of buyer {buyer}"
