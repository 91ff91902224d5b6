"""`booking grade`: its table, its JSON, its exit statuses, its reports, and what it refuses."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from booking import textbook
from booking.cli.app import run_command
from booking.submissions import course
from booking.textbook.starter import starter_of

HOLDS = {"exclusion": "holds", "deadlock_freedom": "holds", "starvation_freedom": "holds"}


@pytest.fixture
def lock(tmp_path: Path) -> Any:  # noqa: ANN401 - a function
    """Return a function that writes a lock of the textbook to a file and returns its name."""

    def write(name: str) -> str:
        file = tmp_path / f"{name}.py"
        file.write_text(starter_of(name), encoding="utf-8")
        return str(file)

    return write


def document(capsys: pytest.CaptureFixture[str]) -> Any:  # noqa: ANN401 - JSON
    return json.loads(capsys.readouterr().out)


def test_a_right_lock_in_json(lock: Any, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: ANN401
    """The document has exactly the keys of the contract, and the exit status is 0."""
    file = lock("peterson")
    assert run_command(["grade", file, "--json"]) == 0
    result = {"buyers": 2, **HOLDS, "bypass": 1, "steps": None, "witness": None}
    assert document(capsys) == {
        "schema": 1,
        "file": file,
        "lock": "Peterson",
        "results": [result],
        "score": 100,
        "max_score": 100,
    }


def test_a_wrong_lock_in_json(lock: Any, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: ANN401
    """The witness has who did what in which line, and the values of all cells; the exit status is 1."""
    assert run_command(["grade", lock("naive-flag"), "--json"]) == 1
    found = document(capsys)
    [result] = found["results"]
    assert (found["score"], result["steps"], result["exclusion"], result["bypass"]) == (0, 4, "broken", None)
    witness = result["witness"]
    assert (witness["property"], witness["schedule"], witness["cycle"]) == ("exclusion", [1, 2, 1, 2], [])
    assert witness["steps"][-1] == {
        "buyer": 2,
        "cell": "taken",
        "access": "write",
        "value": True,
        "was": None,
        "line": 14,
        "text": "self.taken = True",
        "cells": {"taken": True},
        "buffers": [],
        "inside": [1, 2],
    }


def test_one_of_several_locks_is_named(lock: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: ANN401
    """FILE:CLASS grades one class of a file; the document has the file and the class apart."""
    both = tmp_path / "both.py"
    both.write_text("".join(Path(lock(name)).read_text() for name in ("peterson", "naive-flag")), encoding="utf-8")
    assert run_command(["grade", str(both)]) == 2
    assert "several locks, Peterson, NaiveFlag; name one" in capsys.readouterr().err
    assert run_command(["grade", f"{both}:NaiveFlag", "--json"]) == 1
    found = document(capsys)
    assert (found["file"], found["lock"]) == (str(both), "NaiveFlag")


def test_the_table_names_line_and_code(lock: Any, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: ANN401
    """Each step stands beside its line of the student's file."""
    assert run_command(["grade", lock("hyman")]) == 1
    lines = capsys.readouterr().out.splitlines()
    steps = [line.split(maxsplit=2) for line in lines if line[:1].isdecimal() and "self." in line]
    assert len(steps) == 7
    assert any("15    self.turn = me" not in line and "buyer 2 is inside" in line for line in lines)
    assert "Score: 0 of 100 (exclusion 0 of 50, deadlock 0 of 30, starvation 0 of 20)." in lines


@pytest.mark.parametrize(
    ("options", "status"),
    [
        pytest.param([], 0, id="exclusion-and-deadlock-by-default"),
        pytest.param(["--require", "exclusion,deadlock,starvation"], 1, id="starvation"),
        pytest.param(["--require", "exclusion", "--memory", "tso"], 0, id="buffers"),
        pytest.param(["--require", "bypass=1"], 1, id="no-bound"),
    ],
)
def test_what_is_required_decides(lock: Any, options: list[str], status: int) -> None:  # noqa: ANN401
    """Test-and-set excludes and never stands still, and lets a buyer starve."""
    assert run_command(["grade", lock("test-and-set"), *options]) == status


