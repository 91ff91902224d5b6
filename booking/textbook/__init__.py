"""The textbook: right and famous wrong locks of the literature, each with its source and what is known of it."""

from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent

HOLDS, BROKEN = "holds", "broken"


@dataclass(frozen=True)
class Known:
    """What holds of a lock for one number of buyers, if each access takes effect at once.

    `bypass` is how often the others can enter between one buyer's first access and its entry, None if no limit is
    known; `steps` the fewest accesses until two buyers are inside, None if that cannot happen.
    """

    exclusion: str
    deadlock_freedom: str
    starvation_freedom: str
    bypass: int | None = None
    steps: int | None = None


@dataclass(frozen=True)
class TextbookLock:
    """A lock of the textbook: `home` is its file and class, `source` who published it or what it is taken from.

    `known` has an entry for each number of buyers for which it is meant. `buffered` is the fewest accesses until two of
    two buyers are inside if writes are buffered, as on x86; None if that cannot happen.
    """

    home: str
    source: str
    known: dict[int, Known]
    buffered: int | None = None

    @property
    def path(self) -> Path:
        """Return the file that holds the class."""
        return HERE / self.home.partition(":")[0]

    @property
    def class_name(self) -> str:
        """Return the name of the class."""
        return self.home.partition(":")[2]

    @property
    def is_right(self) -> bool:
        """Return whether nobody can ever be inside with another, and the lock never comes to a standstill."""
        return all(known.exclusion == known.deadlock_freedom == HOLDS for known in self.known.values())


def _right(bypass: int | None = None) -> Known:
    """Return what is known of a lock under which every buyer that waits gets in."""
    return Known(HOLDS, HOLDS, HOLDS, bypass)


def _unfair() -> Known:
    """Return what is known of a lock under which some buyer always gets in, and another may never."""
    return Known(HOLDS, HOLDS, BROKEN)


def _stuck(bypass: int | None = None) -> Known:
    """Return what is known of a lock that keeps the buyers apart and comes to a standstill."""
    return Known(HOLDS, BROKEN, BROKEN, bypass)


def _open(steps: int, *, fair: bool = False, stuck: bool = False, bypass: int | None = None) -> Known:
    """Return what is known of a lock that lets two in after so many steps."""
    return Known(BROKEN, BROKEN if stuck else HOLDS, HOLDS if fair else BROKEN, bypass, steps)


_EWD123 = "Dijkstra 1965 (EWD 123)"
_HERLIHY = "Herlihy and Shavit 2008"

