"""Learning a buyer's code and minimising it: small, whole, or honestly cut."""

from functools import partial

import pytest

from booking.explorer import automaton as automata
from booking.explorer.automaton import MOST_STEPS, UNEXPLORED, Automaton, learn
from booking.model.operation import Operation
from booking.model.scripted_desk import Program
from booking.model.shared_state import COUNT, shared_in
from booking.purchase import Desk, Outcome, buy, purchase
from booking.scenario import Scenario


def learned(program: Program, **options: object) -> Automaton:
    scenario = Scenario(**options)  # type: ignore[arg-type]
    return learn([program], shared_in(scenario), scenario.buyers)


def asked(automaton: Automaton) -> list[str]:
    """Return what each local state but the cut one asks for or ends as, in order."""
    states = (state.next for number, state in enumerate(automaton.states) if number != UNEXPLORED)
    return sorted(state.step if isinstance(state, Operation) else str(state) for state in states)


def test_what_a_buyer_saw_when_it_only_looked_multiplies_nothing() -> None:
    """A purchase without a lock has five local states: look, read, write, and its two ends."""
    assert asked(learned(purchase, buyers=2)) == ["bought", "look", "read", "sold out", "write"]


def test_a_torn_read_adds_its_end_and_a_lock_the_ways_out() -> None:
    """In place and with a lock a buyer gives the lock back in three ways: bought, sold out, torn."""
    steps = ["acquire", "bought", "look", "read", *["release"] * 3, "sold out", "torn read", "truncate", "write"]
    assert asked(learned(purchase, buyers=2, lock="mp", store="inplace")) == steps


def test_the_values_are_those_that_can_occur() -> None:
    """Two buyers write at most twice, so of a million tickets three counts matter; torn only where it can be."""
    assert learned(buy, buyers=2, tickets=10**6).values == {COUNT: (10**6, 10**6 - 1, 10**6 - 2)}
    assert learned(buy, buyers=9, tickets=2).values == {COUNT: (2, 1, 0)}
    assert learned(buy, buyers=9, tickets=1, store="inplace").values == {COUNT: (1, "torn", 0)}


def test_different_programs_share_what_they_have_in_common() -> None:
    """One that looks first and one that only buys differ in the look alone; each has its own root."""
    shared = shared_in(Scenario(2))
    together = learn([purchase, buy], shared, 2)

    assert len(together.states) == len(learn([purchase], shared, 2).states)
    assert [together.states[root].next.step for root in together.roots] == ["look", "read"]  # type: ignore[union-attr]


def test_heights_fall_along_every_answer() -> None:
    """The height is the longest way to an end: look, acquire, read, write, release take five steps."""
    automaton = learned(purchase, buyers=3, lock="file")

    assert automaton.states[automaton.roots[0]].height == 5
    assert all(
        automaton.states[after].height < state.height for state in automaton.states for after in state.after.values()
    )


def count_up(desk: Desk) -> Outcome:
    """Write ever larger numbers."""
    while True:
        desk.write(desk.read() + 1)


def look_for_ever(desk: Desk) -> Outcome:
    """Never do anything else."""
    while True:
        desk.look()


def test_code_that_never_comes_back_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Learning ends after a bounded number of runs, and the automaton says that it is not whole."""
    monkeypatch.setattr(automata, "MOST_RUNS", 4_000)
    automaton = learned(count_up, buyers=3)

    assert not automaton.is_whole
    assert max(state.height for state in automaton.states) <= MOST_STEPS + 1


def test_a_loop_closes() -> None:
    """Code that is where it was before needs no new local state."""
    automaton = learned(look_for_ever, buyers=3)

    assert automaton.is_whole
    assert asked(automaton) == ["look"]


def wait_for(tries: int, desk: Desk) -> Outcome:
    """Look until nothing is left, so many times at most."""
    return Outcome.SOLD_OUT if any(desk.look() == 0 for _ in range(tries)) else Outcome.BOUGHT


@pytest.mark.parametrize(("tries", "is_whole"), [(MOST_STEPS, True), (MOST_STEPS + 1, False)])
def test_the_longest_code_that_is_followed(tries: int, is_whole: bool) -> None:  # noqa: FBT001
    """A buyer is followed for 64 steps: with one more it is cut."""
    assert learned(partial(wait_for, tries), buyers=2).is_whole is is_whole
