"""The questions that people ask about races: an answer in two sentences, the commands that show it, what they print.

The texts stand in a file for each language, the commands and what they printed once, for all languages.
"""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from booking.errors import BadInputError
from booking.text.language import require_language
from booking.text.words import nearest

_WORD = re.compile(r"[a-z0-9_+]+|(?=([\u4e00-\u9fff]{2}))")
"""A word, or two Chinese characters that follow each other: Chinese is written without spaces."""


@dataclass(frozen=True, kw_only=True)
class Transcript:
    """Commands, and what they printed. `promise` holds the parts that every run prints; empty if all of it is."""

    name: str
    commands: tuple[str, ...]
    output: str
    promise: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Question:
    """One question in one language. `words` are what people type who look for it."""

    name: str
    title: str
    answer: str
    words: str
    transcript: Transcript

    def to_json(self) -> dict[str, object]:
        """Return the question as JSON values."""
        return {
            "name": self.name,
            "question": self.title,
            "answer": self.answer,
            "commands": list(self.transcript.commands),
            "transcript": self.transcript.output,
        }


@cache
def transcripts() -> dict[str, Transcript]:
    """Return the transcripts by name."""
    tables = _read("transcripts.toml")
    return {
        name: Transcript(
            name=name,
            commands=tuple(table["commands"]),
            output=table.get("output", ""),
            promise=tuple(table.get("promise", ())),
        )
        for name, table in tables.items()
    }


@cache
def questions(language: str = "en") -> tuple[Question, ...]:
    """Return all questions; raise BadInputError for a language that is not there."""
    require_language(language)
    shown = transcripts()
    return tuple(
        Question(
            name=name,
            title=table["title"],
            answer=table["answer"].strip(),
            words=table["words"],
            transcript=shown[name],
        )
        for name, table in _read(f"{language}.toml").items()
    )


def question_named(name: str, language: str = "en") -> Question | None:
    """Return the question with this name or number from 1, None if there is none."""
    known = questions(language)
    if name.isdecimal() and 1 <= int(name) <= len(known):
        return known[int(name) - 1]
    return next((question for question in known if question.name == name), None)


def find(text: str, language: str = "en") -> list[Question]:
    """Return the questions that these words mean, the best first: a name, a number, or words to look for.

    A word in a question's title counts twice. Questions with less than half of the best one's points are left out.
    Raise BadInputError if no question has any of the words.
    """
    if exact := question_named(text.strip(), language):
        return [exact]
    if re.fullmatch(r"\s*-?\d+\s*", text):
        raise BadInputError(
            f"there is no question {text.strip():.40}; use a number from 1 to {len(questions(language))}"
        )
    wanted = _tokens(text) - _common(language)
    points = {question: _points(question, wanted) for question in questions(language)}
    best = max(points.values())
    if not best:
        names = [question.name for question in questions(language)]
        raise BadInputError(f"no question has these words{nearest(text, names)}; `booking why` lists all")
    found = [question for question, count in points.items() if 2 * count > best]
    return sorted(found, key=points.__getitem__, reverse=True)


def _points(question: Question, wanted: frozenset[str]) -> float:
    title, words = (_tokens(text) for text in (question.title, f"{question.words} {question.name}"))
    return sum(2 * (word in title) + (word in words) for word in wanted)


@cache
def _tokens(text: str) -> frozenset[str]:
    return frozenset(match[1] or match[0] for match in _WORD.finditer(text.lower()))


@cache
def _common(language: str) -> frozenset[str]:
    """Return the words that a third of all questions have: they tell nothing."""
    known = questions(language)
    every = [_tokens(f"{question.title} {question.words}") for question in known]
    return frozenset(word for word in frozenset().union(*every) if 3 * sum(word in one for one in every) > len(known))


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(files("booking.answers").joinpath(name).read_text(encoding="utf-8"))
