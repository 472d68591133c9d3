"""A collection of an OGC API - Features: page after page, as far as the links to the next one lead."""

from typing import Any
from urllib.parse import urljoin, urlsplit, urlunsplit

from service.gis.content import Content
from service.gis.sources.joining import Pages, features_in, read_collection
from service.gis.sources.visiting import Place, SourceBroken, Visit, with_query

PAGE = 500
ACCEPT = {"Accept": "application/geo+json, application/json;q=0.9"}


def read_ogc_features(visit: Visit, place: Place) -> Content:
    """All features of the collection. Raises what `Visit.json` and `read_content` raise, SourceBroken, SourceEmpty."""
    pages, seen = Pages(), set[str]()
    url: str | None = with_query(items_of(place.url), limit=PAGE)
    matched: int | None = None
    while url is not None:
        if url in seen:
            raise SourceBroken(reason="repeated")
        seen.add(url)
        found, answer, path = visit.json(url, ACCEPT)
        count = len(features_in(found))
        matched = agreed(found, matched, count, first=len(seen) == 1)
        url = following(found, answer.url)
        if count:
            pages.add(read_collection(found, path, place.key))
    return pages.all(matched)


def items_of(url: str) -> str:
    """Where the features of the collection are."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    return urlunsplit(parts._replace(path=path if path.endswith("/items") else f"{path}/items"))


def agreed(found: dict[str, Any], before: int | None, count: int, first: bool) -> int | None:
    """How many features there are in all, as each page says it again. Raises SourceBroken."""
    matched, returned = found.get("numberMatched"), found.get("numberReturned")
    if isinstance(returned, int) and returned != count:
        raise SourceBroken(reason="truncated", expected=returned, got=count)
    matched = matched if isinstance(matched, int) else None
    if not first and matched != before:
        raise SourceBroken(reason="changed_meanwhile")
    return matched


def joined_to(url: str, href: str) -> str:
    """Where a link on this page leads. Raises SourceBroken."""
    try:
        return str(urljoin(url, href))
    except ValueError:
        raise SourceBroken(reason="error_answer", said=href[:200]) from None


def following(found: dict[str, Any], url: str) -> str | None:
    """The address of the next page. Raises SourceBroken."""
    links = found.get("links")
    for link in links if isinstance(links, list) else ():
        is_next = isinstance(link, dict) and link.get("rel") == "next" and isinstance(link.get("href"), str)
        if is_next and "json" in str(link.get("type") or "json"):
            return joined_to(url, link["href"])
    return None
