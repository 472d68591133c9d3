"""What a feed of another site says, as articles of ours: RSS and Atom read by feedparser, its HTML made safe. Pure."""

import calendar
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

import feedparser

from service.errors import Problem
from service.news.kinds.facts import is_address
from service.news.rendering import HTML, for_xml, plain, safe_html
from service.text import N_

MOST = 200
LONGEST_TITLE = 300
LONGEST_SUMMARY = 500
LONGEST_BODY = 100_000
LONGEST_GUID = 255
SURROGATE = re.compile(
    rb"&#(?:[xX]0*[dD][89a-fA-F][0-9a-fA-F]{2}|0*(?:5529[6-9]|55[3-9]\d\d|56\d{3}|57[0-2]\d\d|573[0-3]\d|5734[0-3]));"
)
"""References to what is half a character, over which feedparser falls."""


class FeedUnreadable(Problem):
    """What stands at the address is no feed."""

    status, code, message = 422, "feed_unreadable", N_("There is no feed at this address.")


@dataclass(frozen=True)
class Item:
    """An entry of a feed: who it is there, what it says, where it stands, when it was published."""

    guid: str
    title: str
    summary: str
    html: str
    link: str | None
    published_at: datetime | None


def read_feed(data: bytes) -> list[Item]:
    """The entries with an identity and a title, each once, at most MOST. Raises FeedUnreadable."""
    try:
        found = feedparser.parse(io.BytesIO(SURROGATE.sub(b"", data)), sanitize_html=False, resolve_relative_uris=True)
    except Exception as fault:  # the library fails in many ways on what is broken
        raise FeedUnreadable from fault
    if not found.get("version"):
        raise FeedUnreadable
    items: dict[str, Item] = {}
    for entry in found.entries[:MOST]:
        item = item_of(entry)
        if item is not None:
            items.setdefault(item.guid, item)
    return list(items.values())


def item_of(entry: Mapping[str, Any]) -> Item | None:
    link = for_xml(entry.get("link") or "")
    named = for_xml(entry.get("id") or "") or link
    title = " ".join(plain(safe_html(for_xml(entry.get("title", "")), HTML)).split())[:LONGEST_TITLE]
    if not named or not title:
        return None
    texts = [one.value for one in entry.get("content", ()) if one.get("value")]
    said = for_xml(entry.get("summary", ""))
    html = safe_html((for_xml(texts[0]) if texts else said)[:LONGEST_BODY], HTML)
    summary = " ".join(plain(safe_html(said, HTML)).split())
    return Item(
        guid=short_name(named),
        title=for_xml(title),
        summary=for_xml(shortened(summary)),
        html=html or safe_html(title),
        link=link if is_address(link) else None,
        published_at=moment_of(entry),
    )


def short_name(named: str) -> str:
    """The identity itself, or its digest where it is too long to be kept."""
    return named if len(named) <= LONGEST_GUID else blake2b(named.encode(), digest_size=32).hexdigest()


def shortened(text: str) -> str:
    return text if len(text) <= LONGEST_SUMMARY else text[: LONGEST_SUMMARY - 1].rsplit(" ", 1)[0] + "…"


def moment_of(entry: Mapping[str, Any]) -> datetime | None:
    """When the entry says it was published."""
    said = entry.get("published_parsed") or entry.get("updated_parsed")
    try:
        return datetime.fromtimestamp(calendar.timegm(said), UTC) if said else None
    except (ValueError, OverflowError, OSError):
        return None
