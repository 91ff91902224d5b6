"""The scripted desk: plain code answers what it would do next, and is not disturbed by being stopped."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from booking.errors import BadInputError, TornReadError
from booking.locks import LockFacts, Reach
from booking.model import watchdog
from booking.model.operation import Operation
from booking.model.scripted_desk import Continuation, Program, Runner
from booking.model.shared_state import COUNT, LOCK, Shared
from booking.purchase import Desk, Outcome, purchase
from booking.steps import Step

ONE_INSIDE = LockFacts(permits=1, freed_when_holder_dies=True, reach=Reach.MACHINE)
NOBODY_STOPPED = LockFacts(permits=None, freed_when_holder_dies=True, reach=Reach.NOWHERE)
IN_PLACE = (Step.TRUNCATE, Step.WRITE)


def shared(
    facts: LockFacts = ONE_INSIDE, write_steps: tuple[Step, ...] = (Step.WRITE,), *, private: bool = False
) -> Shared:
    return Shared({COUNT: 1}, {LOCK: facts}, write_steps, private)


def script_of(program: Program, world: Shared, answers: tuple[int | str | None, ...]) -> list[str]:
    """Return everything that the code asks for while it is answered like this, and how it ends."""
    return script_of_runner(Runner(program, world), answers)


def script_of_runner(code: Runner, answers: tuple[int | str | None, ...]) -> list[str]:
    """Return the same for code that may have been run before."""
    points = [code.after(answers[:length]) for length in range(len(answers) + 1)]
    return [p.next.step if isinstance(p.next, Operation) else p.next for p in points]


@pytest.mark.parametrize(
    ("world", "answers", "asked"),
    [
        pytest.param(shared(), (1, None, 1, None, None), "look acquire read write release bought", id="bought"),
        pytest.param(shared(), (1, None, 0, None), "look acquire read release sold out", id="sold-out"),
        pytest.param(shared(), ("torn",), "look torn read", id="torn-look"),
        pytest.param(shared(), (1, None, "torn", None), "look acquire read release torn read", id="torn-read"),
        pytest.param(shared(NOBODY_STOPPED), (1, 1, None), "look read write bought", id="no-lock"),
        pytest.param(
            shared(write_steps=IN_PLACE),
            (1, None, 1, None, None, None),
            "look acquire read truncate write release bought",
            id="in-place",
        ),
    ],
)
def test_the_steps_of_a_purchase(world: Shared, answers: tuple[int | str | None, ...], asked: str) -> None:
    """The steps are exactly those of the design; a torn read gives the lock back, and paying is no step."""
    assert " ".join(script_of(purchase, world, answers)) == asked


def test_what_a_death_leaves_behind() -> None:
    """A buyer holds the lock from the end of acquire to the end of release, and has begun once it has truncated."""
    code = Runner(purchase, shared(write_steps=IN_PLACE))
    answers = (1, None, 1, None, None, None)

    points = [code.after(answers[:length]) for length in range(len(answers) + 1)]

    assert [point.held for point in points] == [(), (), (LOCK,), (LOCK,), (LOCK,), (LOCK,), ()]
    assert [point.written for point in points] == [0, 0, 0, 0, 1, 2, 2]


def test_the_way_out_changes_nothing() -> None:
    """Steps in `finally` and the end of `with` are not taken while the code is unwound."""
    asked = []

    def tidy(desk: Desk) -> Outcome:
        try:
            with desk.lock:
                desk.read()
        finally:
            asked.append("finally")
            desk.write(5)
        return Outcome.BOUGHT

    assert Runner(tidy, shared()).after((None,)) == Continuation(Operation(Step.READ, COUNT), 0, (LOCK,))
    assert set(asked) == {"finally"}


@pytest.mark.parametrize("caught", [Exception, BaseException])
def test_code_that_catches_everything_is_stopped_all_the_same(caught: type[BaseException]) -> None:
    """The first step beyond the script counts, even if the code goes on after it or fails because of it."""

    def stubborn(desk: Desk) -> Outcome:
        count = None
        with suppress(caught):
            count = desk.read()
        desk.write(count - 1)  # type: ignore[operator]
        return Outcome.BOUGHT

    assert Runner(stubborn, shared()).after(()).next == Operation(Step.READ, COUNT)


def test_code_may_handle_a_torn_read() -> None:
    """A buyer that reads again after a torn read goes on."""

    def patient(desk: Desk) -> Outcome:
        while True:
            with suppress(TornReadError):
                desk.read()
                return Outcome.SOLD_OUT

    assert script_of(patient, shared(), ("torn", "torn", 1)) == ["read", "read", "read", "sold out"]


def test_a_private_store_answers_from_the_buyers_own_copy() -> None:
    """A buyer that shares nothing finds what it wrote itself, whatever it is answered."""

    def twice(desk: Desk) -> Outcome:
        desk.write(desk.read() - 1)
        return Outcome.BOUGHT if desk.read() == 0 else Outcome.SOLD_OUT

    assert Runner(twice, shared(private=True)).after((None, None, None)).next is Outcome.BOUGHT


def test_code_that_fails_has_ended() -> None:
    """What the code raises by itself is kept, with file and line; it has not bought anything for sure."""

    def broken(desk: Desk) -> Outcome:
        return Outcome(1 // (desk.read() - 1))

    found = Runner(broken, shared()).after((1,))

    assert found.next is Outcome.UNFINISHED
    assert re.fullmatch(r"ZeroDivisionError: .* \(test_script\.py:\d+\)", found.error)


def test_code_that_rolls_dice_is_refused() -> None:
    """Code that does not ask again for what it was answered before cannot be explored."""
    asks = iter([True, False])

    def moody(desk: Desk) -> Outcome:
        if next(asks):
            desk.read()
        return Outcome.SOLD_OUT

    with pytest.raises(BadInputError, match=r"^test_script\.py:\d+: .*; take out what is random in it"):
        Runner(moody, shared()).after((1,))


@pytest.mark.parametrize("late", [5, 6, 8])
def test_code_that_changes_its_mind_later_is_refused(late: int) -> None:
    """Each run is held against what was asked for before, and an end that nothing follows is reached twice."""
    runs = []

    def moody(desk: Desk) -> Outcome:
        runs.append(desk)
        desk.look()
        desk.read()
        if len(runs) == late:
            desk.write(0)
        desk.write(1)
        return Outcome.SOLD_OUT

    runner = Runner(moody, shared())
    with pytest.raises(BadInputError, match=r"^test_script\.py:\d+: .*; take out what is random in it"):
        script_of_runner(runner, (1, 1, None))


@pytest.mark.parametrize("ends", [3, 4])
def test_an_end_that_depends_on_chance_is_refused(ends: int) -> None:
    """Code that ends in another way on the second run is found, though no step differs."""
    runs = []

    def moody(desk: Desk) -> Outcome:
        runs.append(desk)
        desk.read()
        return Outcome.BOUGHT if len(runs) == ends else Outcome.SOLD_OUT

    with pytest.raises(BadInputError, match="take out what is random"):
        Runner(moody, shared()).after((1,))


def test_code_runs_once_for_each_list_of_answers() -> None:
    """What is known is not run again; code that keeps something between its runs is run twice, to compare."""
    runs = []

    def counted(desk: Desk) -> Outcome:
        runs.append(desk)
        return purchase(desk)

    code = Runner(counted, shared())

    assert [code.after((1,)), code.after((1,))] == [code.after((1,))] * 2
    assert len(runs) == 2 * 2


def swallow(desk: Desk) -> Outcome:
    while True:
        try:
            return purchase(desk)
        except:  # noqa: E722, S112 - what a beginner writes
            continue


def swallow_in_silence(desk: Desk) -> Outcome:
    while True:
        with suppress(BaseException):
            return purchase(desk)


@pytest.mark.parametrize("program", [swallow, swallow_in_silence])
def test_code_that_catches_what_stops_it_is_left(program: Program) -> None:
    """It is stopped at each step all the same, and goes on as it would."""
    asked = script_of(program, shared(), (1, None, 1, None, None))
    assert " ".join(asked) == "look acquire read write release bought"


def spin(desk: Desk) -> Outcome:
    desk.read()
    while True:
        pass


def spin_and_catch(desk: Desk) -> Outcome:
    while True:
        with suppress(BaseException):
            desk.pay()


@pytest.mark.parametrize("program", [spin, spin_and_catch])
def test_code_that_takes_no_step_is_stopped_and_named(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """After 10 s, here less, one line tells where it hangs."""
    monkeypatch.setattr(watchdog, "LIMIT_S", 0.05)
    with pytest.raises(BadInputError, match=r"^test_script\.py:\d+: the buyer's code takes no step for 0\.05 s"):
        script_of(program, shared(), (1,))


def goes_on_in_finally(desk: Desk) -> Outcome:
    while True:
        try:
            while True:
                try:
                    desk.read()
                finally:
                    continue  # noqa: B012
        finally:
            continue  # noqa: B012


def catches_everything(desk: Desk) -> Outcome:
    while True:
        try:
            try:
                desk.read()
            except:  # noqa: E722 - what a beginner writes
                desk.read()
        except:  # noqa: E722, S112
            continue


def leaves_its_caller_to_go_on(desk: Desk) -> Outcome:
    def reads() -> bool:
        try:
            desk.read()
        finally:
            return True  # noqa: B012 - it swallows what is under way

    while reads():
        pass
    return Outcome.BOUGHT


def waits_for_what_only_an_answer_changes(desk: Desk) -> Outcome:
    seen = -1
    while True:
        try:
            seen = desk.read()
        finally:
            while seen < 0:
                pass


@pytest.mark.parametrize(
    "program",
    [goes_on_in_finally, catches_everything, leaves_its_caller_to_go_on, waits_for_what_only_an_answer_changes],
)
def test_code_that_swallows_the_unwinding_again_and_again_is_left(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A `finally` that loops, returns or goes on is no trap, and no code without a step: it reads and reads."""
    monkeypatch.setattr(watchdog, "LIMIT_S", 0.5)
    assert script_of(program, shared(), (1, 1, 1)) == ["read"] * 4


