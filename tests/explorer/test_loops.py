"""Closing loops is sound: what the automaton says after any list of answers is what the code itself does."""

from collections.abc import Callable, Iterator
from random import Random

import pytest
from labelled import anomalies, key_of, sold

from booking.errors import BadInputError, TornReadError
from booking.explorer import Program, World, automaton, explore
from booking.explorer.automaton import UNEXPLORED, Automaton, learn
from booking.model import watchdog
from booking.model.local_state import plain_codes
from booking.model.operation import Operation
from booking.model.scripted_desk import Results, Runner
from booking.model.shared_state import Shared, shared_in
from booking.purchase import Desk, Outcome, purchase
from booking.registry import protection_of
from booking.scenario import Scenario

MOST_HISTORIES = 250
DEPTH = 7
SETUPS = [("none", "json"), ("mp", "json"), ("none", "inplace"), ("mp", "inplace")]


class _Author:
    """Writes a small program at random: loops, half expressions on the evaluation stack, errors, and hidden state."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.is_plain = seed % 3 > 0

    def program(self) -> str:
        """Return the source of `program` and of what it calls."""
        body = "\n".join(self.block("    ", 0))
        helper = "def helper(desk, n):\n    if desk.read() > n:\n        return n\n    return desk.look()\n"
        start = "def program(desk):\n    n = 0\n    m = 1\n"
        return f"memory = []\n{helper}\n{start}{body}\n    return Outcome.SOLD_OUT\n"

    def block(self, indent: str, depth: int) -> Iterator[str]:
        """Yield one to three statements."""
        for _ in range(self.random.randint(1, 3)):
            yield from self.statement(indent, depth)

    def statement(self, indent: str, depth: int) -> Iterator[str]:
        """Yield the lines of one statement."""
        kinds: list[Callable[[], list[str]]] = [
            lambda: [f"n = {self.value()}"],
            lambda: [f"m = {self.value()}"],
            lambda: [f"desk.write({self.value()} % 3)"],
            lambda: ["desk.look()"],
            lambda: ["if desk.swap(n % 3, m % 3):", "    return Outcome.BOUGHT"],
            lambda: [f"if {self.test()}:", "    return Outcome.BOUGHT"],
            lambda: [f"while {self.test()}:", "    pass"],
            lambda: ["m = n" if self.is_plain else "memory.append(1)"],
        ]
        if self.is_plain:
            number = self.random.randint(0, 2)
            kinds += [
                lambda: [f"while desk.read() != {number}:", "    pass"],
                lambda: [f"while not desk.swap({number}, m % 3):", "    desk.look()"],
                lambda: ["while True:", "    n = desk.read()", "    if n < 1:", "        return Outcome.SOLD_OUT",
                         "    if desk.swap(n, n - 1):", "        return Outcome.BOUGHT"],
                lambda: ["while True:", "    n = desk.read()", f"    desk.write({number})",
                         f"    if desk.read() == {self.random.randint(0, 2)}:", "        break"],
                lambda: ["while True:", f"    if desk.look() > {number}:", f"        if {self.test()}:",
                         "            return Outcome.BOUGHT", "        desk.write(m % 3)"],
            ]  # fmt: skip
        if depth < 2:
            inner = lambda: [f"    {line}" for line in self.block("", depth + 1)]  # noqa: E731
            kinds += [
                lambda: [f"while {self.test()}:", *inner()],
                lambda: ["while True:", *inner(), f"    if {self.test()}:", "        break"],
                lambda: [f"if {self.test()}:", *inner(), "else:", *inner()],
                lambda: ["with desk.lock:", *inner()],
                lambda: [f"for m in range({self.random.randint(1, 3)}):", *inner()],
                lambda: ["try:", *inner(), "except TornReadError:", *inner()],
                lambda: ["try:", *inner(), "finally:", *inner()],
                lambda: ["while True:", "    try:", *(f"    {line}" for line in inner()), "    finally:",
                         f"        {self.random.choice(['break', 'continue', 'return Outcome.SOLD_OUT'])}"],
                lambda: ["try:", "    n = n // (desk.read() - 1)", "except ZeroDivisionError:", *inner()],
                lambda: ["try:", *inner(), "except:", *inner()],
            ]  # fmt: skip
        for line in self.random.choice(kinds)():
            yield indent + line

    def value(self) -> str:
        """Return an expression of which a part may wait on the evaluation stack for a step."""
        if self.is_plain or self.random.random() < 0.7:
            return self.random.choice(
                ["desk.read()", "n", "m", "1", "(n + 1) % 3", "m + desk.read()", "helper(desk, n)"]
            )
        return self.random.choice(
            ["desk.read()", "n", "m", "1", "n + 1", "(n + 1) % 3", "desk.read() - desk.read()", "n + desk.read()",
             "desk.read() * 2 + desk.look()", "max(desk.read(), desk.read())", "helper(desk, n)", "n + helper(desk, m)",
             "sum(desk.read() for _ in range(2))", "[desk.read(), desk.look()][1]", "(desk.read(), n)[0]",
             "(lambda: desk.read())()", "len([desk.read() for _ in range(2)])",
             "sum(map(lambda k: desk.read(), (1, 2)))",
             "max((1, 2), key=lambda k: desk.read())", "int(desk.read() == desk.read() == 1)"]
        )  # fmt: skip

    def test(self) -> str:
        """Return a condition."""
        left = self.value()
        return self.random.choice(
            [f"{left} > 0", f"{left} != 2", f"{left} < m", "n < 2", f"n == {left}", f"not {left}"]
        )


def written(seed: int) -> Program:
    """Return the program with this number."""
    names: dict[str, object] = {"Outcome": Outcome, "TornReadError": TornReadError}
    exec(compile(_Author(seed).program(), f"program {seed}", "exec"), names)  # noqa: S102 - written just above
    return names["program"]  # type: ignore[return-value]


def histories(learned: Automaton, depth: int) -> Iterator[tuple[Results, int]]:
    """Yield lists of answers, the short ones first, with the local state that the automaton says they lead to."""
    waiting: list[tuple[Results, int]] = [((), learned.roots[0])]
    for answers, number in waiting:  # the list grows while it is read
        yield answers, number
        if len(answers) < depth and len(waiting) < MOST_HISTORIES:
            waiting += [((*answers, answer), after) for answer, after in learned.states[number].after.items()]


def require_same_futures(program: Program, shared: Shared, depth: int = DEPTH) -> bool:
    """Compare the automaton with the code after every list of answers; return whether it has a loop."""
    learned, runner = learn([program], shared, 2), Runner(program, shared)
    for answers, number in histories(learned, depth):
        if number == UNEXPLORED:
            continue
        state, found = learned.states[number], runner.after(answers)
        assert (state.next, state.begun, state.held) == (found.next, found.written > 0, found.held), answers
    heights = [state.height for state in learned.states]
    return any(heights[after] == state.height for state in learned.states for after in state.after.values())


def require_what_worlds_show(program: Program, scenario: Scenario) -> None:
    """Walk the worlds of numbered buyers with all that they were answered: no end is missing in the exploration."""
    found = explore(scenario, program=program, max_states=3000)
    worlds, seen = [World.before(scenario, program)], set()
    for world in worlds:  # the list grows while it is read
        if not world.movable() and found.exhausted:
            assert sold(world) in found.sold
            assert set(anomalies(world, scenario.tickets)) <= set(found.anomalies)
        for buyer in world.movable() if len(worlds) < MOST_HISTORIES else ():
            after = world.move(buyer)[0]
            if key_of(after) not in seen:
                seen.add(key_of(after))
                worlds.append(after)


@pytest.mark.often(times=50)
def test_random_programs_do_what_their_automata_say(times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a value on the evaluation stack nor an iterator, an error being handled or a list is overlooked."""
    monkeypatch.setattr(watchdog, "LIMIT_S", 0.05)
    monkeypatch.setattr(automaton, "MOST_RUNS", 300)
    loops = refused = 0
    for seed in range(times):
        program, (lock, store) = written(seed), SETUPS[seed % 4]
        scenario = Scenario(2, 1, lock, store)
        try:
            loops += require_same_futures(program, shared_in(scenario))
            require_what_worlds_show(program, scenario)
        except BadInputError:  # it takes no step, or writes what it cannot
            refused += 1
        except AssertionError as error:
            raise AssertionError(f"seed {seed}, {lock}, {store}:\n{_Author(seed).program()}") from error
    assert loops >= times // 5, "the trial has to close loops"
    assert refused < times // 2, "the trial has to explore programs"


