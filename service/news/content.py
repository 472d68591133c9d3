"""What an article says: texts side by side in several languages, its kind's facts, and what it is filed under.

`content` of a version: {"main_language", "title" and "summary" by language, "facts", "categories", "districts",
"links": [{"kind", "id"}], "pictures": [{"id", "alt" by language}], "attachments": [{"id", "title" by language,
"media_type", "bytes"}], "expires_at"}; its body is text by language beside it. The title and the body in the main
language are what there has to be; a language of which there is a title is one in which the article can be read.
"""

import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from service.db import session
from service.db.clock import now
from service.errors import Problem
from service.gis.locating import is_district
from service.municipalities.directory import Municipality
from service.news.kinds import KINDS
from service.news.kinds.facts import faults_of, instant, is_instant
from service.news.models import NewsCategory
from service.news.rendering import MARKDOWN
from service.text import N_


class ArticleIncomplete(Problem):
    """What the article says is not whole, or contradicts itself: `faults` are [{"where", "why"}]."""

    status, code, message = 422, "article_incomplete", N_("The article is not complete, or contradicts itself.")


@dataclass(frozen=True)
class Written:
    """What somebody wrote, or a feed brought: the columns of a version."""

    content: Mapping[str, Any]
    body: Mapping[str, str]
    format: str = MARKDOWN

    @property
    def pictures(self) -> list[uuid.UUID]:
        return [uuid.UUID(picture["id"]) for picture in self.content["pictures"]]

    @property
    def attachments(self) -> list[uuid.UUID]:
        return [uuid.UUID(one["id"]) for one in attached_in(self.content)]


def attached_in(content: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The documents of a version; those of the time before there were any have none."""
    found: Sequence[Mapping[str, Any]] = content.get("attachments", ())
    return found


def check_written(municipality: Municipality, kind: str, written: Written) -> None:
    """Refuse what can never be published; a draft may still lack facts. Raises ArticleIncomplete."""
    faults = [
        *of_texts(municipality, written),
        *of_topics(municipality, written.content),
        *of_files(written.content),
    ]
    loose = {"missing", "past"}
    faults += [fault for fault in of_facts(kind, written.content) if fault[1] not in loose]
    refuse(faults)


def check_whole(municipality: Municipality, kind: str, written: Written) -> None:
    """Refuse to publish what lacks something or is over already. Raises ArticleIncomplete."""
    faults = [*of_texts(municipality, written), *of_facts(kind, written.content), *of_files(written.content)]
    end = end_of(municipality, kind, written.content) if not faults else None
    if end is not None and end <= now():
        faults.append(("expires_at", "past"))
    if not faults and kind == "event" and end is None:
        faults.append(("facts.rule", "never"))
    refuse(faults)


def refuse(faults: Collection[tuple[str, str]]) -> None:
    if faults:
        raise ArticleIncomplete(faults=[{"where": where, "why": why} for where, why in faults])


def of_texts(municipality: Municipality, written: Written) -> Iterator[tuple[str, str]]:
    main, title = written.content["main_language"], written.content["title"]
    if main not in municipality.languages:
        yield "main_language", "unknown"
    if main not in title:
        yield "title", "missing"
    if main not in written.body:
        yield "body", "missing"
    for where, texts in (("summary", written.content["summary"]), ("body", written.body)):
        if not set(texts) <= set(title):
            yield where, "without_title"


def of_facts(kind: str, content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, why in faults_of(KINDS[kind], content["facts"], now()):
        yield f"facts.{name}", why
    if content["expires_at"] and not is_instant(content["expires_at"]):
        yield "expires_at", "instant"


def of_files(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each picture says in words what can be seen, each document what it is, in the main language at least; no document
    is there twice.
    """
    for number, picture in enumerate(content["pictures"]):
        if content["main_language"] not in picture["alt"]:
            yield f"pictures.{number}.alt", "missing"
    known: set[str] = set()
    for number, one in enumerate(attached_in(content)):
        if content["main_language"] not in one["title"]:
            yield f"attachments.{number}.title", "missing"
        if one["id"] in known:
            yield f"attachments.{number}.id", "twice"
        known.add(one["id"])


def of_topics(municipality: Municipality, content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key in sorted(set(content["categories"]) - known_categories(municipality)):
        yield "categories", f"unknown: {key}"
    for key in content["districts"]:
        if not is_district(municipality, key):
            yield "districts", f"unknown: {key}"


def known_categories(municipality: Municipality) -> set[str]:
    return set(session.scalars(select(NewsCategory.key).where(NewsCategory.municipality_id == municipality.id)))


def end_of(municipality: Municipality, kind: str, content: Mapping[str, Any]) -> datetime | None:
    """When readers stop seeing it by itself: the earlier of what its facts and its author say."""
    ends = [KINDS[kind].ends(content["facts"], municipality.time_zone)]
    ends.append(instant(content["expires_at"]) if content["expires_at"] else None)
    return min((end for end in ends if end is not None), default=None)
