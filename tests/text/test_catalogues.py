"""What we say is there in every language, complete, and written in that language."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from string import Formatter

import pytest
import yaml
from babel.dates import format_datetime
from babel.messages import Message
from babel.messages.pofile import read_po

import service
from service.errors import Problem
from service.reports.messages import DIGEST, FOR_DEPARTMENT, REOPENED, TEXTS
from service.reports.routing import FALLBACK, RELATIONS, WORDS
from service.reports.states import STATES
from service.text import CATALOGUES, LANGUAGES, catalogue, locale_of, say
from tests.text.script import CHECKOUT, messages_script

TRANSLATED = [language for language in LANGUAGES if language != "en"]

SAME_AS_ENGLISH = {"{category}: {note}", "{action}: {status}."}
LATIN_WORDS = {"JPEG", "PNG", "WebP", "HEIC", "AVIF", "EPSG", "ISO", "lon", "lat", "category", "API", "Plateia"}
LATIN_WORDS |= {"JavaScript", "authenticator", "UTC", "photos", "Polis", "PDF"}

GREEK = set("αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ")
BULGARIAN = set("абвгдежзийклмнопрстуфхцчшщъьюяѝ")
LITHUANIAN = set("aąbcčdeęėfghiįyjklmnoprsštuųūvzž")
ALPHABETS = {"el": GREEK, "bg": BULGARIAN, "lt": LITHUANIAN}
TELLING = {"el": set("άέήίόύώς"), "bg": set("щъюя"), "lt": set("ąčęėįšųūž")}
"""Letters that a neighbour's alphabet has not: a catalogue as a whole uses each of them."""
QUOTATION_MARKS = "\"'`“”„«»"
QUOTES = {"el": "«»", "bg": "„“", "lt": "„“"}

PUSH_BYTES = 400
TOLD = [*TEXTS.values(), REOPENED]
SAMPLES = [yaml.safe_load(path.read_text()) for path in sorted((CHECKOUT / "service" / "samples").glob("*.yaml"))]
LATE = datetime(2026, 12, 31, 22, 30, tzinfo=UTC)


def entries(language: str) -> list[Message]:
    """The entries of a catalogue as they stand in its file."""
    text = (CATALOGUES / f"{language}.po").read_bytes()
    return [message for message in read_po(BytesIO(text), locale=language) if message.id]


def translations(language: str) -> list[tuple[str, str]]:
    """Each English message with its translation."""
    return [(str(entry.id), str(entry.string)) for entry in entries(language)]


def placeholders(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in Formatter().parse(text) if name is not None)


def words(text: str) -> list[str]:
    """The words of a text without its placeholders."""
    return re.findall(r"[^\W\d_]+", re.sub(r"\{\w*\}", " ", text))


def all_problems() -> Iterator[type[Problem]]:
    """Every refusal of the service, in whichever module it stands."""
    for module in pkgutil.walk_packages(service.__path__, "service."):
        if module.name != "service.wsgi":
            importlib.import_module(module.name)
    waiting = [Problem]
    while waiting:
        problem = waiting.pop()
        waiting += problem.__subclasses__()
        if problem.__module__.startswith("service."):
            yield problem


# --- the whole of it -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalogue_holds_what_the_code_marks_and_nothing_else(language: str) -> None:
    script = messages_script()
    assert {str(entry.id) for entry in entries(language)} == set(script.marked_messages(Path(service.__path__[0])))


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_command_has_nothing_left_to_do(language: str) -> None:
    script = messages_script()
    assert script.keep(language, script.marked_messages(script.SERVICE), check=True), "run scripts/messages.py"


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_entry_is_fuzzy(language: str) -> None:
    assert not [entry.id for entry in entries(language) if entry.fuzzy]


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalogue_uses_the_letters_that_are_its_own(language: str) -> None:
    used = set("".join(str(entry.string) for entry in entries(language)).lower())
    assert TELLING[language] <= used


@pytest.mark.parametrize("language", TRANSLATED)
def test_two_messages_are_not_translated_by_the_same_words(language: str) -> None:
    texts = [str(entry.string) for entry in entries(language)]
    assert not {text for text in texts if texts.count(text) > 1}


