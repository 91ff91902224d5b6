"""Whatever a confined child answers, the judge either proves what it claims or says that it tampers."""

import json
import random
from collections.abc import Callable  # noqa: TC003
from pathlib import Path
from typing import Any, cast

import pytest

from booking.errors import BadInputError
from booking.grading.proof import prove
from booking.submissions.opening import answers
from booking.submissions.sandbox import Child, LostError
from booking.submissions.stranger import Stranger
from booking.textbook.starter import starter_of

JUNK: list[Any] = [None, True, -1, 0, 3, 10**30, 1.5, "", "taken", "read", [], [1], {}, {"": 1}, "\x1b[2J"]


class LyingChild:
    """Answers as the child does, without being confined, and changes one answer in a few."""

    def __init__(self, draw: random.Random) -> None:
        self.draw = draw
        self._answer: Callable[[str], str] = answers(lambda: None)

    def ask(self, question: str) -> str:
        """Return the child's answer, perhaps changed."""
        told = json.loads(self._answer(question))
        if self.draw.random() < 0.1:
            told = self._changed(told)
        return json.dumps(told)

    def _changed(self, value: Any) -> Any:  # noqa: ANN401 - JSON
        if isinstance(value, dict | list) and value and self.draw.random() < 0.9:
            key = self.draw.choice([*value] if isinstance(value, dict) else range(len(value)))
            value[key] = self._changed(value[key])
            return value
        return self.draw.choice(JUNK)


@pytest.mark.often(times=150)
def test_no_answer_harms_the_judge(times: int, tmp_path: Path) -> None:
    """Of many children that lie at random, each is either judged by what it says or found out."""
    file = tmp_path / "lock.py"
    file.write_text(starter_of("naive-flag"), encoding="utf-8")
    ends = set()
    for seed in range(times):
        try:
            lock = Stranger(cast("Child", LyingChild(random.Random(seed))), file, None)
            ends.add(prove(lock, seconds=5, states=10_000).exclusion.answer)
        except (BadInputError, LostError) as error:
            ends.add(type(error).__name__)
    assert ends >= {"broken", "LostError"}


def test_an_honest_child_is_judged_as_its_code(tmp_path: Path) -> None:
    """A proof about a stranger's lock is the proof about the same class at home."""
    file = tmp_path / "lock.py"
    file.write_text(starter_of("szymanski"), encoding="utf-8")
    draw = random.Random(0)
    draw.random = lambda: 1.0  # type: ignore[method-assign]
    found = prove(Stranger(cast("Child", LyingChild(draw)), file, None))
    assert (found.lock, found.exclusion.answer, found.bypass) == ("Szymanski", "holds", 2)
