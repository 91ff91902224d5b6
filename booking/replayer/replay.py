"""Replay one schedule: the shortest way from an interleaving on paper to the same interleaving in reality."""

from collections.abc import Sequence
from pathlib import Path

from booking.history.schedule import checked
from booking.model.prediction import predict
from booking.replayer.check import Replay
from booking.replayer.stage import Stage
from booking.scenario import Scenario
from booking.simulation.sale import DEFAULT_STORE


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

    Raises BadInputError, before anything was touched, for a schedule that is too short, too long or names a buyer
    that cannot move, and for a store or a name that cannot be used; ReplayDiffersError where reality differs from
    the prediction; DiskError and InconclusiveError as `simulate` does. To play many schedules use `Stage`.
    """
    turns = checked(schedule)
    scenario = scenario or Scenario(buyers=max(2, *map(abs, turns)))
    predict(scenario, turns)
    with Stage(scenario, db=db, start_method=start_method) as stage:
        return stage.play(turns)
