"""What is for sale, to how many buyers, under which lock and store."""

import reprlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from booking.errors import BadInputError
from booking.text.words import nearest

MOST_BUYERS = 100_000
MOST_PROCESSES = 10_000
"""Only a pool of workers plays more buyers than this: elsewhere each is a process, or has its own state."""
MOST_TICKETS = 10**9
MOST_TRAINS = 8
PAIR = 2
"""Every buyer needs so many trains, if there are several."""
ORDERS = ("same", "opposite", "ring")
PARTITION = "partition"
"""With this `lock` every buyer gets a share of the tickets before the sale; a saved history has only the name."""
LONGEST_PAY = 3600.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """One sale, described before it happens; the same object drives real processes and the explorer.

    `buyers` is at least 1 and `tickets` may be 0. `lock` and `store` are names from the registries.
    `pay` is how long a payment takes, a lowest and a highest number of seconds; (0, 0) pays at once.
    `seed` fixes the payment times that are drawn between the two; None draws new ones every time.
    `permits` is how many buyers a semaphore lets in; the other locks do not read it.
    With several `trains`, `tickets` are for sale on each, each has a lock, and every buyer needs a ticket on two: of
    three trains, buyer 1 on 1 and 2, buyer 2 on 2 and 3, buyer 3 on 3 and 1, and so round again. They stand like the
    forks between philosophers (Dijkstra, "Hierarchical ordering of sequential processes", Acta Informatica 1, 1971).
    `order` is the order in which a buyer takes its two locks: "same", the lower number first, so that no cycle of waits
    can close; "opposite", the higher number first for buyers with even numbers; "ring", buyer b that of train b first.
    `buyer` is what every buyer does, a function of somebody's own, `purchase(desk)`, that returns "bought" or "sold
    out": "mine.py" or "mine.py:purchase" for one in a file, or the function itself. None is the purchase of the lock.

    Raise BadInputError if a value is out of range.
    """

    buyers: int = 10
    tickets: int = 1
    lock: str = "none"
    store: str = "json"
    pay: tuple[float, float] = (0.05, 0.05)
    seed: int | None = None
    permits: int = 1
    trains: int = 1
    order: str = "same"
    buyer: str | Callable[..., Any] | None = None

    def __post_init__(self) -> None:
        """Refuse what no sale could use."""
        require_whole("buyers", self.buyers, 1, MOST_BUYERS)
        require_whole("tickets", self.tickets, 0, MOST_TICKETS)
        require_whole("permits", self.permits, 1, MOST_BUYERS)
        require_whole("trains", self.trains, 1, MOST_TRAINS)
        require_pay(self.pay)
        if self.order not in ORDERS:
            near = nearest(str(self.order), ORDERS)
            raise BadInputError(f"order is {_shown(self.order)}{near}; use one of {', '.join(ORDERS)}")
        if self.order != "same" and self.trains == 1:
            raise BadInputError("--lock-order requires --trains 2 or more")
        if not (self.buyer is None or callable(self.buyer) or names_file(str(self.buyer))):
            raise BadInputError(f"buyer is {_shown(self.buyer)}; use FILE.py or FILE.py:FUNCTION")
        if self.seed is not None and (isinstance(self.seed, bool) or not isinstance(self.seed, int)):
            raise BadInputError(f"seed is {_shown(self.seed)}; use a whole number, or none for chance")

    @property
    def buyer_name(self) -> str:
        """Return the buyer as the command line takes it, FILE or FILE:FUNCTION; "" for the purchase of the lock."""
        if self.buyer is None or isinstance(self.buyer, str):
            return self.buyer or ""
        code = getattr(self.buyer, "__code__", None)
        return f"{code.co_filename}:{code.co_name}" if code else repr(self.buyer)

    @property
    def shares(self) -> tuple[int, ...]:
        """Return how many tickets each buyer gets before the sale, as equal as can be; empty if they are not split."""
        return _shares(self.tickets, self.buyers) if self.lock == PARTITION else ()

    @property
    def counts(self) -> tuple[int, ...]:
        """Return what each file holds before the sale: a share for each buyer, or the tickets of each train."""
        return self.shares or (self.tickets,) * self.trains

    def file_of(self, buyer: int, train: int) -> int:
        """Return the place, from 0, in `counts` of the file that this buyer uses on this train."""
        return buyer - 1 if self.lock == PARTITION else train - 1

    def route(self, buyer: int) -> tuple[int, ...]:
        """Return the trains, counted from 1, that this buyer needs, in the order in which it takes their locks."""
        if self.trains == 1:
            return (1,)
        own = (buyer - 1) % self.trains + 1
        pair = (own, own % self.trains + 1)
        if self.order == "ring":
            return pair
        return tuple(sorted(pair, reverse=self.order == "opposite" and buyer % 2 == 0))

    def sold_on(self, bought: Collection[int]) -> tuple[int, ...]:
        """Return how many tickets of each train are sold once these buyers have what they need."""
        if self.trains <= PAIR:
            return (len(bought),) * self.trains
        return tuple(sum(train in self.route(buyer) for buyer in bought) for train in range(1, self.trains + 1))

    def to_json(self) -> dict[str, Any]:
        """Return the scenario as a JSON object; `pay` becomes a list of two numbers.

        With one train it has neither `trains` nor `order`, and it has a `buyer` only if that is somebody's own.
        """
        document = {name: getattr(self, name) for name in self.__slots__} | {"pay": list(self.pay)}
        if self.trains == 1:
            del document["trains"], document["order"]
        if self.buyer is None:
            del document["buyer"]
            return document
        return document | {"buyer": self.buyer_name}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Scenario":
        """Return the scenario that `to_json` wrote; unknown keys are refused.

        Raise BadInputError if a key or a value is not one of a scenario.
        """
        unknown = set(document) - set(cls.__slots__)
        if unknown:
            raise BadInputError(f"a scenario has no {_shown(min(unknown))}; it has {', '.join(cls.__slots__)}")
        values = dict(document)
        if isinstance(values.get("pay"), list):
            values["pay"] = tuple(values["pay"])
        for name in ("lock", "store", "buyer"):
            if not isinstance(values.get(name, ""), str):
                raise BadInputError(f"{name} is {_shown(values[name])}; use a name in quotes")
        return cls(**values)


