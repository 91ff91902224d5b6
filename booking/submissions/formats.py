"""A grade as other graders want it: Gradescope, Classroom 50, PrairieLearn, and JUnit for everybody else."""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from booking.grading.finding import BROKEN, HOLDS
from booking.submissions.grade import Grade
from booking.submissions.table import render
from booking.text.words import printable

LARGEST_MESSAGE = 500_000
"""How many characters of a report are handed on: PrairieLearn takes no more than a megabyte."""


def gradescope(grade: Grade) -> str:
    """Return what Gradescope reads from /autograder/results/results.json."""
    tests = [
        {
            "name": name,
            "score": score,
            "max_score": points,
            "status": "passed" if score == points else "failed",
            "output": text,
            "output_format": "text",
            "visibility": "visible",
        }
        for name, score, points, text in _parts(grade)
    ]
    return _json({"score": grade.score, "output": _text(grade), "output_format": "text", "tests": tests})


def classroom50(grade: Grade) -> str:
    """Return what Classroom 50 reads from result.json; its runner names the submission in environment variables."""
    names = {"classroom": "CLASSROOM", "assignment": "ASSIGNMENT", "submission": "SUBMISSION_TAG"}
    names |= {"commit": "COMMIT_URL", "release": "RELEASE_URL", "review": "REVIEW_URL"}
    tests = [
        {"test-name": name, "passed": score == points, "score": score, "max-score": points, "output": text}
        for name, score, points, text in _parts(grade)
    ]
    document = {"schema": "classroom50/result/v1"} | {key: os.environ.get(name, "") for key, name in names.items()}
    document["review"] = document["review"] or document["commit"]
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return _json(document | {"datetime": now, "score": grade.score, "max-score": grade.terms.max_score, "tests": tests})


def prairielearn(grade: Grade) -> str:
    """Return what PrairieLearn reads from /grade/results/results.json; its score is from 0 to 1."""
    tests = [
        {"name": name, "points": score, "max_points": points, "message": text}
        for name, score, points, text in _parts(grade)
    ]
    score = grade.score / grade.terms.max_score if grade.terms.max_score else 0
    return _json(
        {
            "gradable": not grade.refused,
            "score": score,
            "message": grade.refused,
            "output": _text(grade),
            "tests": tests,
        }
    )


def junit(grades: Sequence[Grade]) -> str:
    """Return the grades as JUnit's XML: a suite for each file, a test for each property, unknown as an error."""
    root = Element("testsuites", name="booking grade")
    for grade in grades:
        suite = SubElement(root, "testsuite", name=printable(grade.file))
        names = dict.fromkeys((*grade.terms.required, *grade.terms.points))
        for name in names:
            case = SubElement(suite, "testcase", classname=grade.lock or printable(grade.file), name=name)
            answer = grade.answer(name)
            if answer != HOLDS:
                problem = SubElement(case, "failure" if answer == BROKEN else "error", message=grade.refused or answer)
                problem.text = _text(grade)
        counts = {
            "tests": len(names),
            "failures": len(suite.findall(".//failure")),
            "errors": len(suite.findall(".//error")),
        }
        suite.attrib.update({key: str(count) for key, count in counts.items()})
    return tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _parts(grade: Grade) -> Iterator[tuple[str, int, int, str]]:
    """Yield each property with its points, and what to say about it; the witness stands beside the first that fails."""
    told = False
    for name, score in grade.scores.items():
        text = grade.refused or f"{name}: {grade.answer(name)}"
        if score < grade.terms.points[name] and not told and not grade.refused:
            text, told = _text(grade), True
        yield name, score, grade.terms.points[name], text


def _text(grade: Grade) -> str:
    return render(grade)[:LARGEST_MESSAGE]


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2) + "\n"


FORMATS: dict[str, Callable[[Grade], str]] = {
    "gradescope": gradescope,
    "classroom50": classroom50,
    "prairielearn": prairielearn,
}
"""The formats of one grade by their names on the command line; `junit` takes several."""
