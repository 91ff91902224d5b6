"""What each step is called: one table of verb forms, for every screen, page and story."""

from typing import NamedTuple

from booking.steps import BLOCKED, CHANGED, PAY, TORN, Phase, Step, Value
from booking.text.words import count_of


class Verb(NamedTuple):
    """The forms of one verb; `{}` stands for the count, where the step has one.

    `to_do` follows "next:", `doing` follows "is", `done` and `does` follow a buyer's name, and `me` follows "I".
    """

    to_do: str
    doing: str
    done: str
    does: str
    me: str


_WAIT = "wait for the lock"
VERBS = {
    Step.LOOK: Verb("look at the count", "looking at the count", "saw {}", "looks and sees {}", "look and see {}"),
    Step.ACQUIRE: Verb("take the lock", "waiting for the lock", "got the lock", "takes the lock", "have the lock"),
    Step.READ: Verb("read the count", "reading the count", "has read {}", "reads the count: {}", "read the count: {}"),
    PAY: Verb("pay", "paying", "has paid", "pays", "pay"),
    Step.TRUNCATE: Verb(
        "empty the file", "emptying the file", "has emptied the file", "empties the file", "empty the file"
    ),
    Step.WRITE: Verb("write {}", "writing {}", "has written {}", "writes the count: {}", "write the count: {}"),
    Step.SWAP: Verb(
        "swap, if the count is still {}",
        "swapping, if the count is still {}",
        "has swapped the count for {}",
        "swaps the count: {}",
        "swap the count: {}",
    ),
    Step.RELEASE: Verb(
        "give the lock back", "giving the lock back", "gave the lock back", "gives the lock back", "give the lock back"
    ),
    Step.ACCESS: Verb("touch a cell of the lock", "touching a cell of the lock", "did: {}", "does: {}", "do: {}"),
    BLOCKED: Verb(_WAIT, "waiting for the lock", "found the lock taken", "waits for the lock", _WAIT),
    CHANGED: Verb(
        "start again",
        "starting again",
        "found another count, and did not swap",
        "finds another count, does not swap, and starts again",
        "find another count, do not swap, and start again",
    ),
}
"""By step, and two that did not work: an attempt to take a lock that is taken, and a swap of a changed count."""


def verb_of(step: str, value: Value = None) -> Verb:
    """Return the verb of a step that read, wrote or met this value."""
    return VERBS[str(value) if value in {BLOCKED, CHANGED} else step]


def narrated(step: str, phase: Phase, value: Value = None, *, me: bool = False) -> str | None:
    """Return one event of a story without its subject, or with "I"; None for one that only repeats another.

    What takes time is told when it begins, anything else when it is done.
    """
    waits = (step, phase) == (Step.ACQUIRE, "call")
    if not waits and phase == ("return" if step == PAY else "call"):
        return None
    verb = VERBS[BLOCKED] if waits else verb_of(step, value)
    text = f"I {verb.me}" if me else verb.does
    return text.format(tickets(value) if step == Step.LOOK else count_words(value))


def count_words(value: Value) -> str:
    """Return a count as a student reads it; TORN is a file that holds half of something."""
    return "half a file" if value == TORN else str(value)


def tickets(value: object) -> str:
    """Return a count of tickets as a student reads it."""
    return count_of(value, "ticket") if isinstance(value, int) else "half a file"
