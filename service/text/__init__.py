"""What we say, in the languages that we speak: gettext catalogues, English in the code."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date
from babel.messages.pofile import read_po

LANGUAGES = ("el", "bg", "lt", "en")
EUROPEAN = {"en": "en_GB"}
CATALOGUES = Path(__file__).parent / "catalogues"


def N_(message: str) -> str:
    """Mark a message for the catalogues."""
    return message


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """English message → message in this language; fuzzy entries are left out."""
    path = CATALOGUES / f"{language}.po"
    if language == "en" or not path.exists():
        return {}
    with path.open("rb") as file:
        messages = read_po(file, locale=language)
    return {str(m.id): str(m.string) for m in messages if m.id and m.string and not m.fuzzy}


def say(language: str, message: str, **values: Any) -> str:
    """The message in this language, with its values; in English where the catalogue has none."""
    return catalogue(language).get(message, message).format(**values)


def pick(texts: Mapping[str, str], *languages: str | None) -> str:
    """Of one text in several languages, the first that exists in this order; otherwise whatever there is."""
    for language in languages:
        if language and texts.get(language):
            return texts[language]
    return next((text for text in texts.values() if text), "")


def locale_of(language: str) -> str:
    """The locale by whose custom dates and numbers are written in this language: for English not the American one."""
    return EUROPEAN.get(language, language)


def moment_in(language: str, instant: datetime, time_zone: str) -> str:
    """The day and hour of an instant by these clocks, as people write them in this language."""
    local = instant.astimezone(ZoneInfo(time_zone))
    return f"{format_date(local, 'long', locale_of(language))}, {local:%H:%M}"
