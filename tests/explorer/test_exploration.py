"""What `explore` answers: witnesses, verdicts, limits, and the document that scripts read."""

import json
import math

import pytest
from labelled import all_ends

from booking.errors import BadInputError, BookingError, InconclusiveError
from booking.explorer import Advisor, Hint, Program, World, explore
from booking.explorer.counting import Limits
from booking.explorer.search import cheapest
from booking.history.finding import Anomaly
from booking.purchase import Desk, Outcome, buy
from booking.registry import STORES
from booking.reports.exploration import render
from booking.scenario import Scenario
from booking.stores.file import JsonStore
from booking.text.words import digits


@pytest.mark.parametrize(
    ("scenario", "crashes", "verdict", "shortest", "switches"),
    [
        pytest.param(Scenario(10), 0, "oversold", (1, 1, 2, 2, 2, 1), 2, id="no-lock"),
        pytest.param(Scenario(10, store="inplace"), 0, "oversold", (1, 1, 2, 2, 2, 2, 1, 1), 2, id="in-place"),
        pytest.param(Scenario(10, 10), 0, "lost update", (1, 1, 2, 2, 2, 1), 2, id="tickets-for-all"),
        pytest.param(Scenario(10, lock="mp", store="inplace"), 0, "torn read", (1, 1, 1, 1, 2, 1, 1), 2, id="torn"),
        pytest.param(Scenario(10, lock="mp"), 1, "deadlock", (1, 2, 2, -2), 1, id="dead-holder"),
        pytest.param(Scenario(10, lock="file"), 1, "sound", None, None, id="freed-lock"),
        pytest.param(Scenario(10, 0), 0, "sound", None, None, id="nothing-for-sale"),
    ],
)
def test_the_worst_anomaly_and_its_witnesses(
    scenario: Scenario, crashes: int, verdict: str, shortest: tuple[int, ...] | None, switches: int | None
) -> None:
    """Oversold is worse than a lost update, that than a torn read, and that than a deadlock."""
    exploration = explore(scenario, crashes=crashes)

    assert exploration.verdict == verdict
    assert (exploration.shortest and exploration.shortest.schedule) == shortest
    assert (exploration.fewest_switches and exploration.fewest_switches.switches) == switches


@pytest.mark.parametrize("buyers", [2, 100, 10_000])
def test_the_first_witness_does_not_depend_on_the_number_of_buyers(buyers: int) -> None:
    """A bad interleaving of two buyers is found without looking at the others."""
    exploration = explore(Scenario(buyers), max_states=100)

    assert exploration.shortest is not None
    assert exploration.shortest.schedule == (1, 1, 2, 2, 2, 1)


def test_five_tickets_and_ten_buyers() -> None:
    """Four buy one after the other and two share the last ticket: 18 steps, 6 switches."""
    exploration = explore(Scenario(10, 5))

    assert exploration.shortest is not None
    assert exploration.fewest_switches is not None
    assert (exploration.shortest.steps, exploration.fewest_switches.switches) == (18, 6)


def test_a_deadlock_says_who_waits_for_ever() -> None:
    """The dead holder is unfinished, and the buyer behind it waits forever."""
    witness = explore(Scenario(2, lock="mp"), crashes=1).shortest

    assert witness is not None
    assert witness.ends == {1: "waits forever", 2: "unfinished"}


def test_two_locks_inside_each_other_deadlock_without_any_death() -> None:
    """A buyer that asks again for the lock that it holds waits for itself."""

    def twice(desk: Desk) -> Outcome:
        with desk.lock, desk.lock:
            return Outcome.BOUGHT

    exploration = explore(Scenario(1, lock="mp"), program=twice)

    assert (exploration.verdict, exploration.anomalies) == ("deadlock", {"deadlock": 1})


def for_ever(desk: Desk) -> Outcome:
    """Read and read."""
    while True:
        desk.read()


def until_sold_out(desk: Desk) -> Outcome:
    """Wait until somebody else has bought the last ticket."""
    while desk.read():
        pass
    return Outcome.SOLD_OUT


