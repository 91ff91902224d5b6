"""The texts that people see in their own language: one file for each language, one table in it for each room."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from booking.errors import BadInputError

LANGUAGES = ("en", "zh")


@cache
def texts(room: str, language: str = "en") -> Mapping[str, str]:
    """Return the texts of a room by name; raise BadInputError for a language that is not there."""
    require_language(language)
    tables = tomllib.loads(files("booking.text").joinpath(f"{language}.toml").read_text(encoding="utf-8"))
    found: Mapping[str, str] = tables[room]
    return found


def require_language(language: str) -> None:
    """Raise BadInputError for a language that is not there."""
    if language not in LANGUAGES:
        raise BadInputError(f"there is no language {language!r:.20}; use one of {', '.join(LANGUAGES)}")


def nearest_language(wishes: str) -> str:
    """Return the first language of an Accept-Language header that we have, else English: RFC 9110, 12.5.4."""
    for wish in wishes.split(","):
        name = wish.split(";")[0].strip().lower().partition("-")[0]
        if name in LANGUAGES:
            return name
    return "en"
