"""Articles as readers and staff see them: plain values for JSON and for whatever else is made of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from service.db.types import AnyRow
from service.municipalities.directory import Municipality
from service.municipalities.linking import Links, with_addresses
from service.news.content import attached_in
from service.news.kinds import KINDS
from service.news.models import Article, ArticleVersion, NewsSource
from service.news.rendering import safe_html
from service.news.states import possible
from service.text import pick


def spoken(content: Mapping[str, Any], wanted: str) -> str:
    """The language in which somebody reads this who wants that one: the main one where it is not translated."""
    main: str = content["main_language"]
    return wanted if wanted in content["title"] else main


def card(row: AnyRow, wanted: str) -> dict[str, Any]:
    """An article in a list, in the wanted language or its main one."""
    content = row.content
    language, main = spoken(content, wanted), content["main_language"]
    return {
        "id": row.uid,
        "kind": row.kind,
        "title": content["title"][language],
        "summary": pick(content["summary"], language, main) or None,
        "language": language,
        "translated": language == wanted,
        "languages": sorted(content["title"]),
        "pinned": row.pinned,
        "categories": content["categories"],
        "districts": content["districts"],
        "picture": next(iter(pictures_of(content, language)), None),
        "facts": facts_in(row.kind, content["facts"], language, main),
        "published_at": row.published_at,
        "updated_at": row.updated_at,
        "expires_at": row.expires_at,
        "origin": row.origin,
    }


def page(row: AnyRow, here: Municipality, wanted: str, links: Links) -> dict[str, Any]:
    """An article with everything that readers see of it."""
    content = row.content
    language = spoken(content, wanted)
    return card(row, wanted) | {
        "html": html_of(row, language),
        "pictures": pictures_of(content, language),
        "attachments": attachments_of(content, language),
        "links": with_addresses(links, here, content["links"]),
    }


def html_of(row: AnyRow, language: str) -> str:
    """The body as safe HTML; in the main language where this one has none."""
    return safe_html(pick(row.body, language, row.content["main_language"]), row.format)


def pictures_of(content: Mapping[str, Any], language: str) -> list[dict[str, Any]]:
    main = content["main_language"]
    return [{"id": one["id"], "alt": pick(one["alt"], language, main)} for one in content["pictures"]]


def attachments_of(content: Mapping[str, Any], language: str) -> list[dict[str, Any]]:
    main = content["main_language"]
    return [dict(one) | {"title": pick(one["title"], language, main)} for one in attached_in(content)]


def facts_in(kind: str, facts: Mapping[str, Any], language: str, main: str) -> dict[str, Any]:
    """The facts with their texts in one language."""
    known = KINDS[kind].facts
    return {name: fact_in(known[name].shape, value, language, main) for name, value in facts.items()}


def fact_in(shape: str, value: Any, language: str, main: str) -> Any:
    if shape == "texts":
        return pick(value, language, main)
    if shape == "place" and "name" in value:
        return value | {"name": pick(value["name"], language, main)}
    if shape == "documents":
        return [one | {"title": pick(one["title"], language, main)} for one in value]
    return value


def for_staff(article: Article, content: Mapping[str, Any]) -> dict[str, Any]:
    """An article in the office's list."""
    main = content["main_language"]
    return {
        "id": article.uid,
        "kind": article.kind,
        "state": article.state,
        "title": content["title"][main],
        "languages": sorted(content["title"]),
        "number": article.number,
        "published_number": article.published_number,
        "pinned": article.pinned,
        "publish_at": article.publish_at,
        "published_at": article.published_at,
        "expires_at": article.expires_at,
        "changed_at": article.changed_at,
        "imported": article.source_id is not None,
        "origin": article.origin,
    }


def whole_for_staff(article: Article, version: ArticleVersion, versions: Sequence[AnyRow]) -> dict[str, Any]:
    """The same with one version whole, with the history, and with what can be done now."""
    return for_staff(article, version.content) | {
        "reason": article.reason,
        "version": version.number,
        "format": version.format,
        "written": as_written(version),
        "versions": [{"number": row.number, "created_at": row.created_at, "by_name": row.by_name} for row in versions],
        "possible": possible(article.state),
    }


def as_written(version: ArticleVersion) -> dict[str, Any]:
    """What somebody sends to write this version."""
    attached = [{"id": one["id"], "title": one["title"]} for one in attached_in(version.content)]
    return dict(version.content) | {"attachments": attached, "body": version.body}


def source_out(source: NewsSource) -> dict[str, Any]:
    """A feed that is read, and what came of it last."""
    return {
        "id": source.uid,
        "url": source.url,
        "language": source.language,
        "categories": source.categories,
        "publishes": source.publishes,
        "every_minutes": source.every_seconds // 60,
        "asked_at": source.asked_at,
        "outcome": source.outcome,
    }
