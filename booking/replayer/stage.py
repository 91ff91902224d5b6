"""Replay schedules: kept-alive buyers that play one schedule after another, on the real store with the real lock."""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from booking.errors import DiskError, ReplayDiffersError
from booking.history.history import Ending, History
from booking.history.schedule import Schedule, validate
from booking.model.prediction import Prediction, predict
from booking.model.world import World
from booking.processes.group import ProcessGroup, room_for
from booking.replayer.check import Replay, compare, compare_events
from booking.replayer.gated_buyers import Controller
from booking.scenario import Scenario
from booking.simulation.recorder import Recorder
from booking.simulation.running import count_left, versions
from booking.simulation.sale import DEFAULT_STORE, Sale


class Stage:
    """Real buyers that play schedules of one scenario; a context manager, and no process outlives it.

    `db` is the store's file, created where it is absent and restocked before every schedule. `start_method` is
    fork, spawn or forkserver; None takes fork where the platform has it. Entering it raises BadInputError for a
    store or a name that cannot be used and DiskError where the store cannot be written.
    """

    def __init__(self, scenario: Scenario, *, db: str | Path = DEFAULT_STORE, start_method: str | None = None) -> None:
        self.scenario = scenario
        self._sale = Sale.of(scenario, db=db, start_method=start_method)
        self._world = World.before(scenario)  # one for all schedules: it keeps what it learns of the buyers' code
        self._whole = ExitStack()
        self._buyers = ExitStack()
        self._controller: Controller | None = None

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self._sale.opened())
            stack.enter_context(room_for(2 * self.scenario.buyers))  # each has a pipe for its permissions, too
            self._whole = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._whole:
            self._controller = None
            self._buyers.close()
            for store in self._sale.stores:
                store.tidy()

    def play(self, schedule: Schedule) -> Replay:
        """Let real buyers take these steps in this order and return what they did.

        -2 kills buyer 2 there. Buyers that are not named stay away. Raise BadInputError for a schedule that
        cannot be played, before anybody moves; ReplayDiffersError if reality differs from the prediction;
        InconclusiveError if a buyer's process is ended from outside; DiskError if the disk refuses.
        """
        prediction = predict(self.scenario, schedule, self._world)
        controller = self._ready()
        self._controller = None  # a buyer in the middle of a purchase, or with its own count, cannot play again
        for store in self._sale.stores:
            store.put(self.scenario.tickets)
        history = self._perform(controller, prediction)
        compare(prediction, history)
        world, is_numbered = prediction.world, self._sale.protection.own_lock is not None
        if self._sale.stores[0].shared and not (is_numbered or world.dead or prediction.waiting or world.is_held):
            self._controller = controller
        return Replay(prediction, history)

    def _ready(self) -> Controller:
        """Return buyers that stand before their first step, new ones where the last ones died or wait forever.

        The lock is new with them, because a multiprocessing lock whose holder died is lost.
        """
        if self._controller is None:
            self._buyers.close()
            self._controller = Controller(self._buyers.enter_context(ProcessGroup(self._sale.context)))
            self._buyers.callback(self._controller.close)
            self._controller.start(self._sale.protection, self._sale.trains())
        return self._controller

    def _perform(self, controller: Controller, prediction: Prediction) -> History:
        recorder = Recorder()
        started_ns = time.monotonic_ns()
        for place, turn in enumerate(prediction.played, 1):
            seen = len(recorder.events)
            _take_turn(controller, recorder, place, turn)
            compare_events(prediction, recorder.events, seen, len(recorder.events))
        elapsed_ns = time.monotonic_ns() - started_ns
        dead = {controller.process(buyer).pid or 0 for buyer in prediction.world.dead}
        if dead:
            for store in self._sale.stores:
                store.tidy(dead)
        return History(
            scenario=self.scenario,
            events=tuple(recorder.events),
            endings=tuple(_ending(controller, recorder, buyer) for buyer in prediction.world.buyers),
            counts_left=tuple(count_left(store) for store in self._sale.stores),
            elapsed_s=elapsed_ns / 1e9,
            start_method=controller.group.start_method,
            versions=versions(),
        )


def _take_turn(controller: Controller, recorder: Recorder, place: int, turn: int) -> None:
    if abs(turn) in recorder.ended:
        outcome = recorder.ended[abs(turn)].value
        raise ReplayDiffersError(f"step {place}: buyer {abs(turn)} was to move, and it has ended ({outcome})")
    if turn < 0:
        controller.kill(-turn)
        return
    controller.permit(turn, recorder)
    if turn in recorder.ended and recorder.ended[turn].error:
        raise DiskError(f"buyer {turn} could not go on: {recorder.ended[turn].error}")


def _ending(controller: Controller, recorder: Recorder, buyer: int) -> Ending:
    process = controller.process(buyer)
    exitcode = 0 if buyer in recorder.ended else process.exitcode
    began = any(event.buyer == buyer for event in recorder.events)
    return recorder.ending(buyer, process.pid or 0, exitcode, alive=began and exitcode is None)


def replay(
    schedule: Sequence[int],
    scenario: Scenario | None = None,
    *,
    db: str | Path = DEFAULT_STORE,
    start_method: str | None = None,
) -> Replay:
    """Play one schedule with real processes and return what they did, next to what was predicted.

    `schedule` holds buyers' numbers from 1, one for each step; -2 kills buyer 2 there, and a turn for a buyer that
    is blocked is spent. Without a `scenario` there are as many buyers as the schedule names, at least 2, for one
    ticket without a lock. `db` is the store's file, created where it is absent, and restocked. `start_method` is
    fork, spawn or forkserver; None takes fork where the platform has it.

    In a script, call it under `if __name__ == "__main__":`, because spawned buyers import the script again.

    Raise BadInputError, before anything was touched, for a schedule that is too short, too long or names a buyer
    that cannot move, and for a store or a name that cannot be used; ReplayDiffersError if reality differs from
    the prediction; DiskError and InconclusiveError as `simulate` does. To play many schedules use `Stage`.
    """
    turns = validate(schedule)
    scenario = scenario or Scenario(buyers=max(2, *map(abs, turns)))
    predict(scenario, turns)
    with Stage(scenario, db=db, start_method=start_method) as stage:
        return stage.play(turns)
