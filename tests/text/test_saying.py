"""`say`, `pick`, `catalogue`: the words that a person gets."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from babel.dates import format_datetime

from service import text
from service.text import LANGUAGES, N_, catalogue, locale_of, moment_in, pick, say

NIGHT = datetime(2026, 3, 9, 21, 5, tzinfo=UTC)
FUZZY = """#, fuzzy
msgid "Closed"
msgstr "Ανοιχτή"

msgid "Open"
msgstr ""

msgid "New"
msgstr "Νέα"
"""


@pytest.fixture
def little_catalogues(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Greek catalogue with one good entry, and no other."""
    (tmp_path / "el.po").write_text(FUZZY)
    monkeypatch.setattr(text, "CATALOGUES", tmp_path)
    monkeypatch.setattr(text, "catalogue", catalogue.__wrapped__)


def test_day_and_hour_are_written_as_in_each_language() -> None:
    assert [moment_in(language, NIGHT, "Europe/Athens") for language in LANGUAGES] == [
        "9 Μαρτίου 2026, 23:05",
        "9 март 2026\u202fг., 23:05",
        "2026 m. kovo 9 d., 23:05",
        "9 March 2026, 23:05",
    ]


def test_a_message_is_said_in_the_language_asked_for() -> None:
    said = [say(language, N_("New report {number}"), number="KOZ-2026-000001") for language in LANGUAGES]
    assert said == [
        "Νέα αναφορά KOZ-2026-000001",
        "Нов сигнал KOZ-2026-000001",
        "Naujas pranešimas KOZ-2026-000001",
        "New report KOZ-2026-000001",
    ]


def test_what_no_catalogue_has_is_said_in_english() -> None:
    assert say("el", "Nobody has translated {this}.", this="it") == "Nobody has translated it."
    assert say("fr", "Closed") == "Closed"


def test_braces_in_what_a_person_wrote_are_left_alone() -> None:
    assert say("en", "{category}: {note}", category="{0}", note="{number} {") == "{0}: {number} {"


def test_english_needs_no_catalogue() -> None:
    assert catalogue("en") == {}


@pytest.mark.usefixtures("little_catalogues")
def test_fuzzy_and_empty_entries_are_not_said() -> None:
    assert text.catalogue("el") == {"New": "Νέα"}
    assert [text.say("el", message) for message in ("Closed", "Open", "New")] == ["Closed", "Open", "Νέα"]


@pytest.mark.usefixtures("little_catalogues")
def test_a_language_without_a_catalogue_is_said_in_english() -> None:
    assert text.say("bg", "New") == "New"


def test_of_several_texts_the_first_language_that_there_is_wins() -> None:
    names = {"el": "Φωτισμός", "en": "Lighting", "bg": ""}
    assert pick(names, "en", "el") == "Lighting"
    assert pick(names, "lt", None, "bg", "el") == "Φωτισμός"


def test_a_text_in_none_of_the_languages_is_better_than_nothing() -> None:
    assert pick({"bg": "", "el": "Φωτισμός"}, "lt", "en") == "Φωτισμός"
    assert pick({}, "el") == ""


def test_dates_are_written_as_in_europe() -> None:
    written = {language: format_datetime(NIGHT, "short", locale=locale_of(language)) for language in LANGUAGES}
    assert written["en"] == "09/03/2026, 21:05"
    assert written["lt"] == "2026-03-09 21:05"
    assert all(date.startswith(("9/3", "9.03")) for date in (written["el"], written["bg"]))
