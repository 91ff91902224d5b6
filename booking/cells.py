"""Cells: the shared variables of a lock that is written in plain Python.

A lock is a class with `acquire(self, me)` and `release(self, me)`; `me` is 0 to `self.n - 1`, and `self.n` is how many
processes there are. Its shared variables are cells, and every access to one is a step, because the cell says so:

    class Peterson:
        flag = Cells(False)    # one for each process: flag[0] to flag[self.n - 1]
        turn = Cell(0)

`self.turn` is a read and `self.turn = 1` a write, so `self.turn += 1` is two steps. An atomic cell has methods, each
of which is one step. What answers an access is the world that the lock is in: a script, memory that processes share,
or a gate before that memory. Everything that is not a cell is the private memory of one process.
"""

import operator
from collections.abc import Iterator
from typing import Generic, Literal, NamedTuple, Protocol, TypeAlias, TypeVar

from booking.errors import BadInputError

Value: TypeAlias = int | bool | None
"""What a cell holds; an int takes 62 bits."""
Kind: TypeAlias = Literal["read", "write", "get", "set", "swap", "add", "compare and swap", "fence"]
T = TypeVar("T", bound=Value)

_LARGEST = 1 << 61
_WORLD = "_world"
_TAG_BITS = 2
_BOOL, _NONE = 1, 2


class Access(NamedTuple):
    """One access: which cell, what is done, and with which values.

    `name` is the cell's, "" for a fence, and `at` counts the cells of a `Cells` from 0; it is 0 for a `Cell`.
    `value` is what is written, added or swapped in. `other` is what a compare and swap expects, and the modulus of an
    addition, None for none.
    """

    kind: Kind
    name: str = ""
    at: int = 0
    value: Value = None
    other: Value = None


class World(Protocol):
    """What answers the accesses of one process; `buyers` is how many processes share its cells."""

    buyers: int

    def access(self, access: Access) -> Value:
        """Make the access, one step, and return what the process is told: the old value, or whether it swapped."""


def pack(value: object) -> int:
    """Return the 64 bits of a value; raise TypeError or OverflowError if a cell cannot hold it."""
    if value is None:
        return _NONE
    if isinstance(value, bool):
        return value << _TAG_BITS | _BOOL
    if not isinstance(value, int):
        raise TypeError(f"a cell holds an int, a bool or None, not {value!r:.60}")
    if not -_LARGEST <= value < _LARGEST:
        raise OverflowError(f"a cell holds 62 bits, which is too little for {value:.0f}")
    return int(value) << _TAG_BITS


def unpack(bits: int) -> Value:
    """Return the value that these 64 bits stand for."""
    tag = bits & 3
    return bits >> _TAG_BITS if not tag else None if tag == _NONE else bool(bits >> _TAG_BITS)


def apply(access: Access, old: int) -> tuple[int, Value]:
    """Return what a cell holds after an access, packed, and what the process is told; `old` is what it held."""
    match access.kind:
        case "read" | "get":
            return old, unpack(old)
        case "write" | "set":
            return pack(access.value), None
        case "swap":
            return pack(access.value), unpack(old)
        case "add":
            before = unpack(old)
            if before is None:
                raise TypeError(f"{access.name} holds None, to which nothing can be added")
            total = before + operator.index(access.value)  # type: ignore[arg-type]
            return pack(total if access.other is None else total % access.other), before
        case "compare and swap":
            same = old == pack(access.other)
            return (pack(access.value), True) if same else (old, False)
    return old, None


def access_text(access: Access, cell: str, told: int) -> str:
    """Return an access in words, by the packed value that it returned: "read turn: 1", "turn = 1", "add tail: 0"."""
    if access.kind in {"write", "set"}:
        return f"{cell} = {access.value}"
    return f"{access.kind} {cell}: {unpack(told)}" if cell else access.kind


class _Shared(Generic[T]):
    """What all kinds of cells have in common: the first value, and the name in the class."""

    def __init__(self, first: T) -> None:
        pack(first)
        self.first = first
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name


class Cell(_Shared[T]):
    """One shared variable: reading it is a step, and writing it is a step."""

    def __get__(self, lock: object, owner: type) -> T:
        return self if lock is None else world_of(lock).access(Access("read", self.name))  # type: ignore[return-value]

    def __set__(self, lock: object, value: T) -> None:
        world_of(lock).access(Access("write", self.name, 0, value))


class _Fixed(_Shared[T]):
    """Cells that are touched by an index or a method, so that nothing can be assigned to their name."""

    remedy = ""

    def __set__(self, lock: object, value: object) -> None:
        raise AttributeError(f"{self.name} is shared by all processes and stays; write {self.remedy % self.name}")


class Cells(_Fixed[T]):
    """One shared variable for each process: `self.flag[k]` is a step, and `self.flag[k] = True` is a step."""

    remedy = "self.%s[k] = ..."

    def __get__(self, lock: object, owner: type) -> "Row[T]":
        return self if lock is None else Row(world_of(lock), self.name)  # type: ignore[return-value]


class _Seen:
    """Several cells as one process sees them."""

    __slots__ = ("_world", "name")

    def __init__(self, world: World, name: str) -> None:
        self._world = world
        self.name = name

    def __len__(self) -> int:
        return self._world.buyers

    def _place(self, index: int) -> int:
        place, size = operator.index(index), self._world.buyers
        if not -size <= place < size:
            raise IndexError(f"there is no {self.name}[{place}]; there are {self.name}[0] to {self.name}[{size - 1}]")
        return place % size