def until_three(desk: Desk) -> Outcome:
    """Wait for a count that never comes."""
    while desk.read() != 3:
        pass
    return Outcome.BOUGHT


@pytest.mark.parametrize("program", [for_ever, until_sold_out, until_three])
@pytest.mark.parametrize("buyers", [1, 2, 10])
def test_reading_for_ever_is_a_cycle(program: Program, buyers: int) -> None:
    """Everything is seen, nobody ends in any of the infinitely many interleavings, and the witness shows the cycle."""
    exploration = explore(Scenario(buyers), program=program)
    document = exploration.to_json()

    assert (exploration.exhausted, exploration.states, exploration.verdict) == (True, 1, "starvation")
    assert (document["interleavings"], document["anomalies"]) == (None, {"starvation": None})
    assert (document["sold"], document["oversold_interleavings"]) == ({"0": None}, "0")
    assert exploration.probability_oversold is None
    assert exploration.shortest is not None
    assert (exploration.shortest.schedule, exploration.shortest.ends) == ((1,), {1: "never ends"})
    assert "infinitely many" in render(exploration)


def no_end(desk: Desk) -> Outcome:
    """Hide the place in a list, so that no loop can be closed."""
    seen: list[int] = []
    while True:
        seen.append(desk.read())


def test_code_that_cannot_be_followed_proves_nothing() -> None:
    """It ends in a bound that is reported, never in a hang, and never as sound."""
    exploration = explore(Scenario(3), program=no_end)

    assert not exploration.exhausted
    assert (exploration.verdict, exploration.probability_oversold) == ("unknown", None)


def test_code_that_tries_again_is_proved_where_it_ends() -> None:
    """A buyer that reads until the file is whole is followed to every end, because the writer needs one step."""

    def patient(desk: Desk) -> Outcome:
        tries = iter(range(3))
        while next(tries, None) is not None:
            try:
                return buy(desk)
            except BookingError:
                continue
        return Outcome.TORN_READ

    exploration = explore(Scenario(2, store="inplace"), program=patient)
    ends = all_ends(World.before(exploration.scenario, patient), 1)

    assert (exploration.exhausted, exploration.interleavings) == (True, ends.interleavings)


def test_the_limit_on_states_makes_the_counts_lower_bounds() -> None:
    """What was found stays true: the witness stands, and without one the verdict is unknown."""
    whole, cut = explore(Scenario(4)), explore(Scenario(4), max_states=49)
    locked = explore(Scenario(4, lock="mp"), max_states=20)

    assert (cut.exhausted, cut.states, cut.verdict, cut.probability_oversold) == (False, 49, "oversold", None)
    assert 0 < cut.interleavings < whole.interleavings
    assert (locked.exhausted, locked.verdict, locked.shortest) == (False, "unknown", None)


def test_stopping_brings_back_what_was_found_so_far() -> None:
    """`stop` is asked now and then, and `on_progress` told how many states there were."""
    seen: list[int] = []
    exploration = explore(Scenario(20), on_progress=seen.append, stop=lambda: 4096 in seen)

    assert seen == [0, 4096]
    assert (exploration.exhausted, exploration.states, exploration.verdict) == (False, 4096, "oversold")
    assert exploration.shortest is not None


def test_a_search_ends_at_its_limit() -> None:
    """A search without a goal in an endless graph says that it does not know."""
    with pytest.raises(InconclusiveError, match="no answer after 50 states"):
        cheapest(0, lambda node: [(1, "up", node + 1)], lambda _: 0, lambda _: False, Limits(50))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"crashes": -1}, "crashes is -1; use a whole number from 0 to 10000"),
        ({"max_states": 0}, "max-states is 0; use a whole number from 1 to 1000000000000"),
    ],
)
def test_numbers_out_of_range(options: dict[str, int], message: str) -> None:
    """They are refused in one line with the value and what to use."""
    with pytest.raises(BadInputError) as raised:
        explore(Scenario(2), **options)  # type: ignore[arg-type]
    assert str(raised.value) == message