def spins_in_finally(desk: Desk) -> Outcome:
    desk.read()
    while True:
        try:
            while True:
                try:
                    while True:
                        try:
                            while True:
                                pass
                        finally:
                            continue  # noqa: B012
                finally:
                    continue  # noqa: B012
        finally:
            continue  # noqa: B012


def ends_in_finally(desk: Desk) -> Outcome:
    try:
        desk.read()
        while True:
            pass
    finally:
        return Outcome.BOUGHT  # noqa: B012 - it swallows what is under way


@pytest.mark.parametrize("program", [spins_in_finally, ends_in_finally])
def test_code_that_swallows_the_watchdog_is_named(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """However deep it is nested, and though it ends as if nothing were wrong."""
    monkeypatch.setattr(watchdog, "LIMIT_S", 0.05)
    with pytest.raises(BadInputError, match=r"^test_script\.py:\d+: the buyer's code takes no step for 0\.05 s"):
        script_of(program, shared(), (1,))


def test_generators_are_unwound_in_silence(capsys: pytest.CaptureFixture[str]) -> None:
    """What a generator or a context manager does on its way out is not taken, and nobody complains of that."""

    @contextmanager
    def guarded(desk: Desk) -> Iterator[None]:
        with desk.lock:
            try:
                yield
            finally:
                desk.write(3)

    def counts(desk: Desk) -> Iterator[int]:
        try:
            yield desk.read()
            yield desk.read()
        finally:
            desk.write(4)

    def program(desk: Desk) -> Outcome:
        for _ in counts(desk):
            with guarded(desk):
                desk.read()
        return Outcome.BOUGHT

    asked = script_of(program, shared(), (1, None, 1, None))

    assert " ".join(asked) == "read acquire read write release"
    assert capsys.readouterr().err == ""


TRACED = """
import sys
from booking import Scenario, explore
from booking.errors import BadInputError
from booking.model import watchdog

watchdog.LIMIT_S = 0.5

def mine(desk):
    return desk.look()

def spins(desk):
    while True:
        pass

for program in (mine, spins):
    try:
        explore(Scenario(2), program=program)
    except BadInputError:
        pass
sys.settrace(lambda *_: None)
mine.__name__.upper()
(lambda: None)()
print("went on")
"""


def test_a_thread_can_be_traced_after_its_code_was_watched() -> None:
    """A debugger or a coverage tool traces it; once the interpreter waited for an exception that never came."""
    done = subprocess.run([sys.executable, "-c", TRACED], check=True, capture_output=True, text=True, timeout=30)
    assert done.stdout == "went on\n"