class Row(_Seen, Generic[T]):
    """The cells of a `Cells` as one process sees them; each item that is read is one step."""

    __slots__ = ()

    def __getitem__(self, index: int) -> T:
        return self._world.access(Access("read", self.name, self._place(index)))  # type: ignore[return-value]

    def __setitem__(self, index: int, value: T) -> None:
        self._world.access(Access("write", self.name, self._place(index), value))


class AtomicCell(_Fixed[T]):
    """One shared variable with atomic operations, each of which is one step."""

    remedy = "self.%s.set(...)"

    def __get__(self, lock: object, owner: type) -> "Atom[T]":
        return self if lock is None else Atom(world_of(lock), self.name, 0)  # type: ignore[return-value]


class AtomicCells(_Fixed[T]):
    """One atomic cell for each process: `self.slot[k].swap(True)` is one step."""

    remedy = "self.%s[k].set(...)"

    def __get__(self, lock: object, owner: type) -> "AtomicRow[T]":
        return self if lock is None else AtomicRow(world_of(lock), self.name)  # type: ignore[return-value]


class AtomicRow(_Seen, Generic[T]):
    """The cells of an `AtomicCells` as one process sees them; to pick one is no step."""

    __slots__ = ()

    def __iter__(self) -> Iterator["Atom[T]"]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> "Atom[T]":
        return Atom(self._world, self.name, self._place(index))

    def __setitem__(self, index: int, value: object) -> None:
        raise TypeError(f"write self.{self.name}[k].set(...)")


class Atom(Generic[T]):
    """One atomic cell as one process sees it."""

    __slots__ = ("_world", "index", "name")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, world: World, name: str, index: int) -> None:
        self._world = world
        self.name = name
        self.index = index

    def get(self) -> T:
        """Return the value."""
        return self._world.access(Access("get", self.name, self.index))  # type: ignore[return-value]

    def set(self, value: T) -> None:
        """Replace the value."""
        self._world.access(Access("set", self.name, self.index, value))

    def swap(self, value: T) -> T:
        """Replace the value; return the old one."""
        return self._world.access(Access("swap", self.name, self.index, value))  # type: ignore[return-value]

    def add(self, k: int, modulo: int | None = None) -> int:
        """Add `k`, and keep the remainder if a modulus is given; return the old value."""
        return self._world.access(Access("add", self.name, self.index, k, modulo))  # type: ignore[return-value]

    def compare_and_swap(self, expected: T, value: T) -> bool:
        """Replace the value if it is the expected one; return whether it was."""
        return bool(self._world.access(Access("compare and swap", self.name, self.index, value, expected)))

    def __bool__(self) -> bool:
        raise TypeError(f"{self.name} is an atomic cell; read its value by {self.name}.get()")

    def __eq__(self, other: object) -> bool:
        return bool(self)


_current: list[World] = []


def fence() -> None:
    """Wait until all earlier writes of this process are visible to the others: one step.

    It makes a difference with `--memory tso` only, where writes wait in a store buffer.
    """
    if not _current:
        raise BadInputError("fence() belongs into the acquire and release of a lock that runs in a world")
    _current[-1].access(Access("fence"))


enter, leave = _current.append, _current.pop
"""Let `fence()` find this world of this process, until it is left."""


def new_lock(kind: type, world: World) -> object:
    """Return a lock of this class in a world; `self.n` and the cells are there in its `__init__`.

    Raise BadInputError if the class cannot be made without arguments, or has no room for attributes.
    """
    lock: object = object.__new__(kind)
    try:
        vars(lock).update(in_world(world), n=world.buyers)
        kind.__init__(lock)  # type: ignore[misc]
    except TypeError as error:
        raise BadInputError(f"{kind.__name__}() cannot be made: {error}; a lock takes no arguments") from None
    return lock


def in_world(world: World) -> dict[str, object]:
    """Return the attribute that puts a lock into a world."""
    return {_WORLD: world}


def private_memory(lock: object) -> dict[str, object]:
    """Return the attributes of a lock that are no cells: the private memory of its process."""
    return {name: value for name, value in vars(lock).items() if name != _WORLD}


def cells_in(kind: type, buyers: int) -> dict[tuple[str, int], int]:
    """Return the first value of every cell of a lock, packed, by its name and index, in the order of the class."""
    declared = {name: cell for owner in reversed(kind.__mro__) for name, cell in vars(owner).items()}
    return {
        (name, index): pack(cell.first)
        for name, cell in declared.items()
        if isinstance(cell, _Shared)
        for index in range(buyers if isinstance(cell, Cells | AtomicCells) else 1)
    }


def cell_text(kind: type, name: str, index: int) -> str:
    """Return how a cell is written in the lock's own code: flag[0], or turn."""
    return f"{name}[{index}]" if isinstance(getattr(kind, name), Cells | AtomicCells) else name


def world_of(lock: object) -> World:
    """Return the world that a lock is in; raise BadInputError if it is in none."""
    try:
        return vars(lock)[_WORLD]  # type: ignore[no-any-return]
    except KeyError:
        raise BadInputError(
            f"{type(lock).__name__} is in no world, so its cells have no memory; run it by `booking grade FILE`, "
            "`booking run --lock FILE` or prove()"
        ) from None
