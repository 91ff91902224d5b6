"""What a lesson remembers, without any network: who may do what when, and what everybody sees."""

import json

import pytest

from booking.classroom.lesson import MOST_PHONES, Lesson, Phase, Phone, cleaned
from booking.classroom.views import phone_view, wall_view
from booking.errors import BadInputError
from booking.processes.journal import END, Message


def lesson_with(*names: str, **dials: object) -> tuple[Lesson, list[Phone]]:
    """Return a lesson and the phones that have joined it."""
    lesson = Lesson(**dials)  # type: ignore[arg-type]
    return lesson, [lesson.join(f"secret-{number}", name) for number, name in enumerate(names, 1)]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Ana  Maria ", "Ana Maria"),
        ("x" * 50, "x" * 20),
        ("\u202eevil\x1b[2J\n", "evil[2J"),
        ("<b>Eve</b>", "<b>Eve</b>"),
        ("李雷", "李雷"),
    ],
)
def test_a_name_keeps_only_what_can_be_shown(typed: str, kept: str) -> None:
    """Controls, line ends and marks that turn the text around are dropped; markup stays text, which pages escape."""
    assert cleaned(typed) == kept


def test_a_phone_presses_once_and_only_while_the_sale_is_open() -> None:
    """A press before the sale and a second press send no buyer."""
    lesson, (ana, ben) = lesson_with("Ana", "Ben")
    assert lesson.press(ana) is None
    lesson.begin()
    assert [lesson.press(ana), lesson.press(ana), lesson.press(ben)] == [1, None, 2]


def test_guesses_are_taken_until_the_sale_opens() -> None:
    """Who saw the sale cannot guess any more, and a silly number is none."""
    lesson, (ana, ben) = lesson_with("Ana", "Ben")
    lesson.guess(ana, 3)
    lesson.guess(ben, -1)
    lesson.begin()
    lesson.guess(ana, 2)
    assert lesson.round.guesses == {ana.number: 3}


def test_the_room_holds_so_many_phones() -> None:
    """One phone too many is refused, and a phone that comes back is not one more."""
    lesson, _ = lesson_with(*["x"] * MOST_PHONES)
    lesson.join("secret-1", "back")
    with pytest.raises(BadInputError, match="full"):
        lesson.join("new", "late")


def test_a_holder_learns_how_many_others_hold_the_same_ticket() -> None:
    """Two buyers that bought see one other each; who hides the names sees numbers on the wall."""
    lesson, (ana, _) = lesson_with("Ana", "Ben")
    lesson.begin()
    for phone in lesson.phones.values():
        buyer = lesson.press(phone)
        assert buyer
        lesson.hear(Message(buyer, 100 + buyer, 10**9, "read", "return", 1))
        lesson.hear(Message(buyer, 100 + buyer, 10**9, END, "return", "bought"))
    assert lesson.everybody_is_done
    view = phone_view(lesson, ana)
    assert (view["outcome"], view["others"], view["state"], view["pid"]) == ("bought", 1, ("read", "return", 1), 101)
    assert wall_view(lesson)["holders"] == ["Ana", "Ben"]
    lesson.names_hidden = True
    assert wall_view(lesson)["holders"] == ["#1", "#2"]


def test_the_class_votes_who_moves() -> None:
    """The buyer with the most votes moves, the votes are used up, and a vote for nobody counts nothing."""
    lesson, phones = lesson_with("a", "b", "c", mode="vote")
    assert lesson.begin() == 2
    assert lesson.count_votes() is None
    for phone, choice in zip(phones, ["1", "2", "2"], strict=True):
        lesson.vote(phone, choice)
    lesson.vote(phones[0], "7")
    assert lesson.count_votes() == 2
    assert (lesson.round.votes, lesson.round.turns) == ({}, [2])


def test_every_phone_is_a_buyer_that_takes_its_own_steps() -> None:
    """In a round by schedule phone k moves buyer k, until that buyer has ended."""
    lesson, (ana, ben) = lesson_with("Ana", "Ben", mode="schedule")
    assert lesson.begin() == 2
    assert [lesson.step(ben), lesson.step(ana)] == [2, 1]
    lesson.hear(Message(2, 9, 1, END, "return", "sold out"))
    assert lesson.step(ben) is None


def test_a_saved_lesson_goes_on_where_it_was() -> None:
    """What was kept as JSON is the same lesson; a sale that was open begins again, with its guesses."""
    lesson, (ana, _) = lesson_with("Ana", "Ben")
    lesson.guess(ana, 2)
    again = Lesson.from_json(json.loads(json.dumps(lesson.to_json())))
    assert again == lesson
    lesson.begin()
    lesson.press(ana)
    again = Lesson.from_json(json.loads(json.dumps(lesson.to_json())))
    assert (again.phase, again.round.guesses, again.round.buyers) == (Phase.GUESS, {1: 2}, {})
    with pytest.raises(BadInputError, match="no saved lesson"):
        Lesson.from_json({"phones": 3})


def test_after_the_last_round_the_lesson_ends() -> None:
    """The planned rounds follow each other; a chosen lock makes one more."""
    lesson, _ = lesson_with("Ana", locks=["none", "file"])
    for chosen, expected in [(None, "file"), ("cas", "cas"), (None, None)]:
        lesson.begin()
        lesson.close(None)
        lesson.go_on(chosen)
        assert expected is None or lesson.round.lock == expected
    assert lesson.phase is Phase.END