@lru_cache(maxsize=16)  # reports ask once for each event
def _shares(tickets: int, buyers: int) -> tuple[int, ...]:
    each, more = divmod(tickets, buyers)
    return tuple(each + (buyer <= more) for buyer in range(1, buyers + 1))


def names_file(name: str) -> bool:
    """Return whether a lock or a buyer is named by its file, FILE.py or FILE.py:NAME."""
    return name.endswith(".py") or ".py:" in name


def require_whole(name: str, value: object, lowest: int, highest: int) -> None:
    """Raise BadInputError unless `value` is a whole number from `lowest` to `highest`, both included."""
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
        raise BadInputError(f"{name} is {_shown(value)}; use a whole number from {lowest} to {highest}")


def require_pay(pay: object) -> None:
    """Raise BadInputError unless `pay` is a lowest and a highest number of seconds."""
    match pay:
        case (int() | float() as low, int() | float() as high) if (
            not isinstance(low, bool) and not isinstance(high, bool) and 0 <= low <= high <= LONGEST_PAY
        ):
            return
    raise BadInputError(f"pay is {_pay_shown(pay)}; use SECONDS or MIN:MAX, from 0 to {LONGEST_PAY:g} seconds")


def _pay_shown(pay: object) -> str:
    """Return two numbers as they are typed, "1" or "1:3", and anything else as it is."""
    match pay:
        case (float() as low, float() as high):
            return ":".join(dict.fromkeys((f"{low:g}", f"{high:g}")))
    return _shown(pay)


def _shown(value: object) -> str:
    """Return the value in at most some forty characters; Python writes out no number of over 4,300 digits."""
    try:
        return reprlib.repr(value)
    except ValueError:
        return "a number of thousands of digits"