def test_bypass_can_be_required_and_worth_points(lock: Any, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: ANN401
    """Peterson's lock lets the other one in once, which is within a bound of 1 and not of 0."""
    file = lock("peterson")
    points = ["--points", "exclusion=1,bypass=2", "--json"]
    assert run_command(["grade", file, "--require", "bypass=1", *points]) == 0
    assert (found := document(capsys))["score"] == found["max_score"] == 3
    assert run_command(["grade", file, "--require", "bypass=0", *points]) == 1
    assert document(capsys)["score"] == 1


@pytest.mark.parametrize(
    ("text", "score"),
    [
        pytest.param("pass", 0, id="keeps-nobody-apart"),
        pytest.param("while self.turn == 0: pass", 0, id="lets-nobody-in"),
    ],
)
def test_what_only_looks_like_a_lock_earns_nothing(
    text: str, score: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No points for progress without exclusion, nor for exclusion without anybody who gets in."""
    file = tmp_path / "lock.py"
    file.write_text(
        f"from booking import Cell\nclass Lock:\n    turn = Cell(0)\n    def acquire(self, me):\n        {text}\n"
        "    def release(self, me):\n        pass\n",
        encoding="utf-8",
    )
    assert run_command(["grade", str(file), "--json"]) == 1
    assert document(capsys)["score"] == score


def test_an_attribute_that_should_be_a_cell_is_named(lock: Any, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: ANN401
    """One method assigns what another one reads, and the lock fails; a right lock may have such attributes."""
    run_command(["grade", lock("private-flag")])
    assert "self.taken is private to each process" in capsys.readouterr().out
    run_command(["grade", lock("clh")])
    assert "private" not in capsys.readouterr().out


def test_who_waits_alone_is_named(lock: Any, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: ANN401
    """Strict alternation makes a buyer wait when nobody is there; two that wait for each other are no such case."""
    run_command(["grade", lock("strict-alternation")])
    assert "Buyer 2 waits although nobody else wants to enter." in capsys.readouterr().out
    run_command(["grade", lock("lock-one")])
    assert "although" not in capsys.readouterr().out


@pytest.mark.parametrize(("name", "steps"), [("swap-once", 6), ("mcs-forgetful", 17)])
def test_real_processes_replay_what_is_broken(
    lock: Any,  # noqa: ANN401
    name: str,
    steps: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The witness happens step by step, also where a buyer comes back; the table names the command for it."""
    file = lock(name)
    assert run_command(["grade", file]) == 1
    assert f"    booking grade {file} --replay" in capsys.readouterr().out.splitlines()
    assert run_command(["grade", file, "--replay"]) == 1
    assert f": {steps} steps happened on real processes as predicted." in capsys.readouterr().out


def test_a_folder_is_graded_file_by_file(lock: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: ANN401
    """One bad file harms none of the others, and the first of 1, 2 and 3 that occurs is the exit status."""
    for name in ("peterson", "ticket", "naive-flag"):
        lock(name)
    (tmp_path / "bad.py").write_text("class", encoding="utf-8")
    (tmp_path / "killed.py").write_text("import os; os._exit(9)", encoding="utf-8")
    assert run_command(["grade", str(tmp_path), "--json"]) == 1
    found = document(capsys)["files"]
    names = ["bad.py", "killed.py", "naive-flag.py", "peterson.py", "ticket.py"]
    assert [Path(each["file"]).name for each in found] == names
    assert [each["score"] for each in found] == [0, 0, 0, 100, 100]
    assert [each.get("error", "")[:6] for each in found] == ["line 1", "it end", "", "", ""]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(["none.py"], "none.py is no lock: there is no such file", id="missing"),
        pytest.param(["."], ". is no lock: it is a folder without a Python file", id="empty-folder"),
        pytest.param(
            ["x.py", "--report", "junit=no/x"], "choose another file with --report junit\n", id="report-folder"
        ),
        pytest.param(["x.py", "--points", "exclusion=x"], "--points has 'exclusion=x'; use", id="points"),
        pytest.param([], "grade needs FILE, --suite, --self-test or --starter", id="nothing"),
        pytest.param(["x.py", "--buyers", "0"], "--buyers is '0'; use numbers from 1 to 8", id="buyers"),
        pytest.param(["x.py", "--require", "exclusoin"], "did you mean 'exclusion'?", id="property"),
        pytest.param(["x.py", "--require", "bypass"], "--require has 'bypass'", id="bypass-without-number"),
        pytest.param(["x.py", "--points", "bypass=1"], "--require bypass=N", id="points-for-no-bypass"),
        pytest.param(["x.py", "--memory", "arm"], "--memory is 'arm'; use sc or tso", id="memory"),
        pytest.param(["x.py", "--entries", "0"], "--entries is 0; use a number from 1 to 10", id="entries"),
        pytest.param(["x.py", "--report", "moodle=y"], "--report is 'moodle=y'", id="report"),
        pytest.param(["x.py", "y.py", "--report", "gradescope=z"], "takes one file", id="one-file"),
        pytest.param(["--starter", "petersen"], "did you mean 'peterson'?", id="starter"),
    ],
)
def test_what_cannot_be_done_is_refused(
    arguments: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line on standard error, and exit status 2."""
    monkeypatch.chdir(tmp_path)
    assert run_command(["grade", *arguments]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert says in shown.err
    assert shown.err.count("\n") == 1


def reported(kind: str, file: str, folder: Path) -> str:
    """Return the report of one kind about a file."""
    target = folder / "report"
    run_command(["grade", file, "--report", f"{kind}={target}"])
    return target.read_text(encoding="utf-8")


def test_gradescope(lock: Any, tmp_path: Path) -> None:  # noqa: ANN401
    """A test for each property with points; the one that fails first shows the witness."""
    found = json.loads(reported("gradescope", lock("strict-alternation"), tmp_path))
    tests = [(test["name"], test["score"], test["max_score"], test["status"]) for test in found["tests"]]
    assert tests == [("exclusion", 50, 50, "passed"), ("deadlock", 0, 30, "failed"), ("starvation", 0, 20, "failed")]
    assert "turn is 0" in found["tests"][1]["output"]
    assert {test["output_format"] for test in found["tests"]} == {"text"}


def test_classroom50(lock: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ANN401
    """The schema's name, whole numbers, and the submission as the runner names it."""
    monkeypatch.setenv("CLASSROOM", "os")
    found = json.loads(reported("classroom50", lock("peterson"), tmp_path))
    assert (found["schema"], found["classroom"], found["score"], found["max-score"]) == (
        "classroom50/result/v1",
        "os",
        100,
        100,
    )
    assert found["tests"][0] | {"output": ""} == {
        "test-name": "exclusion",
        "passed": True,
        "score": 50,
        "max-score": 50,
        "output": "",
    }


def test_prairielearn(lock: Any, tmp_path: Path) -> None:  # noqa: ANN401
    """A score from 0 to 1; a file that is no lock cannot be graded."""
    found = json.loads(reported("prairielearn", lock("test-and-set"), tmp_path))
    assert (found["score"], found["gradable"]) == (0.8, True)
    assert [test["points"] for test in found["tests"]] == [50, 30, 0]
    bad = tmp_path / "bad.py"
    bad.write_text("1 +", encoding="utf-8")
    assert json.loads(reported("prairielearn", str(bad), tmp_path))["gradable"] is False


def test_junit(lock: Any, tmp_path: Path) -> None:  # noqa: ANN401
    """A suite for each file, with a failure for each property that is broken."""
    root = ET.fromstring(reported("junit", lock("naive-flag"), tmp_path))  # noqa: S314 - our own text
    [suite] = root
    assert (suite.attrib["tests"], suite.attrib["failures"], suite.attrib["errors"]) == ("3", "2", "0")
    assert [case.attrib["name"] for case in suite if len(case)] == ["exclusion", "starvation"]


def test_the_page_escapes_what_students_write(lock: Any, tmp_path: Path) -> None:  # noqa: ANN401
    """The page has the code, every cell at every step, and no markup of the student's."""
    file = Path(lock("naive-flag"))
    file.write_text(file.read_text().replace("= True", "= True  # <script>"), encoding="utf-8")
    page = tmp_path / "page.html"
    run_command(["grade", str(file), "--html", str(page)])
    text = page.read_text(encoding="utf-8")
    assert "self.taken = True  # &lt;script&gt;" in text
    assert "<script" not in text
    assert text.count("buyer") > 0
    assert text.count("<td>1, 2</td></tr>") == 1  # both are inside after the last step of the first witness


def test_the_grader_tests_itself(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A grader that misjudges a lock of the textbook says which, and grades nothing: exit status 3."""
    some = {name: textbook.TEXTBOOK[name] for name in ("peterson", "hyman", "peterson-for-many")}
    monkeypatch.setattr(course, "TEXTBOOK", some)
    assert run_command(["grade", "--self-test"]) == 0
    monkeypatch.setitem(some, "peterson", textbook.TextbookLock("wrong.py:NaiveFlag", "", some["peterson"].known))
    assert run_command(["grade", "--self-test"]) == 3
    shown = capsys.readouterr().err
    assert "peterson with 2 buyers: exclusion is broken, and holds is known" in shown
    assert "The grader fails its own test, so it grades nothing." in shown