def test_the_document_that_scripts_read() -> None:
    """Counts are strings, because they exceed what a JSON reader may keep exact; the keys are fixed.

    States, with each buyer named by its next step: LL LR LW RR RW WW while 1 is left; with 0 left, and one that
    bought, LB RB WB SB BB: 11. Moves: 1 from LL, 2 each from LR, LW and RW, 1 each from RR, WW, LB, RB and WB: 12.
    """
    scenario = Scenario(2)

    assert json.loads(json.dumps(explore(scenario).to_json())) == {
        "schema": 1,
        "scenario": scenario.to_json(),
        "exhausted": True,
        "states": 11,
        "transitions": 12,
        "interleavings": "20",
        "oversold_interleavings": "12",
        "probability_oversold": "3/8",
        "sold": {"1": "8", "2": "12"},
        "max_sold": 2,
        "verdict": "oversold",
        "anomalies": {"oversold": "12", "lost update": "12"},
        "shortest": {"schedule": [1, 1, 2, 2, 2, 1], "steps": 6},
        "fewest_switches": {"schedule": [1, 1, 2, 2, 2, 1], "switches": 2},
    }


def test_the_document_of_a_sound_sale() -> None:
    """There is no witness, and the probability is 0/1; with deaths there is no probability."""
    document = explore(Scenario(2, lock="file")).to_json()
    with_deaths = explore(Scenario(2, lock="file"), crashes=1).to_json()

    assert (document["shortest"], document["fewest_switches"], document["probability_oversold"]) == (None, None, "0/1")
    assert with_deaths["probability_oversold"] is None


def test_numbers_of_any_length_can_be_written() -> None:
    """Python's `str` refuses whole numbers of more than 4300 digits; 5000! has 16326."""
    assert (len(digits(math.factorial(5000))), digits(0)) == (16326, "0")


class PrivateStore(JsonStore):
    """A store of which each buyer has its own copy."""

    shared = False


