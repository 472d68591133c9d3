"""The news as feeds: RSS 2.0, Atom (RFC 4287), JSON Feed 1.1. One list of entries, three ways to write it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring

import orjson

from service.db.types import AnyRow
from service.news.page_facts import Reading, facts_html
from service.news.pages import documents_html, picture
from service.news.places import Addresses
from service.news.presenting import attachments_of, html_of, pictures_of, spoken
from service.news.rendering import for_xml
from service.text import pick

ATOM = "http://www.w3.org/2005/Atom"
CONTENT = "http://purl.org/rss/1.0/modules/content/"
register_namespace("atom", ATOM)
register_namespace("content", CONTENT)
MOST = 50
"""Entries of a feed."""


@dataclass(frozen=True)
class Document:
    """A file that goes with an entry; `bytes` its length."""

    url: str
    media_type: str
    bytes: int
    title: str


@dataclass(frozen=True)
class Entry:
    """One article in a feed, in one language."""

    id: str
    url: str
    title: str
    summary: str
    html: str
    language: str
    categories: Sequence[str]
    published_at: datetime
    updated_at: datetime
    documents: Sequence[Document] = ()
    image: str = ""


@dataclass(frozen=True)
class Feed:
    """What a feed says of itself, and its entries, newest first."""

    title: str
    home: str
    own: str
    language: str
    updated_at: datetime
    entries: Sequence[Entry]


def entry_of(row: AnyRow, cancelled: Collection[datetime], wanted: str, addresses: Addresses) -> Entry:
    """The article as an entry: its text is what its page has below the title. `cancelled`: times of an event."""
    language = spoken(row.content, wanted)
    pictures = pictures_of(row.content, language)
    return Entry(
        id=f"urn:uuid:{row.uid}",
        url=addresses.page(row.uid),
        title=for_xml(row.content["title"][language]),
        summary=for_xml(pick(row.content["summary"], language, row.content["main_language"])),
        html="".join(
            (
                facts_html(Reading(row, language, addresses, cancelled)),
                *(picture(one, row, addresses) for one in pictures),
                html_of(row, language),
                documents_html(row, language, addresses),
            )
        ),
        language=language,
        categories=[row.kind, *row.content["categories"]],
        published_at=row.published_at,
        updated_at=row.updated_at,
        documents=[
            Document(addresses.document(row.uid, one["id"]), one["media_type"], one["bytes"], for_xml(one["title"]))
            for one in attachments_of(row.content, language)
        ],
        image=addresses.picture(row.uid, pictures[0]["id"]) if pictures else "",
    )


def as_rss(feed: Feed) -> bytes:
    """RSS 2.0 with the whole texts; `guid` is the article's id. An item has one enclosure at most, its first document
    (RSS Advisory Board, best practices); all of them stand in its text.
    """
    root = Element("rss", {"version": "2.0"})
    channel = SubElement(root, "channel")
    add(channel, "title", feed.title)
    add(channel, "link", feed.home)
    add(channel, "description", feed.title)
    add(channel, "language", feed.language)
    add(channel, "lastBuildDate", format_datetime(feed.updated_at.astimezone(UTC)))
    SubElement(channel, f"{{{ATOM}}}link", {"rel": "self", "type": "application/rss+xml", "href": feed.own})
    for entry in feed.entries:
        item = SubElement(channel, "item")
        add(item, "title", entry.title)
        add(item, "link", entry.url)
        add(item, "guid", entry.id, isPermaLink="false")
        add(item, "pubDate", format_datetime(entry.published_at.astimezone(UTC)))
        for category in entry.categories:
            add(item, "category", category)
        add(item, "description", entry.summary or entry.title)
        for one in entry.documents[:1]:
            add(item, "enclosure", "", url=one.url, length=str(one.bytes), type=one.media_type)
        add(item, f"{{{CONTENT}}}encoded", entry.html)
    return written(root)


def as_atom(feed: Feed) -> bytes:
    """Atom; the feed's id is its own address."""
    root = Element(f"{{{ATOM}}}feed", {"{http://www.w3.org/XML/1998/namespace}lang": feed.language})
    add_atom(root, "id", feed.own)
    add_atom(root, "title", feed.title)
    add_atom(root, "updated", feed.updated_at.isoformat())
    SubElement(root, f"{{{ATOM}}}link", {"rel": "self", "type": "application/atom+xml", "href": feed.own})
    SubElement(root, f"{{{ATOM}}}link", {"rel": "alternate", "href": feed.home})
    add_atom(SubElement(root, f"{{{ATOM}}}author"), "name", feed.title)
    for entry in feed.entries:
        item = SubElement(root, f"{{{ATOM}}}entry", {"{http://www.w3.org/XML/1998/namespace}lang": entry.language})
        add_atom(item, "id", entry.id)
        add_atom(item, "title", entry.title)
        add_atom(item, "updated", entry.updated_at.isoformat())
        add_atom(item, "published", entry.published_at.isoformat())
        SubElement(item, f"{{{ATOM}}}link", {"rel": "alternate", "type": "text/html", "href": entry.url})
        for one in entry.documents:
            about = {"rel": "enclosure", "type": one.media_type, "length": str(one.bytes), "title": one.title}
            SubElement(item, f"{{{ATOM}}}link", about | {"href": one.url})
        for category in entry.categories:
            SubElement(item, f"{{{ATOM}}}category", {"term": category})
        add_atom(item, "summary", entry.summary)
        add_atom(item, "content", entry.html, type="html")
    return written(root)


def as_json_feed(feed: Feed) -> bytes:
    """JSON Feed 1.1."""
    return orjson.dumps(
        {
            "version": "https://jsonfeed.org/version/1.1",
            "title": feed.title,
            "home_page_url": feed.home,
            "feed_url": feed.own,
            "language": feed.language,
            "items": [json_item(entry) for entry in feed.entries],
        }
    )


def json_item(entry: Entry) -> dict[str, Any]:
    more: dict[str, Any] = {"summary": entry.summary} if entry.summary else {}
    if entry.image:
        more["image"] = entry.image
    if entry.documents:
        more["attachments"] = [
            {"url": one.url, "mime_type": one.media_type, "title": one.title, "size_in_bytes": one.bytes}
            for one in entry.documents
        ]
    return more | {
        "id": entry.id,
        "url": entry.url,
        "title": entry.title,
        "content_html": entry.html,
        "date_published": entry.published_at.isoformat(),
        "date_modified": entry.updated_at.isoformat(),
        "tags": list(entry.categories),
        "language": entry.language,
    }


FORMATS: Mapping[str, tuple[Callable[[Feed], bytes], str]] = {
    "rss": (as_rss, "application/rss+xml"),
    "atom": (as_atom, "application/atom+xml"),
    "json": (as_json_feed, "application/feed+json"),
}
"""Name of a format → how it is written, and its media type."""


def add(parent: Element, name: str, text: str, **attributes: str) -> None:
    SubElement(parent, name, attributes).text = text


def add_atom(parent: Element, name: str, text: str, **attributes: str) -> None:
    add(parent, f"{{{ATOM}}}{name}", text, **attributes)


def written(root: Element) -> bytes:
    found: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return found
