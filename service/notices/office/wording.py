"""The texts of a notice: what they weigh, what is missing, how they look on a phone, and what they repeat."""

import unicodedata
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from service.errors import Problem
from service.municipalities.directory import Municipality
from service.outbox.budget import BYTE_BUDGET, TOPIC_BYTE_BUDGET, size
from service.text import N_, pick

NOTICE_SENT = "notice_sent"
NOTICE = "notice"
LONGEST_TITLE = 200
ALIKE = 0.85
"""From what share of equal text on two notices are near-duplicates; two equal texts have 1."""

Texts = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Screen:
    """How many characters of title and body a phone shows at first; a judgement, since phones differ."""

    title: int
    body: int


SCREENS = {
    "ios": Screen(35, 150),
    "ios_lock_screen": Screen(35, 85),
    "android": Screen(45, 45),
    "android_opened": Screen(45, 450),
}


class TextTooLong(Problem):
    """A text is longer than phones are sent: `language`, its `bytes`, and the `most`."""

    status, code, message = 422, "notice_too_long", N_("The text is too long for a notice.")


class TextMissing(Problem):
    """There is no text in the main `language` of the municipality."""

    status, code, message = 422, "notice_text_missing", N_("The text in the main language is missing.")


def data_of(municipality: Municipality, uid: uuid.UUID, subject: tuple[str, str] | None) -> dict[str, str]:
    """What a push carries for the app beside what every push does: which notice, and what a tap opens."""
    kind, about = subject or (NOTICE, str(uid))
    return {"municipality": municipality.slug, "notice": str(uid), "about_kind": kind, "about": about}


def weight(municipality: Municipality, text: Mapping[str, str], subject: tuple[str, str] | None) -> int:
    """The bytes that a phone is sent for this text, with all that goes with it."""
    made_up = uuid.UUID(int=0)
    every = {"event": str(made_up), "kind": NOTICE_SENT, "subject": f"{NOTICE}:{made_up}", "version": "99"}
    return size(text["title"], text["body"], data_of(municipality, made_up, subject) | every)


def weighed(municipality: Municipality, texts: Texts, subject: tuple[str, str] | None) -> list[dict[str, Any]]:
    """For each text its bytes and what is left of either budget (negative: too much)."""
    found = []
    for language, text in texts.items():
        used = weight(municipality, text, subject)
        found.append(
            {
                "language": language,
                "bytes": used,
                "most": BYTE_BUDGET,
                "left": BYTE_BUDGET - used,
                "left_of_topic": TOPIC_BYTE_BUDGET - used,
            }
        )
    return found


def missing(municipality: Municipality, texts: Texts) -> list[str]:
    """The languages of the municipality in which there is no text: who speaks one reads the main language's."""
    return [language for language in municipality.languages if language not in texts]


def ensure_sendable(municipality: Municipality, texts: Texts, subject: tuple[str, str] | None) -> None:
    """Refuse what cannot be sent. Raises TextMissing, TextTooLong."""
    if municipality.main_language not in texts:
        raise TextMissing(language=municipality.main_language)
    for found in weighed(municipality, texts, subject):
        if found["left"] < 0:
            raise TextTooLong(language=found["language"], bytes=found["bytes"], most=found["most"])


def text_for(municipality: Municipality, texts: Texts, language: str | None) -> tuple[str, str]:
    """Title and body for somebody who speaks this language."""
    order = (municipality.language_for(language), municipality.main_language)
    titles, bodies = ({spoken: text[part] for spoken, text in texts.items()} for part in ("title", "body"))
    return pick(titles, *order), pick(bodies, *order)


def on_screens(text: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """How the text looks on each kind of screen, and whether anything of it is cut off there."""
    found = {}
    for name, screen in SCREENS.items():
        title, body = cut(text["title"], screen.title), cut(text["body"], screen.body)
        found[name] = {"title": title, "body": body, "cut": (title, body) != (text["title"], text["body"])}
    return found


def cut(text: str, most: int) -> str:
    """The text as a phone cuts it: no letter is parted from its accents."""
    if len(text) <= most:
        return text
    end = most - 1
    while end > 0 and unicodedata.combining(text[end]):
        end -= 1
    return text[:end].rstrip() + "…"


def likeness(one: Texts, other: Texts) -> float:
    """How alike two notices are, 0 to 1: in the language in which they are most alike."""
    shared = set(one) & set(other)
    return max((ratio(plain(one[language]), plain(other[language])) for language in shared), default=0.0)


def plain(text: Mapping[str, str]) -> str:
    """The words without accents, case and spaces."""
    folded = unicodedata.normalize("NFKD", f"{text['title']} {text['body']}".casefold())
    return " ".join("".join(letter for letter in folded if not unicodedata.combining(letter)).split())


def ratio(one: str, other: str) -> float:
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return 0.0 if matcher.quick_ratio() < ALIKE else matcher.ratio()


def repeated(texts: Texts, before: Iterable[tuple[uuid.UUID, Texts]]) -> list[dict[str, Any]]:
    """Which of the notices before say nearly the same, the most alike first."""
    found = [(likeness(texts, other), uid) for uid, other in before]
    alike: Sequence[tuple[float, uuid.UUID]] = sorted(
        ((share, uid) for share, uid in found if share >= ALIKE), key=lambda one: -one[0]
    )
    return [{"notice": uid, "likeness": round(share, 2)} for share, uid in alike]
