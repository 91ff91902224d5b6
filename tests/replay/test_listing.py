"""The code beside the steps: the line of every step, in schedules, in histories, and in anybody's file."""

from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from booking.explorer import explore
from booking.history.history import Event, History
from booking.history.schedule import columns, parse
from booking.model.listing import Listing, cells, history_listing, listing, schedule_listing, world_listing
from booking.model.prediction import predict
from booking.model.world import World
from booking.purchase import Outcome
from booking.scenario import Scenario
from booking.steps import PAY

MINE = '''\
"""A buyer of a student."""

from booking.purchase import Outcome


def unused():
    return 1


def count_in(desk):
    """Read."""
    return desk.read()


def mine(desk):
    with desk.lock:
        count = count_in(desk)
    if not count:
        return Outcome.SOLD_OUT
    desk.pay()
    desk.write(count - 1)
    return Outcome.BOUGHT
'''
LOCK = """\
class Peterson:
    turn = 0

    def acquire(self, me):
        self.turn = 1 - me
        self.wait(me)

    def wait(self, me):
        while self.turn == 1 - me:
            pass

    def release(self, me):
        self.turn = me

    def unused(self):
        return 0
"""


def texts(code: Listing | None) -> list[str]:
    """Return the line of code of each step, "" for an unknown one."""
    assert code
    return [code.source(line) for line in code.step_lines]


def test_each_step_has_the_line_of_the_buyers_code_that_asks_for_it() -> None:
    """Giving back the lock is done by the `with`; the listing is both functions without their docstrings."""
    code = predict(Scenario(2, lock="mp"), parse("1,1,1,1,1,2,2,2,2")).listing
    assert texts(code) == [
        "desk.look()",
        "with desk.lock:",
        "count = desk.read()",
        "desk.write(count - 1)",
        "with desk.lock:",
        "desk.look()",
        "with desk.lock:",
        "count = desk.read()",
        "with desk.lock:",
    ]
    assert code
    assert code.file == "purchase.py"
    assert [text.strip() for _, text in code.lines if "def " in text or '"""' in text] == [
        "def purchase(desk: Desk) -> Outcome:",
        "def buy(desk: Desk) -> Outcome:",
    ]


def test_anybodys_code_is_shown_with_the_functions_that_it_calls(tmp_path: Path) -> None:
    """The line of a step is the innermost one of the buyer's own file; a function that nobody calls is left out."""
    path = tmp_path / "mine.py"
    path.write_text(MINE, encoding="utf-8")
    spec = spec_from_file_location("mine", path)
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    found = explore(Scenario(2, lock="mp"), program=module.mine).shortest
    assert found
    assert found.listing
    assert found.listing.file == "mine.py"
    assert [number for number, _ in found.listing.lines] == [10, 12, *range(15, 23)]
    assert set(texts(found.listing)) == {"with desk.lock:", "return desk.read()", "desk.write(count - 1)"}


def test_a_lock_of_ones_own_is_shown_by_its_methods(tmp_path: Path) -> None:
    """`acquire` with the method that it calls and `release`, moved to the left."""
    path = tmp_path / "peterson.py"
    path.write_text(LOCK, encoding="utf-8")
    found = listing(str(path), [5, 9, 13])
    assert found
    assert [number for number, _ in found.lines] == [*range(4, 7), *range(8, 11), 12, 13]
    assert texts(found) == ["self.turn = 1 - me", "while self.turn == 1 - me:", "self.turn = me"]


def test_the_events_of_a_sale_have_the_lines_of_the_same_run_in_the_model() -> None:
    """Each step is two events, its call and its return; between reading and writing the buyer pays."""
    prediction = predict(Scenario(2, lock="mp"), parse("1,2,1,2,1,1,1,2,2,2"))
    assert prediction.listing
    steps = [line for turn, line in zip(prediction.played, prediction.listing.step_lines, strict=True) for _ in "cr"]
    assert lines(history_listing(prediction.history)) == steps
    events = list(prediction.history.events)
    place = next(index for index, event in enumerate(events) if event.step == "write")
    paying = [Event(0, 0, events[place].buyer, 0, PAY, "call"), Event(0, 0, events[place].buyer, 0, PAY, "return")]
    paid = history_listing(replace(prediction.history, events=(*events[:place], *paying, *events[place:])))
    assert texts(paid)[place : place + 3] == ["desk.pay()", "desk.pay()", "desk.write(count - 1)"]


def lines(code: Listing | None) -> list[int]:
    """Return the lines of the events."""
    return list(code.step_lines) if code else []


@pytest.mark.parametrize("lock", ["cas", "cas-naive", "none"])
def test_a_buyer_that_starts_again_is_followed(lock: str) -> None:
    """The answers decide where it stands: a swap that fails leads back to the read."""
    prediction = predict(Scenario(2, lock=lock), World.before(Scenario(2, lock=lock)).serial())
    assert prediction.listing
    assert lines(history_listing(prediction.history)) == [line for line in prediction.listing.step_lines for _ in "cr"]
    assert 0 not in prediction.listing.step_lines


def test_an_event_that_the_code_does_not_ask_for_has_no_line() -> None:
    """This sale has no looks, so its buyers ran other code, and nothing is said of their lines."""
    history = predict(Scenario(2), parse("1,1,2,2,2,1")).history
    without = replace(history, events=tuple(event for event in history.events if event.step != "look"))
    assert set(lines(history_listing(without))) == {0}


def test_without_source_there_is_no_listing() -> None:
    """Neither for a lock that is not installed here, nor for code that was typed at a prompt."""
    assert history_listing(History(Scenario(2, lock="elsewhere"), (), (), (1,))) is None

    space: dict[str, object] = {"Outcome": Outcome}
    exec("def typed(desk): desk.write(0); return Outcome.BOUGHT", space)  # noqa: S102
    world = World.before(Scenario(2), program=space["typed"])  # type: ignore[arg-type]
    assert schedule_listing(world, (1, 2)) is None


def test_the_buyers_numbers_stand_where_they_are() -> None:
    """Two that stand at one line share it, and one that has ended stands nowhere."""
    world = World.before(Scenario(3)).follow([1, 1, 1])[0]
    code = world_listing(world)
    assert code
    marked = code.marked(dict(enumerate(code.step_lines, 1)))
    assert [line.split() for line in marked if ">" in line.partition(" def")[0].partition("->")[0]] == [
        ["2", "and", "3>", str(code.step_lines[1]), "desk.look()"]
    ]


def test_columns_have_the_code_on_their_right() -> None:
    """If there is no room for it, or no source, they are as they were."""
    prediction = predict(Scenario(2), parse("1,1,2,2,2,1"))
    assert [line.split()[-1] for line in columns(prediction.cells)[1:3]] == ["desk.look()", "desk.read()"]
    assert max(map(len, columns(prediction.cells, width=50))) <= 50
    assert "code" not in columns(prediction.cells, width=40)[0]
    assert columns(cells(prediction.moves)) == columns([cell._replace(source="") for cell in prediction.cells])
