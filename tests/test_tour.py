"""The tour: real sales, the student's answers beside the facts, and two languages."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from booking.cli.app import run_command
from booking.course.screen import folded
from booking.course.tour import Tour
from booking.text.language import LANGUAGES, texts
from booking.text.screen import Screen
from booking.text.words import columns


@dataclass
class Scripted:
    """A screen with a student whose answers are known beforehand; Enter alone is "", the rest is Enter alone."""

    answers: list[str]
    shown: list[str] = field(default_factory=list)

    def turn_page(self, heading: str) -> None:
        """Keep the heading."""
        self.shown.append(heading)

    def say(self, text: str) -> None:
        """Keep the paragraph."""
        self.shown.append(text)

    def ask(self, prompt: str) -> str:
        """Return the next answer."""
        self.shown.append(prompt)
        return self.answers.pop(0) if self.answers else ""


def test_answers_are_compared_with_what_happened(tmp_path: Path) -> None:
    """One guess of four is right; a move that cannot be made is refused, and a dead end begins the game again."""
    guesses = ["many", "10", "7", "", "", "2", ""]
    moves = ["3", "1", "1", "1", "1", "", "1", "1", "2", "2", "2", "1", ""]
    screen = Scripted([*guesses, *moves, "12"])
    Tour(screen, texts("tour"), tmp_path / "db.json").run()
    shown = "\n".join(screen.shown)
    assert re.findall(r"^(\d) / 5", shown, re.MULTILINE) == ["1", "2", "3", "4", "5"]
    assert re.search(r"Tickets sold: +\d+ +\(you said 10(: right)?\)", shown)  # a free race: ten nearly every time
    assert re.search(r"The file says: +0 +\(you said 7\)", shown)
    assert re.search(r"Tickets sold: +1 +\(you said 2\)", shown)
    assert "Type 1 or 2, or press Enter alone." in shown
    assert "Buyer 1 has ended. Move the other one." in shown
    assert "From here it cannot happen any more." in shown
    assert "Sold twice, in the order 1 1 2 2 2 1." in shown
    assert re.search(r"20 orders, sold twice in 12 +\(you said 12: right\)", shown)
    assert re.search(r"Your answers: [12] of 4 were right\.", shown)


def test_without_a_terminal_it_runs_through(capsys: pytest.CaptureFixture[str]) -> None:
    """No question waits; in Chinese each term of the textbooks is there, with its English name at its first use."""
    assert run_command(["tour", "--lang", "zh"]) == 0
    said = capsys.readouterr().out
    first = {
        term: said[said.index(term) :].partition("）")[0] for term in ("竞态条件", "临界区", "互斥", "死锁", "交错")
    }
    names = ["race condition", "critical section", "mutual exclusion", "deadlock", "interleaving"]
    assert list(first.values()) == [f"{term}（{name}" for term, name in zip(first, names, strict=True)]
    assert "你猜" not in said
    assert "{" not in said.replace('{"count": 1}', "")


def test_the_end_of_the_input_ends_the_tour(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-D at a question is no error."""

    def ends(_prompt: str) -> str:
        raise EOFError

    monkeypatch.setattr("booking.course.screen.is_interactive", lambda: True)
    monkeypatch.setattr("builtins.input", ends)
    assert run_command(["tour"]) == 0
    assert capsys.readouterr().out.endswith("The tour ends here. It is there again with: booking tour\n")


def test_another_language_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """The languages that there are stand in the line."""
    assert run_command(["tour", "--lang", "la"]) == 2
    assert capsys.readouterr().err == "booking: there is no language 'la'; use one of en, zh\n"


def test_a_narrow_terminal_folds_the_texts_between_words() -> None:
    """On 40 columns, as with the large letters of a classroom, no line of either language is longer."""
    page = Screen(40)
    for language in LANGUAGES:
        for name, text in texts("tour", language).items():
            said = re.sub(r"\{\w+\}", "10", text)
            assert max(map(columns, folded(said, page))) <= 40, name
            assert "\n".join(folded(said, Screen(200))) == said
    assert folded("    read    Read the count. If it is 0, it is sold out.", page) == [
        "    read    Read the count. If it is 0,",
        "            it is sold out.",
    ]
