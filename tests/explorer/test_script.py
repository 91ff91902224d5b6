"""The scripted desk: plain code answers what it would do next, and is not disturbed by being stopped."""

from contextlib import suppress

import pytest

from booking.errors import BadInputError, TornReadError
from booking.locks import LockFacts, Reach
from booking.model.scripted_desk import Operation, Program, Runner
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
    code = Runner(program, world)
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

    assert Runner(tidy, shared()).after((None,)) == (Operation(Step.READ, COUNT), 0, (LOCK,))
    assert asked == ["finally"]


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


def test_code_that_fails_is_refused_in_one_line() -> None:
    """What the code raises by itself is told as a failure of that code, with what it raised."""

    def broken(desk: Desk) -> Outcome:
        return Outcome(1 // (desk.read() - 1))

    with pytest.raises(BadInputError, match=r"^the buyer's code fails with ZeroDivisionError.*; mend it") as raised:
        Runner(broken, shared()).after((1,))
    assert "\n" not in str(raised.value)


def test_code_that_rolls_dice_is_refused() -> None:
    """Code that does not ask again for what it was answered before cannot be explored."""
    asks = iter([True, False])

    def moody(desk: Desk) -> Outcome:
        if next(asks):
            desk.read()
        return Outcome.SOLD_OUT

    code = Runner(moody, shared())
    code.after(())

    with pytest.raises(BadInputError, match="take out what is random"):
        code.after((1,))


def test_code_runs_once_for_each_list_of_answers() -> None:
    """What is known is not run again."""
    runs = []

    def counted(desk: Desk) -> Outcome:
        runs.append(desk)
        return purchase(desk)

    code = Runner(counted, shared())

    assert [code.after((1,)), code.after((1,))] == [code.after((1,))] * 2
    assert len(runs) == 1
