"""What the lab's page asks for, answered by plain Python: the same functions run in the browser."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from booking.cli.app import run_command
from booking.lab.bridge import call
from booking.lab.site import exercises, lessons
from booking.text.language import LANGUAGES

LESSONS = Path(__file__).parents[2] / "docs" / "lessons"
EXERCISES = tomllib.loads((LESSONS / "exercises.toml").read_text(encoding="utf-8"))


def test_a_level_is_played_to_its_win() -> None:
    """Both buyers read 1 before one of them writes; then the ticket is sold twice, and nobody can move any more."""
    state = call("play", {"level": "twice", "turns": [1, 1, 2, 2, 2]})
    assert [buyer["next"] for buyer in state["buyers"]] == ["write 0", None]
    state = call("play", {"level": "twice", "turns": [1, 1, 2, 2, 2, 1]})
    assert (state["won"], state["sold"], state["order"], state["ways"]) == (True, 2, "1,1,2,2,2,1", 12)


def test_every_level_can_be_opened_and_claims_are_judged_by_the_proof() -> None:
    """A claim that nobody can win is right exactly where the explorer knows no way."""
    for level in call("levels", {"language": "en"})["levels"]:
        state = call("play", {"level": level["name"], "turns": []})
        assert call("claim", {"level": level["name"]})["right"] is (state["least"] is None)


def test_an_exploration_has_counts_and_a_page() -> None:
    """Two buyers without a lock have 20 orders, and the page shows them."""
    found = call("explore", {"buyers": 2, "tickets": 1, "lock": "none", "store": "json", "crashes": 0})
    assert (found["verdict"], found["counts"]["interleavings"]) == ("oversold", "20")
    assert found["page"].lower().startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("code", "line", "message"),
    [
        pytest.param("class A:\n    def acquire(self, me)\n", 2, "expected", id="syntax"),
        pytest.param("x = 1\n", None, "there is no lock here", id="no-lock"),
        pytest.param("a = 1\n1 / 0\n", 2, "ZeroDivisionError", id="fails-at-once"),
    ],
)
def test_a_mistake_is_named_with_its_line(code: str, line: int | None, message: str) -> None:
    """What is wrong with a pupil's text is an answer, at its line, and no traceback."""
    answer = call("prove", {"code": code, "buyers": [2]})
    assert message in answer["error"]
    assert answer.get("line") == line


def test_a_buyer_is_proved_like_a_lock() -> None:
    """A function that takes a desk is a buyer: every order of two of them is tried."""
    code = """def purchase(desk):
    with desk.lock:
        count = desk.read()
        if count == 0:
            return "sold out"
        desk.write(count - 1)
    return "bought"
"""
    answer = call("prove", {"code": code, "buyers": [2]})
    assert (answer["buyer"], answer["verdict"]) == ("purchase", "oversold")
    assert "The shortest order" in answer["text"]


@pytest.mark.parametrize("name", EXERCISES)
def test_an_exercise_is_right_by_the_command_that_it_names(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command proves the answer, and the lab accepts it and no other."""
    exercise: dict[str, Any] = EXERCISES[name]
    monkeypatch.chdir(tmp_path)
    for file, text in exercise.get("files", {}).items():
        Path(file).write_text(text, encoding="utf-8")
    _, *arguments = exercise["command"].replace("ANSWER", exercise["answer"]).split()
    assert run_command(arguments) == 0
    shown = capsys.readouterr().out
    if "key" in exercise:
        found = json.loads(shown)
        for key in exercise["key"].split("."):
            found = found[int(key) if key.isdecimal() else key]
        assert str(found) == exercise.get("value", exercise["answer"])
    assert call("check", {"exercise": exercise, "answer": exercise["answer"]}) == {"right": True}
    wrong = "1,1" if exercise["kind"] == "schedule" else "c"
    assert not call("check", {"exercise": exercise, "answer": wrong}).get("right")


def test_both_languages_have_the_same_lessons() -> None:
    """The same files with the same transcripts and exercises in the same order, and five lines for the teacher."""
    import re  # noqa: PLC0415 - one test

    english, chinese = (sorted((LESSONS / language).glob("*.md")) for language in LANGUAGES)
    assert [page.name for page in english] == [page.name for page in chinese]
    marks = re.compile(r"<!-- (?:transcript|exercise): [\w-]+ -->")
    for one, other in zip(english, chinese, strict=True):
        texts = [page.read_text(encoding="utf-8") for page in (one, other)]
        assert marks.findall(texts[0]) == marks.findall(texts[1]), one.name
        assert all(text.count("## ") >= 4 for text in texts), one.name
        assert all(re.search(r"(?m)^5\. ", text) for text in texts), one.name
    assert [lesson["name"] for lesson in lessons("en")] == [page.stem for page in english]
    used = [name for page in english for name in re.findall(r"exercise: ([\w-]+)", page.read_text(encoding="utf-8"))]
    assert used == list(exercises())


def test_the_bridge_needs_nothing_that_a_browser_lacks() -> None:
    """Neither the command line nor its libraries, nor processes and sockets, are imported for what the page asks."""
    lacking = "typer click rich filelock fcntl _multiprocessing termios resource select _socket"
    script = (
        "import sys\n"
        f"for name in {lacking.split()!r}: sys.modules[name] = None\n"
        "from booking.lab.bridge import call\n"
        "assert call('explore', dict(buyers=2))['verdict'] == 'oversold'\n"
        "assert call('levels', dict(language='zh'))['levels']\n"
        "assert 'error' not in call('play', dict(level='twice', turns=[1]))\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
