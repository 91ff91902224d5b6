"""What `--lock` chooses: a lock, or another way to buy. It is resolved once for a sale, and then only asked."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from booking.errors import BadInputError
from booking.locks import Lock, LockFacts, Reach
from booking.purchase import Desk, Outcome, journey, purchase
from booking.scenario import Scenario
from booking.steps import PAY, Step
from booking.stores import Store

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext

    from booking.history.history import History


class Protection:
    """What keeps the buyers of a sale apart: their code, the facts, and the store that each of them gets.

    `store_kind` is the class of the scenario's store. `alone` means that no other sale may use the store meanwhile.
    `numbered` means that each buyer is a process with a number of its own, which the lock knows, and `own_lock` is the
    class of a lock that is written with cells, None for others.
    This class is for ways to buy that need no lock; a lock comes in a `Locked`.
    """

    facts: LockFacts = LockFacts(permits=None, freed_when_holder_dies=True, reach=Reach.NOWHERE)
    alone: ClassVar[bool] = False
    numbered: ClassVar[bool] = False
    own_lock: type | None = None
    purchase: Callable[[Desk], Outcome] = staticmethod(purchase)
    """What one buyer does on one train."""

    def __init__(self, scenario: Scenario, store_kind: type[Store]) -> None:
        self.scenario = scenario
        self.store_kind = store_kind

    @classmethod
    def summary(cls) -> str:
        """Return one line about this protection: the first line of its class's docstring."""
        return (cls.__doc__ or "").partition("\n")[0]

    @property
    def program(self) -> Callable[..., Outcome]:
        """Return what a buyer runs with a desk for each train, in the order of its route; raise BadInputError."""
        if self.scenario.buyer is not None:
            return own_buyer(self.scenario.buyer)
        return self.purchase if self.scenario.trains == 1 else journey

    @property
    def steps(self) -> frozenset[str]:
        """Return the names of the steps of a purchase, paying included."""
        return frozenset({Step.LOOK, Step.READ, PAY, *self.store_kind.write_steps})

    @property
    def shares(self) -> tuple[int, ...]:
        """Return how many tickets each buyer gets before the sale; empty if all buy from one count."""
        return ()

    def misfit(self) -> str | None:
        """Return why the store cannot be used, None if it can."""
        return None

    def lock(self, path: Path, context: "BaseContext") -> Lock | None:
        """Return a new lock for the store at `path`; None if a buyer takes none. Raise OSError or ImportError."""
        del path, context
        return None

    def store(self, path: Path, *, durable: bool = False) -> Store:
        """Return the parent's store at `path`, which has to be resolved already."""
        return self.store_kind(path, durable=durable)

    def store_of(self, buyer: int, store: Store) -> Store:
        """Return what this buyer, counted from 1, gets of the parent's store."""
        del buyer
        return store

    def lock_of(self, buyer: int, lock: Lock | None) -> Lock | None:
        """Return what this buyer, counted from 1, gets of the sale's lock."""
        del buyer
        return lock

    def note(self, history: "History") -> str | None:
        """Return a sentence about the sale when it is over, None if there is nothing to say."""
        del history
        return None


def own_buyer(buyer: str | Callable[..., Outcome]) -> Callable[..., Outcome]:
    """Return the function of a scenario's own buyer; raise BadInputError if the file has none."""
    if callable(buyer):
        return buyer
    from booking.storage.source import buyer_of  # noqa: PLC0415 - only for a buyer that is named by its file

    return buyer_of(buyer)


def outcome_of(program: object, returned: object) -> Outcome:
    """Return what a buyer's code returned as an outcome; raise BadInputError, with its place, if it is none."""
    try:
        return Outcome(returned)  # type: ignore[arg-type]
    except ValueError:
        code = getattr(program, "__code__", None)
        place = f"{Path(code.co_filename).name}:{code.co_firstlineno}: {code.co_name}()" if code else "the purchase"
        raise BadInputError(f'{place} returns {returned!r:.40}; return "bought" or "sold out"') from None


class Locked(Protection):
    """The plain purchase under a lock."""

    def __init__(self, scenario: Scenario, store_kind: type[Store], lock_kind: type[Lock]) -> None:
        super().__init__(scenario, store_kind)
        self.facts = lock_kind.facts_in(scenario)
        self._lock_kind = lock_kind

    @property
    def steps(self) -> frozenset[str]:
        """Return the names of the steps of a purchase; a lock that stops no buyer is never taken."""
        return super().steps | (set() if self.facts.permits is None else {Step.ACQUIRE, Step.RELEASE})

    def lock(self, path: Path, context: "BaseContext") -> Lock | None:
        """Return a new lock for the store at `path`, None if it stops no buyer."""
        return None if self.facts.permits is None else self._lock_kind(path, context, self.scenario)
