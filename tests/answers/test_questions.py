"""The answers to what people ask: the same in both languages, found by the words that people type."""

import re
from pathlib import Path

import pytest

from booking.answers.questions import find, question_named, questions, transcripts
from booking.cli.app import COMMANDS, run_command
from booking.errors import BadInputError
from booking.text.language import LANGUAGES


def test_both_languages_answer_the_same_questions_in_two_sentences() -> None:
    """Each language has the same names in the same order, and each answer is about two sentences long."""
    english, chinese = (questions(language) for language in LANGUAGES)
    assert [question.name for question in english] == [question.name for question in chinese]
    for question in (*english, *chinese):
        assert 1 <= len(re.findall(r"[.;:。；][ \n]?|[.。]$", question.answer)) <= 5, question.name


def test_every_transcript_names_commands_that_exist() -> None:
    """A transcript's commands are commands of this program."""
    used = {command.split()[1] for transcript in transcripts().values() for command in transcript.commands}
    assert used <= set(COMMANDS)


@pytest.mark.parametrize(
    ("language", "words", "name"),
    [
        ("en", "RuntimeError Lock objects should only be shared through inheritance", "pool"),
        ("en", "json file empty", "broken-json"),
        ("en", "two people one seat", "double-booking"),
        ("en", "KeyboardInterrupt pool", "ctrl-c"),
        ("en", "is += atomic", "no-race-here"),
        ("en", "flock after fork", "inherited-descriptor"),
        ("zh", "超卖", "double-booking"),
        ("zh", "死锁", "deadlock"),
        ("zh", "子进程 全局变量", "own-memory"),
        ("zh", "进程池 锁", "pool"),
    ],
)
def test_words_find_the_answer(language: str, words: str, name: str) -> None:
    """The words that somebody types who has the problem find its answer first."""
    assert find(words, language)[0].name == name


def test_a_name_or_a_number_finds_one_answer() -> None:
    """`booking why 1` and `booking why pool` mean one question each."""
    assert find("1") == [questions()[0]]
    assert find("pool") == [question_named("pool")]


def test_words_that_nobody_asked_are_refused() -> None:
    """No match is one line with what to do."""
    with pytest.raises(BadInputError, match="lists all"):
        find("quaternion")
    for number in ("0", "99", "-1"):
        with pytest.raises(BadInputError, match="use a number from 1 to 18"):
            find(number)
    with pytest.raises(BadInputError, match="use one of en, zh"):
        questions("xx")


def test_the_command_lists_and_answers(capsys: pytest.CaptureFixture[str]) -> None:
    """Without words all questions are listed; with words the answer and its transcript follow."""
    assert run_command(["why"]) == 0
    assert capsys.readouterr().out.count("\n") > len(questions())
    assert run_command(["why", "deadlock", "two", "locks"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("Two processes wait for each other.")
    assert "See also:" in shown


def test_an_answer_is_shown_live(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--run` runs the commands now, and leaves no file in the folder."""
    monkeypatch.chdir(tmp_path)
    assert run_command(["why", "shared-counter", "--run"]) == 0
    assert "lost update" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())