OURS = [protection_of(Scenario(2, lock=lock)).program for lock in ("cas", "cas-naive")]


def swaps(desk: Desk) -> Outcome:
    """Keep the left half of a sum on the evaluation stack."""
    while desk.read() + desk.read() * 2 != 3:
        pass
    return Outcome.BOUGHT


@pytest.mark.parametrize("program", [purchase, OURS[0], OURS[1], swaps])
def test_programs_of_note(program: Program) -> None:
    """Our own programs, and one that position and variables alone would get wrong."""
    require_same_futures(program, shared_in(Scenario(2, 2)), depth=9)


def test_half_an_expression_is_not_forgotten() -> None:
    """Ten times the first answer and the second: of 0 and 1 there are four sums, where place and variables see two."""

    def program(desk: Desk) -> Outcome:
        total = desk.read() * 10 + desk.read()
        desk.write(total)
        return Outcome.BOUGHT

    runner = Runner(program, shared_in(Scenario(2)))
    assert {runner.after((one, two)).next for one in (0, 1) for two in (0, 1)} == {
        Operation(runner.after((0, 0)).next.step, "count", total)  # type: ignore[union-attr]
        for total in (0, 1, 10, 11)
    }
    assert explore(Scenario(2, 1), program=program).exhausted
    require_same_futures(program, shared_in(Scenario(2)))


TRIES = [0]


def keeps_a_list(desk: Desk) -> Outcome:
    seen: list[int] = []
    while desk.read() != 3:
        seen.append(1)
    return Outcome.BOUGHT


def changes_a_global(desk: Desk) -> Outcome:
    while desk.read() != 3:
        TRIES[0] += 0
    return Outcome.BOUGHT


def keeps_it_on_the_desk(desk: Desk) -> Outcome:
    desk.tries = 0  # type: ignore[attr-defined]
    while desk.read() != 3:
        desk.tries += 1  # type: ignore[attr-defined]
    return Outcome.BOUGHT


def asks_in_a_generator(desk: Desk) -> Outcome:
    return Outcome.BOUGHT if any(desk.read() == 3 for _ in iter(int, 1)) else Outcome.SOLD_OUT


def is_called_back(desk: Desk) -> Outcome:
    return Outcome.BOUGHT if max((1, 2), key=lambda _: desk.read()) else Outcome.SOLD_OUT


@pytest.mark.parametrize(
    "program", [keeps_a_list, changes_a_global, keeps_it_on_the_desk, asks_in_a_generator, is_called_back]
)
def test_what_could_hide_state_is_not_trusted(program: Program) -> None:
    """Such code is not vouched for, so none of its loops is closed."""
    assert not plain_codes(program)
    assert not require_same_futures(program, shared_in(Scenario(2)))
