"""When an exploration has to end, though there is more to see."""

from collections.abc import Callable
from dataclasses import dataclass

OFTEN = 4096
"""So many states pass between two questions whether to stop."""


def _never() -> bool:
    return False


def _nobody(states: int) -> None:
    del states


@dataclass(frozen=True, slots=True)
class Limits:
    """At most `most` states; now and then `on_progress` is told how many there were and `stop` is asked."""

    most: int
    on_progress: Callable[[int], None] = _nobody
    stop: Callable[[], bool] = _never

    def are_reached(self, states: int) -> bool:
        """Tell, after so many states, whether to end here."""
        if states % OFTEN == 0:
            self.on_progress(states)
            if self.stop():
                return True
        return states >= self.most
