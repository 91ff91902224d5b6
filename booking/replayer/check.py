"""What a replay brought: the prediction, the history, and the word that the two agree."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from booking.errors import ReplayDiffersError
from booking.history.history import Ending, Event, History
from booking.history.schedule import step_text
from booking.history.verdict import Verdict, judge
from booking.model.prediction import Prediction


@dataclass(frozen=True)
class Replay:
    """One schedule as it was predicted and as it happened; the two agree in every step and every ending."""

    prediction: Prediction
    history: History

    @cached_property
    def verdict(self) -> Verdict:
        """Return the verdict on what really happened."""
        return judge(self.history)


def compare_events(prediction: Prediction, events: Sequence[Event], start: int, stop: int) -> None:
    """Return in silence where the events with these indices, from 0, are those that were predicted.

    Raise ReplayDiffersError for the first that is not, with its place in the schedule.
    """
    predicted = prediction.history.events
    for index in range(start, stop):
        foreseen = predicted[index] if index < len(predicted) else None
        real = events[index] if index < len(events) else None
        if _core(foreseen) != _core(real):
            raise _difference(f"step {prediction.place_of(index)}", _told(foreseen), _told(real))


def compare(prediction: Prediction, history: History) -> None:
    """Return in silence where the history is what was predicted, but for times and process numbers.

    Raise ReplayDiffersError for the first difference.
    """
    compare_events(prediction, history.events, 0, max(len(prediction.history.events), len(history.events)))
    for before, after in zip(prediction.history.endings, history.endings, strict=True):
        if _end(before) != _end(after):
            raise _difference(f"buyer {after.buyer}", _end(before)[0], _end(after)[0])
    counts = zip(prediction.history.counts_left, history.counts_left, strict=True)
    for train, (predicted, left) in enumerate(counts, 1):
        if predicted != left:
            where = "the count left" if train == 1 else f"the count left on train {train}"
            raise _difference(where, str(predicted), str(left))


def _difference(where: str, predicted: str, happened: str) -> ReplayDiffersError:
    return ReplayDiffersError(
        f"{where}: {predicted} was predicted, and {happened} happened; "
        "somebody else used the file, or the lock or the store does not do what it declares"
    )


def _core(event: Event | None) -> object:
    return event and (event.buyer, event.step, event.phase, event.value, event.train)


def _told(event: Event | None) -> str:
    return (
        f'"buyer {event.buyer} {step_text(event.step, event.value, event.train)}" ({event.phase})'
        if event
        else "nothing"
    )


def _end(ending: Ending) -> tuple[str, bool, bool]:
    return str(ending.outcome), ending.alive, ending.stayed_away