TEXTBOOK: dict[str, TextbookLock] = {
    "dekker": TextbookLock("two_buyers.py:Dekker", f"T. J. Dekker, in {_EWD123}", {2: _right()}, 4),
    "peterson": TextbookLock("two_buyers.py:Peterson", "Peterson 1981", {2: _right(1)}, 6),
    "kessels": TextbookLock("two_buyers.py:Kessels", "Kessels 1982", {2: _right(1)}, 8),
    "dijkstra": TextbookLock("many_buyers.py:Dijkstra", "Dijkstra 1965", {2: _unfair(), 3: _unfair()}, 12),
    "knuth": TextbookLock("many_buyers.py:Knuth", "Knuth 1966", {2: _right(1), 3: _right(3)}, 11),
    "de-bruijn": TextbookLock("many_buyers.py:DeBruijn", "de Bruijn 1967", {2: _right(1), 3: _right(3)}, 9),
    "eisenberg-mcguire": TextbookLock(
        "many_buyers.py:EisenbergMcGuire", "Eisenberg and McGuire 1972", {2: _right(1), 3: _right(2)}, 14
    ),
    "bakery": TextbookLock("many_buyers.py:Bakery", "Lamport 1974", {2: _right(), 3: _right()}, 14),
    "tournament": TextbookLock("two_buyers.py:Tournament", "Peterson and Fischer 1977", {2: _right(1), 3: _right()}, 6),
    "filter": TextbookLock("two_buyers.py:Filter", "Peterson 1981", {2: _right(1), 3: _right()}, 6),
    "burns-lamport": TextbookLock(
        "many_buyers.py:BurnsLamport", "Burns 1981, Lamport 1986", {2: _unfair(), 3: _unfair()}, 4
    ),
    "lamport-fast": TextbookLock("many_buyers.py:LamportFast", "Lamport 1987", {2: _unfair(), 3: _unfair()}, 10),
    "szymanski": TextbookLock("many_buyers.py:Szymanski", "Szymanski 1988", {2: _right(2), 3: _right(4)}, 15),
    "black-white-bakery": TextbookLock("many_buyers.py:BlackWhiteBakery", "Taubenfeld 2004", {2: _right(2)}, 22),
    "test-and-set": TextbookLock("atomic.py:TestAndSet", "IBM System/360, 1964", {2: _unfair(), 3: _unfair()}),
    "compare-and-swap": TextbookLock("atomic.py:CompareAndSwap", "IBM System/370, 1973", {2: _unfair(), 3: _unfair()}),
    "ticket": TextbookLock("atomic.py:Ticket", "Reed and Kanodia 1979", {2: _right(1), 3: _right(2)}),
    "test-and-test-and-set": TextbookLock(
        "atomic.py:TestAndTestAndSet", "Rudolph and Segall 1984", {2: _unfair(), 3: _unfair()}
    ),
    "anderson": TextbookLock("atomic.py:Anderson", "Anderson 1990", {2: _right(1), 3: _right(2)}),
    "mcs": TextbookLock("atomic.py:MCS", "Mellor-Crummey and Scott 1991", {2: _right(), 3: _right()}),
    "clh": TextbookLock("atomic.py:CLH", "Craig 1993, Landin and Hagersten 1994", {2: _right(), 3: _right()}),
    "naive-flag": TextbookLock("wrong.py:NaiveFlag", "everybody's first idea", {2: _open(4), 3: _open(4)}, 4),
    "double-checked-flag": TextbookLock(
        "wrong.py:DoubleCheckedFlag", "a student's repair of the naive flag", {2: _open(6), 3: _open(6)}, 6
    ),
    "private-flag": TextbookLock(
        "wrong.py:PrivateFlag",
        "everybody's first idea between processes",
        {2: _open(2, fair=True, bypass=0), 3: _open(2, fair=True, bypass=0)},
        2,
    ),
    "strict-alternation": TextbookLock(
        "wrong.py:StrictAlternation", f"first attempt in {_EWD123}", {2: _stuck(1), 3: _stuck(2)}
    ),
    "look-then-flag": TextbookLock(
        "wrong.py:LookThenFlag", f"second attempt in {_EWD123}", {2: _open(4), 3: _open(6)}, 4
    ),
    "lock-one": TextbookLock(
        "wrong.py:LockOne", f"third attempt in {_EWD123}; {_HERLIHY}", {2: _stuck(0), 3: _stuck(1)}, 4
    ),
    "polite-flags": TextbookLock("wrong.py:PoliteFlags", f"fourth attempt in {_EWD123}", {2: _stuck(), 3: _stuck()}, 4),
    "lock-two": TextbookLock("wrong.py:LockTwo", _HERLIHY, {2: _stuck(1), 3: _open(5, stuck=True)}),
    "hyman": TextbookLock("wrong.py:Hyman", "Hyman 1966, refuted by Knuth 1966", {2: _open(7)}, 7),
    "peterson-swapped": TextbookLock(
        "wrong.py:PetersonSwapped", f"an exercise in {_HERLIHY}", {2: _open(7, fair=True)}, 6
    ),
    "peterson-selfish": TextbookLock("wrong.py:PetersonSelfish", "a common mistake", {2: _open(7)}, 6),
    "peterson-or": TextbookLock("wrong.py:PetersonOr", "a common mistake", {2: _stuck(1)}),
    "peterson-for-many": TextbookLock(
        "wrong.py:PetersonForMany", "a common mistake", {2: _right(1), 3: _open(10, fair=True)}, 6
    ),
    "tournament-upwards": TextbookLock(
        "wrong.py:TournamentUpwards", "a common mistake", {2: _right(1), 3: _open(17, fair=True)}, 6
    ),
    "bakery-without-choosing": TextbookLock(
        "wrong.py:BakeryWithoutChoosing",
        "an exercise on Lamport 1974",
        {2: _open(8, fair=True), 3: _open(12, fair=True)},
        8,
    ),
    "one-bit-half": TextbookLock("wrong.py:OneBitHalf", "an exercise on Lamport 1986", {2: _open(3), 3: _open(3)}, 3),
    "lamport-fast-hasty": TextbookLock(
        "wrong.py:LamportFastHasty", "an exercise on Lamport 1987", {2: _open(9), 3: _open(9)}, 8
    ),
    "get-then-set": TextbookLock("wrong_atomic.py:GetThenSet", "a common mistake", {2: _open(4), 3: _open(4)}, 4),
    "swap-once": TextbookLock("wrong_atomic.py:SwapOnce", "a common mistake", {2: _open(5), 3: _open(5)}, 5),
    "ticket-in-two-steps": TextbookLock(
        "wrong_atomic.py:TicketInTwoSteps",
        "a common mistake",
        {2: _open(6, stuck=True), 3: _open(6, stuck=True)},
        6,
    ),
    "mcs-forgetful": TextbookLock(
        "wrong_atomic.py:MCSForgetful", "an exercise on Mellor-Crummey and Scott 1991", {2: _stuck(), 3: _stuck()}
    ),
    "mcs-late": TextbookLock(
        "wrong_atomic.py:MCSLate", "an exercise on Mellor-Crummey and Scott 1991", {2: _stuck(), 3: _stuck()}
    ),
    "clh-with-its-own-node": TextbookLock(
        "wrong_atomic.py:CLHWithItsOwnNode", f"an exercise in {_HERLIHY}", {2: _stuck(), 3: _stuck()}
    ),
}
"""Every lock of the textbook by its name: the right ones, those with atomic cells last, then the wrong ones."""