def test_the_command_and_the_service_speak_the_same_languages() -> None:
    assert list(messages_script().LANGUAGES) == TRANSLATED


# --- each entry ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_message_is_translated(language: str) -> None:
    assert not [english for english, translated in translations(language) if not translated]
    assert {english for english, translated in translations(language) if translated == english} == SAME_AS_ENGLISH


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_names_the_same_values(language: str) -> None:
    for english, translated in translations(language):
        assert placeholders(translated) == placeholders(english)


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_is_written_in_the_letters_of_its_language(language: str) -> None:
    for english, translated in translations(language):
        own = [word for word in words(translated) if word not in LATIN_WORDS]
        assert own or english in SAME_AS_ENGLISH, english
        assert not [word for word in own if not set(word.lower()) <= ALPHABETS[language]], translated


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_begins_and_ends_as_the_message_does(language: str) -> None:
    for english, translated in translations(language):
        assert translated[0].isupper() == english[0].isupper(), translated
        assert ending(translated) == ending(english), translated


def ending(text: str) -> str:
    """The punctuation that ends a text; none after a word or a value."""
    return "" if text[-1].isalnum() or text[-1] == "}" else text[-1]


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_has_no_stray_blanks(language: str) -> None:
    for _, translated in translations(language):
        assert translated == translated.strip()
        assert not re.search(r"\s{2}|\s[.,:;!?)]|[\n\t]", translated), translated


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_has_the_quotation_marks_of_its_language(language: str) -> None:
    for english, translated in translations(language):
        marks = [character for character in translated if character in QUOTATION_MARKS]
        assert marks == list(QUOTES[language]) * english.count("“"), translated


# --- what is said --------------------------------------------------------------------------------------------------


def test_every_refusal_is_marked_and_is_a_sentence() -> None:
    marked = messages_script().marked_messages(Path(service.__path__[0]))
    for problem in all_problems():
        assert problem.message in marked, problem
        assert problem.message[0].isupper() and problem.message.endswith("."), problem
        assert not placeholders(problem.message), f"{problem}: a refusal is said without values"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_has_a_label_of_its_own(language: str) -> None:
    labels = [say(language, state.label) for state in STATES.values()]
    assert all(labels) and len(set(labels)) == len(STATES)
    if language != "en":
        assert not {state.label for state in STATES.values()} - catalogue(language).keys()


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_state_is_told_in_every_language(language: str) -> None:
    assert TEXTS.keys() == STATES.keys()
    told = {text for texts in TEXTS.values() for text in texts} | {*REOPENED, *FOR_DEPARTMENT, *DIGEST}
    assert not told - catalogue(language).keys()


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_way_to_a_department_can_be_said(language: str) -> None:
    assert {*RELATIONS, FALLBACK} == WORDS.keys()
    assert not set(WORDS.values()) - catalogue(language).keys()


def longest(table: str, language: str) -> str:
    """The longest name of a sample's departments or categories, in bytes."""
    names = [row["name"][language] for sample in SAMPLES for row in sample[table] if language in row["name"]]
    return max(names, key=lambda name: len(name.encode()))


def long_values(language: str) -> dict[str, str]:
    """As much as the texts may have to hold, but for the note, which is cut."""
    return {
        "number": "KOZ-2026-123456",
        "category": longest("categories", language),
        "department": longest("departments", language),
        "promised": format_datetime(LATE, "short", locale=locale_of(language)),
        "note": "",
    }


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("texts", TOLD, ids=[*TEXTS, "reopened"])
def test_a_push_of_long_names_fits_the_screen(language: str, texts: tuple[str, str]) -> None:
    title, body = (say(language, text, **long_values(language)) for text in texts)
    assert len((title + body).encode()) <= PUSH_BYTES


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("texts", TOLD, ids=[*TEXTS, "reopened"])
def test_a_push_reads_as_a_sentence_with_values_in_it(language: str, texts: tuple[str, str]) -> None:
    for text in texts:
        said = say(language, text, **long_values(language))
        assert "{" not in said and ".." not in said
