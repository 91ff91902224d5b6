"""Closing loops is sound: random locks do, along random ways, what their states say, and break in as few steps."""

from collections.abc import Callable, Iterator
from random import Random
from time import monotonic

import pytest

from booking import cells
from booking.cells import Access, Value
from booking.errors import BadInputError
from booking.grading import prove
from booking.grading.product import Limits, Product
from booking.grading.proof import own_lock

DEPTH = 9
WALKS = 6
LONG = 150


class Author:
    """Writes a small lock at random, with whatever could hide a state from somebody who looks at variables only."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.names = 0
        self.loops: list[str] = []

    def lock(self) -> type:
        """Return the class."""
        names: dict[str, object] = {}
        exec(compile(self.source(), "<random>", "exec"), names)  # noqa: S102 - our own text
        kind = names["Lock"]
        assert isinstance(kind, type)
        return kind

    def source(self) -> str:
        """Return the text of the class."""
        self.random.seed(self.random.random())
        lines = [
            "from booking import AtomicCell, Cell, Cells",
            "LIMIT = 2",
            "PAIR = (1, 2)",
            "class Lock:",
            "    a = Cell(0)",
            "    f = Cells(0)",
            "    t = AtomicCell(0)",
            "    def __init__(self):",
            "        self.p = 0",
            "    def wait(self, v):",
            "        while self.a == v:",
            "            pass",
            "        return self.a",
            "    def two(self, v, w):",
            "        w = v + self.a * w",
            "        return w % 3",
            "    def each(self):",
            "        for k in range(self.n):",
            "            yield self.f[k]",
            "    def acquire(self, me):",
            "        x = y = 0",
            *self.block("        ", 0),
            "    def release(self, me):",
            "        x = y = 0",
            *self.block("        ", 1),
        ]
        return "\n".join(lines) + "\n"

    def block(self, indent: str, depth: int) -> list[str]:
        """Return one to three statements."""
        return [line for _ in range(self.random.randint(1, 3)) for line in self.statement(indent, depth)]

    def statement(self, indent: str, depth: int) -> Iterator[str]:
        """Yield the lines of one statement."""
        name = self.random.choice("xy")
        kinds: list[Callable[[], list[str]]] = [
            lambda: [f"{name} = {self.value()} % 3"],
            lambda: [f"self.a = {self.value()} % 3"],
            lambda: [f"self.f[{self.index()}] = {self.value()} % 3"],
            lambda: [f"self.p = {self.value()} % 3"],
            lambda: [f"self.t.set({self.value()} % 3)"],
            lambda: [f"while {self.shared()} {self.comparison()}:", "    pass"],
            lambda: [f"while {self.shared()} {self.comparison()} and {self.shared()} {self.comparison()}: pass"],
            lambda: [f"if {self.test()}: {name} = {self.value()} % 3"],
            lambda: [f"{name} = self.t.add(1, modulo=3)"],
            lambda: [f"while not self.t.compare_and_swap({self.value()} % 3, {self.value()} % 3):", "    pass"],
            lambda: [f"{name} = [self.a, x][1] + self.two({self.value()}, {self.shared()}) % 3"],
            lambda: [f"{name}, {self.random.choice('xy')} = {self.shared()}, {self.value()} % 3"],
            lambda: [f"if {self.test()}: return"],
            lambda: [f"z = [{self.value()}, 1]", f"{name} = z[0] % 3"],
            lambda: ["for q in self.each():", f"    {name} = (q + {name}) % 3"],
            lambda: ["for q in self.f:", f"    while {self.shared()} {self.comparison()}:", f"        {name} = q"],
            lambda: [f"g = (k * {name} for k in range(3) if self.f[me] != k)", f"{name} = sum(g) % 3"],
            lambda: ["try:", f"    {name} = 1 // {self.shared()}", "except ZeroDivisionError:", *self.inner(depth)],
            lambda: [f"{name} = (lambda v: v + self.a)({self.value()}) % 3"],
        ]
        if depth < 2:
            kinds += [
                lambda: [f"while {self.test()} and {self.shared()} {self.comparison()}:", *self.inner(depth)],
                lambda: [f"if {self.test()}:", *self.inner(depth), "else:", *self.inner(depth)],
                lambda: self.loop(depth),
                lambda: self.loop(depth),
            ]
        yield from (indent + line for line in self.random.choice(kinds)())

    def loop(self, depth: int) -> list[str]:
        """Return a loop over a range, whose variable may be assigned in it."""
        name = f"k{depth}"
        self.loops.append(name)
        body = self.inner(depth)
        self.loops.pop()
        if not self.random.randrange(6):
            body.append(f"    {name} = {self.shared()}")
        return [f"for {name} in range({self.random.choice(['self.n', '1 + x % 2', '2', '1 + self.a % 2'])}):", *body]

    def inner(self, depth: int) -> list[str]:
        """Return a block that is indented once more."""
        return ["    " + line for line in self.block("", depth + 1)]

    def index(self) -> str:
        """Return the index of a cell."""
        return self.random.choice(["me", "1 - me", "x % 2", *(f"{name} % 2" for name in self.loops)])

    def comparison(self) -> str:
        """Return what a value is compared with."""
        return f"{self.random.choice(['==', '!=', '<'])} {self.random.choice(['0', '1', '2', 'me', 'y', 'LIMIT'])}"

    def shared(self) -> str:
        """Return an expression that makes an access."""
        return self.random.choice(
            [
                "self.a",
                f"self.f[{self.index()}]",
                "self.t.get()",
                "self.t.swap(x % 3)",
                "max(self.f)",
                "max(self.f[k] for k in range(self.n))",
                "any(self.f[k] > y for k in range(self.n) if k != me)",
                "sum([self.f[k] for k in range(self.n)])",
                "(self.a + self.f[me])",
                "(self.a - self.a) * x + self.a",
                "self.wait(1)",
                "self.two(self.a, self.a)",
                "(x := self.a)",
                "max(map(lambda v: v + x, self.f))",
                "len([1 for v in self.f if v])",
            ]
        )

    def value(self) -> str:
        """Return any expression."""
        more = [self.shared(), f"x + {self.shared()}", f"({self.shared()} if {self.test()} else y)", *self.loops]
        return self.random.choice(["0", "1", "2", "x", "y", "me", "self.p", "(x + y)", "PAIR[x % 2]", *more])

    def test(self) -> str:
        """Return a condition."""
        return self.random.choice(["x > y", "self.p == me", f"{self.shared()} {self.comparison()}", "x == 0", "not y"])


class Stopped(BaseException):
    """The world has no further answer."""


class Replaying:
    """A world that knows nothing of states: it answers from a list, and notes what it was asked for."""

    buyers = 2

    def __init__(self, told: tuple[Value | None, ...]) -> None:
        self.told = told
        self.asked: list[Access] = []

    def access(self, access: Access) -> Value:
        """Answer, or stop."""
        self.asked.append(access)
        if len(self.asked) > len(self.told):
            raise Stopped
        return self.told[len(self.asked) - 1]


def whole_history(kind: type, me: int, told: tuple[Value, ...]) -> tuple[list[Access], str]:
    """Return what a buyer asks for in turn when it is told this, and whether it is inside then, or how it failed."""
    world = Replaying(told)
    lock = cells.new_lock(kind, world)
    inside = False
    try:
        for _ in range(200):
            lock.acquire(me)  # type: ignore[attr-defined]
            inside = inside or len(world.asked) == len(told)  # even if it is out and in again without an access
            lock.release(me)  # type: ignore[attr-defined]
    except Stopped:
        return world.asked, "inside" if inside else "outside"
    except Exception as error:  # noqa: BLE001 - what a random lock raises
        return world.asked, type(error).__name__
    return world.asked, "inside"  # again and again, without asking for anything


def fewest_steps(kind: type, depth: int) -> int | None:
    """Return after how many accesses two can be inside, by whole histories; None if it takes more than `depth`."""
    first = cells.cells_in(kind, 2)
    frontier = {(((), ()), tuple(first.items()))}
    for steps in range(depth + 1):
        behind = set()
        for told, held in frontier:
            memory = dict(held)
            asks = [whole_history(kind, me, told[me]) for me in range(2)]
            if all(state == "inside" for _, state in asks):
                return steps
            for me, (asked, state) in enumerate(asks):
                if len(asked) <= len(told[me]) or state not in {"inside", "outside"}:
                    continue
                access = asked[-1]
                place = access.name, access.at
                bits, answer = cells.apply(access, memory[place])
                more = (*told[me], answer)
                pair = (more, told[1]) if me == 0 else (told[0], more)
                behind.add((pair, tuple((memory | {place: bits}).items())))
        frontier = behind
    return None


def check(kind: type, random: Random) -> bool:
    """Compare the states of a lock with whole histories along random ways; return whether they are finitely many."""
    product = Product(own_lock(kind), 2, "sc")
    with product.watched():
        product.explore(Limits(monotonic() + 5, 1000, 1 << 18))
    for _ in range(WALKS):
        state, told, asked, last = 0, ((), ()), ([], []), 0
        for _ in range(LONG):
            ways = [me for me, behind in enumerate(product.behind(state)) if behind >= 0]
            if not ways:
                break
            last = random.choice(ways)
            stop = product.buyers[last].locals[product.place(last, state).local].stop
            if stop.access is not None:
                place = product.cells.index((stop.access.name, stop.access.at))
                answer = cells.apply(stop.access, cells.pack(product.cell_values(state)[place]))[1]
                told = tuple((*told[me], answer) if me == last else told[me] for me in range(2))
                asked[last].append(stop.access)
            state = product.behind(state)[last]
        for me in range(2):
            found, how = whole_history(kind, me, told[me])
            stop = product.buyers[me].locals[product.place(me, state).local].stop
            assert found[: len(asked[me])] == asked[me]
            if stop.access is not None:
                assert found[len(asked[me]) :] == [stop.access]
            if stop.error:
                assert how in stop.error
    return not (product.cut or product.lost)


@pytest.mark.often(times=60)
def test_random_locks_do_what_their_states_say(times: int) -> None:
    """Along long random ways the code asks for what its local states ask for, whatever it hides; and loops do close."""
    closed = 0
    for seed in range(times):
        random = Random(seed)
        source = Author(seed).source()
        try:
            closed += check(Author(seed).lock(), random)
        except BadInputError:
            continue
        except AssertionError as error:
            raise AssertionError(f"seed {seed}:\n{source}") from error
    assert closed > times / 4


@pytest.mark.often(times=20)
def test_random_locks_break_in_as_few_steps_as_by_whole_histories(times: int) -> None:
    """No lock is said to hold that breaks within the depth, and the shortest witness is as short."""
    broken = 0
    for seed in range(times):
        kind = Author(seed).lock()
        try:
            proof = prove(kind, seconds=3, states=1000)
        except BadInputError:
            continue
        fewest = fewest_steps(kind, DEPTH)
        broken += fewest is not None
        found = proof.steps if proof.steps is not None and proof.steps <= DEPTH else None
        assert found == fewest, f"seed {seed}:\n{Author(seed).source()}"
    assert broken > times / 5
