"""What a replay brought: the prediction, the history, and the word that the two agree."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest

from booking.columns import step_text
from booking.errors import ReplayDiffersError
from booking.history import Ending, Event, History
from booking.replayer.prediction import Prediction
from booking.verdict import Verdict, judge


@dataclass(frozen=True)
class Replay:
    """One schedule as it was predicted and as it happened; the two agree in every step and every ending."""

    prediction: Prediction
    history: History

    @cached_property
    def verdict(self) -> Verdict:
        """Return the verdict on what really happened."""
        return judge(self.history)


def compare(prediction: Prediction, history: History) -> None:
    """Return in silence where the history is what was predicted, but for times and process numbers.

    Raises ReplayDiffersError with the first difference, and the place in the schedule where it is.
    """
    difference = next(_differences(prediction, history), None)
    if difference:
        raise ReplayDiffersError(
            f"{difference}; somebody else used the file, or the lock or the store does not do what it declares"
        )


def _differences(prediction: Prediction, history: History) -> Iterator[str]:
    predicted = prediction.history
    for index, (foreseen, real) in enumerate(zip_longest(predicted.events, history.events)):
        if _core(foreseen) != _core(real):
            yield f"step {prediction.place_of(index)}: {_told(foreseen)} was predicted, and {_told(real)} happened"
    for before, after in zip(predicted.endings, history.endings, strict=True):
        if _end(before) != _end(after):
            yield f"buyer {after.buyer}: {_end(before)[0]} was predicted, and {_end(after)[0]} happened"
    if predicted.stock_left != history.stock_left:
        yield f"the count left: {predicted.stock_left} was predicted, and {history.stock_left} happened"


def _core(event: Event | None) -> object:
    return event and (event.buyer, event.step, event.phase, event.value)


def _told(event: Event | None) -> str:
    return f'"buyer {event.buyer} {step_text(event.step, event.value)}" ({event.phase})' if event else "nothing"


def _end(ending: Ending) -> tuple[str, bool, bool]:
    return str(ending.outcome), ending.alive, ending.stayed_away