def test_copies_that_nobody_shares_always_oversell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every buyer sells itself the ticket, lock or no lock: two rows of 5 steps, of which 4 exclude each other.

    Row 1 goes first: L2 has 6 places among L1 A1 R1 W1 X1 and A2 R2 W2 X2 follow: 6, and 12 for both.
    """
    monkeypatch.setitem(STORES, "private", PrivateStore)
    exploration = explore(Scenario(2, lock="mp", store="private"))

    assert (exploration.interleavings, exploration.oversold_interleavings) == (12, 12)
    assert exploration.probability_oversold == 1


@pytest.mark.parametrize(
    ("schedule", "hint"),
    [
        pytest.param((), Hint(Anomaly.OVERSOLD, (1, 1, 2, 2, 2, 1)), id="start"),
        pytest.param((3, 2, 3), Hint(Anomaly.OVERSOLD, (2, 2, 3)), id="under-way"),
        pytest.param((1, 2, 1, 2, 1), Hint(Anomaly.OVERSOLD, (2,)), id="one-step-before"),
        pytest.param((1, 2, 1, 2, 1, 2), Hint(Anomaly.OVERSOLD, ()), id="there"),
        pytest.param((1, 1, 1), None, id="too-late"),
    ],
)
def test_a_hint_leads_to_the_nearest_anomaly(schedule: tuple[int, ...], hint: Hint | None) -> None:
    """From any moment of the sale it gives the moves that are left, none once it is won, None once it cannot be."""
    scenario = Scenario(3)
    world, _ = World.before(scenario).follow(schedule)
    assert Advisor(scenario).hint(world) == hint


def test_a_hint_knows_that_a_lock_cannot_be_beaten() -> None:
    """With a lock there is no way to oversell; with a death there is one to a deadlock."""
    scenario = Scenario(3, lock="mp")
    world, _ = World.before(scenario).follow((1, 1, 2))

    assert Advisor(scenario).hint(world) is None
    assert Advisor(scenario, crashes=1).hint(world) == Hint(Anomaly.DEADLOCK, (-1,))
    assert Advisor(scenario, crashes=1).hint(world, [Anomaly.OVERSOLD]) is None


def careful(desk: Desk) -> Outcome:
    """Check what nobody can have changed, because nobody else is inside."""
    with desk.lock:
        count = desk.read()
        if count < 1:
            return Outcome.SOLD_OUT
        desk.write(count - 1)
        assert desk.read() == count - 1
    return Outcome.BOUGHT


PRICES = {0: 0, 1: 5}


def priced(desk: Desk) -> Outcome:
    """Look up what is there for every count that can come."""
    with desk.lock:
        count = desk.read()
        desk.write(max(0, count - 1))
        return Outcome.BOUGHT if PRICES[desk.read() + 1] and count else Outcome.SOLD_OUT


@pytest.mark.parametrize("program", [careful, priced])
@pytest.mark.parametrize("buyers", [1, 2, 3])
def test_an_error_on_an_answer_that_cannot_come_does_not_count(program: Program, buyers: int) -> None:
    """Learning does not know the lock, so it tries such answers; no interleaving gives them."""
    exploration = explore(Scenario(buyers, lock="mp"), program=program)

    assert (exploration.verdict, exploration.exhausted, set(exploration.sold)) == ("sound", True, {1})


def test_an_error_that_can_happen_ends_the_buyer_and_has_a_witness() -> None:
    """Without the lock the same code fails: the buyer ends, the sale is judged, and the shortest way is shown."""
    scenario = Scenario(2, 2)
    exploration = explore(scenario, program=careful)
    ends = all_ends(World.before(scenario, careful), 2)
    document = exploration.to_json()

    assert exploration.anomalies == ends.anomalies
    assert exploration.interleavings == ends.interleavings
    assert "unfinished" in exploration.anomalies
    assert exploration.verdict == next(iter(exploration.anomalies))

    failing = explore(Scenario(1), program=lambda desk: Outcome(1 // (desk.read() - 1)))
    document = failing.to_json()
    assert (failing.verdict, failing.sold) == ("unfinished", {0: 1})
    assert document["shortest"]["error"].startswith("ZeroDivisionError: ")
    assert failing.shortest is not None
    assert failing.shortest.ends == {1: "unfinished"}
    assert failing.shortest.text.endswith(f"{failing.shortest.error}.")
    assert "The code of buyer 1 fails: ZeroDivisionError: " in render(failing)


def test_a_buyer_that_fails_gives_its_lock_back() -> None:
    """The error leaves through `with`, so that the next buyer gets in: a failure is no deadlock."""

    def failing(desk: Desk) -> Outcome:
        with desk.lock:
            if desk.read() == 1:
                desk.write(0)
                raise LookupError
        return Outcome.SOLD_OUT

    exploration = explore(Scenario(2, lock="mp"), program=failing)

    assert (exploration.verdict, exploration.anomalies) == ("unfinished", {"unfinished": exploration.interleavings})
    assert exploration.shortest is not None
    assert exploration.shortest.ends == {1: "unknown"}
    assert exploration.shortest.steps == 4


def test_a_hint_never_says_that_what_is_possible_cannot_be() -> None:
    """From the middle of a long sale with the naive swap there is a way to win, and the hint finds it."""
    scenario = Scenario(10, 9, "cas-naive")
    schedule = (2, 2, 2, 3, 3, 3, 2, 3, 1, 1, 4, 4, 4, 4, 1, 1, 5, 5, 5, 5)
    world, _ = World.before(scenario).follow(schedule)

    hint = Advisor(scenario).hint(world, [Anomaly.OVERSOLD])

    assert hint is not None
    end = world.follow(hint.schedule)[0]
    assert sum(end.outcome(buyer) is Outcome.BOUGHT for buyer in end.buyers) == 10


def test_a_hint_says_that_it_does_not_know_where_code_was_not_followed() -> None:
    """Nothing is said to be impossible, neither before the buyer is lost sight of nor afterwards."""
    scenario = Scenario(2)
    advisor = Advisor(scenario, program=no_end)

    for turns in (0, 70):
        world, _ = World.before(scenario, no_end).follow((1,) * turns)
        with pytest.raises(InconclusiveError):
            advisor.hint(world, [Anomaly.OVERSOLD])
