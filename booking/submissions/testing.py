"""Proofs for tests of one's own: `prove` returns what was found, or raises AssertionError with the witness."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal, overload

from booking.errors import BadInputError, InconclusiveError

if TYPE_CHECKING:
    from booking.explorer.result import Exploration
    from booking.grading.finding import Proof
    from booking.purchase import Desk, Outcome

    Purchase = Callable[[Desk], Outcome]


@overload
def prove(
    lock: type, *, buyers: int = 2, memory: Literal["sc", "tso"] = "sc", require: Sequence[str] = ..., entries: int = 2
) -> "Proof": ...
@overload
def prove(lock: str = "none", *, buyer: "Purchase", buyers: int = 2, tickets: int = 1) -> "Exploration": ...
def prove(  # noqa: PLR0913 - a lock's dials and a buyer's
    lock: type | str = "none",
    *,
    buyer: "Purchase | None" = None,
    buyers: int = 2,
    tickets: int = 1,
    memory: Literal["sc", "tso"] = "sc",
    require: Sequence[str] = ("exclusion", "deadlock", "starvation"),
    entries: int = 2,
) -> "Proof | Exploration":
    """Prove a lock, `prove(Lock)`, or a buyer with a lock of ours, `prove(buyer=purchase, lock="file")`.

    Of a lock each property that is required has to hold, of a buyer that no interleaving oversells, hangs or fails.
    Raise AssertionError, with the shortest witness, if that is broken, and InconclusiveError if it is unknown.
    """
    if buyer is not None and isinstance(lock, str):
        return _proved_buyer(buyer, lock, buyers, tickets)
    if buyer is not None or isinstance(lock, str):
        raise BadInputError("prove needs a class with acquire and release, or buyer= and the name of a lock")
    return _proved_lock(lock, buyers, memory, require, entries)


def _proved_lock(
    lock: type, buyers: int, memory: Literal["sc", "tso"], require: Sequence[str], entries: int
) -> "Proof":
    from booking import grading  # noqa: PLC0415 - a buyer's proof needs none
    from booking.submissions.table import explained  # noqa: PLC0415
    from booking.submissions.terms import Terms, parsed_required  # noqa: PLC0415

    required, bypass = parsed_required(",".join(require))
    terms = Terms((buyers,), required, bypass, {}, memory, entries)
    proof = grading.prove(lock, buyers=buyers, entries=entries, memory=memory)
    answers = {name: terms.answer(proof, name) for name in required}
    broken = [name for name, answer in answers.items() if answer == grading.BROKEN]
    if broken:
        raise AssertionError(f"{lock.__name__}: {' and '.join(broken)} broken\n{explained(proof)}")
    if unknown := [name for name, answer in answers.items() if answer == grading.UNKNOWN]:
        reason = next(found.reason for found in proof.findings.values() if found.answer == grading.UNKNOWN)
        raise InconclusiveError(f"{lock.__name__}: {' and '.join(unknown)} unknown: {reason}")
    return proof


def _proved_buyer(buyer: "Purchase", lock: str, buyers: int, tickets: int) -> "Exploration":
    from booking.explorer import explore  # noqa: PLC0415 - a lock's proof needs none
    from booking.history.finding import SOUND  # noqa: PLC0415
    from booking.reports.exploration import render  # noqa: PLC0415
    from booking.scenario import Scenario  # noqa: PLC0415

    found = explore(Scenario(buyers, tickets, lock), program=buyer)
    if found.verdict == SOUND:
        return found
    if found.shortest is None and not found.exhausted:
        raise InconclusiveError(f"{buyer.__name__}: cut short after {found.states:,} states")
    raise AssertionError(f"{buyer.__name__} with --lock {lock}: {found.verdict}\n{render(found)}")
