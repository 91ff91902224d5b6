"""What people read is there in every language, under the same names, with the same gaps to fill."""

import re
import tomllib
from importlib.resources import files
from typing import Any

import pytest

from booking.errors import BadInputError
from booking.text.language import LANGUAGES, nearest_language, texts


def gaps(tables: dict[str, dict[str, Any]]) -> dict[str, set[str]]:
    """Return the names of all texts with the gaps that each has."""
    return {
        f"{room}.{name}": set(re.findall(r"{(\w+)}", text)) for room in tables for name, text in tables[room].items()
    }


def test_every_language_has_the_same_texts() -> None:
    """A text that is missing in one language, or a gap that is, would show on a phone in class."""
    found = [
        gaps(tomllib.loads(files("booking.text").joinpath(f"{name}.toml").read_text("utf-8"))) for name in LANGUAGES
    ]
    assert all(one == found[0] for one in found)


@pytest.mark.parametrize(
    ("wishes", "language"), [("zh-CN,zh;q=0.9,en;q=0.8", "zh"), ("de,en-US;q=0.7", "en"), ("", "en"), ("fr", "en")]
)
def test_a_phone_gets_its_language(wishes: str, language: str) -> None:
    """The first language that we have is taken, and English if we have none."""
    assert nearest_language(wishes) == language


def test_another_language_is_refused() -> None:
    """A language that is not there is named with those that are."""
    with pytest.raises(BadInputError, match="use one of en, zh"):
        texts("class", "xx")
