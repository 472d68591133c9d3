"""The news for other programs: feeds, calendars, warnings, and pages that a browser or a search engine reads."""

import uuid
from collections.abc import Sequence
from typing import Any

from flask import Response, current_app, request

from service.db.types import AnyRow
from service.errors import NotFound
from service.http import Blueprint, language, operation
from service.municipalities.directory import Municipality
from service.news.calendars import MEDIA_TYPE as CALENDAR
from service.news.calendars import calendar_of
from service.news.feeds import FORMATS, MOST, Feed, entry_of
from service.news.finding import Wanted, announcement, published, published_article
from service.news.pages import list_of, page_of
from service.news.places import Addresses
from service.news.routes import Fresh, wanted_of
from service.news.schemas import FeedQuery, LanguageQuery
from service.news.signing_up import cancelled_in
from service.news.warnings import MEDIA_TYPE as WARNING
from service.news.warnings import warning_of
from service.pages import POLICY
from service.people.access import anybody
from service.text import pick

EVENT = "event"
TEXT = {"type": "string"}

blueprint = Blueprint("news_feeds", __name__, url_prefix="/<municipality>/news", description="News for other programs")


@blueprint.get("/feeds/rss")
@anybody
@blueprint.arguments(FeedQuery, location="query")
@blueprint.response(200, TEXT, content_type="application/rss+xml")
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("showRssFeed")
def rss(query: dict[str, Any], municipality: Municipality) -> Response:
    """Give the newest articles as RSS 2.0

    Filtered as the list is, so that there is a feed of each kind, category, district and language.
    """
    return feed(query, municipality, "rss")


@blueprint.get("/feeds/atom")
@anybody
@blueprint.arguments(FeedQuery, location="query")
@blueprint.response(200, TEXT, content_type="application/atom+xml")
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("showAtomFeed")
def atom(query: dict[str, Any], municipality: Municipality) -> Response:
    """Give the newest articles as Atom

    Filtered as the list is, so that there is a feed of each kind, category, district and language.
    """
    return feed(query, municipality, "atom")


@blueprint.get("/feeds/json")
@anybody
@blueprint.arguments(FeedQuery, location="query")
@blueprint.response(200, {"type": "object"}, content_type="application/feed+json")
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("showJsonFeed")
def json_feed(query: dict[str, Any], municipality: Municipality) -> Response:
    """Give the newest articles as JSON Feed

    Filtered as the list is, so that there is a feed of each kind, category, district and language.
    """
    return feed(query, municipality, "json")


@blueprint.get("/calendar.ics")
@anybody
@blueprint.arguments(FeedQuery, location="query")
@blueprint.response(200, TEXT, content_type=CALENDAR)
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("showNewsCalendar")
def calendar(query: dict[str, Any], municipality: Municipality) -> Response:
    """Give the events as a calendar to subscribe to

    `webcal:` in place of `https:` opens it in a calendar program, which asks again by itself.
    """
    spoken = query.get("language") or language()
    fresh = Fresh(municipality, spoken, sorted(query.items()))
    if unchanged := fresh.unchanged():
        return unchanged
    wanted = Wanted(EVENT, wanted_of(query).topics, pinned_first=False)
    rows = published(municipality, wanted, None, 10 * MOST, with_body=True)
    return fresh.marked(calendar_answer(municipality, rows, spoken))


@blueprint.get("/<uuid:article>/event.ics")
@anybody
@blueprint.arguments(LanguageQuery, location="query")
@blueprint.response(200, TEXT, content_type=CALENDAR)
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("showEventCalendar", NotFound)
def event(query: dict[str, Any], municipality: Municipality, article: uuid.UUID) -> Response:
    """Give one event for a calendar"""
    spoken = query.get("language") or language()
    fresh = Fresh(municipality, spoken, article)
    if unchanged := fresh.unchanged():
        return unchanged
    row = published_article(municipality, article)
    if row.kind != EVENT:
        raise NotFound
    return fresh.marked(calendar_answer(municipality, [row], spoken))


@blueprint.get("/<uuid:article>/cap.xml")
@anybody
@blueprint.response(200, TEXT, content_type=WARNING)
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("showWarning", NotFound)
def warning(municipality: Municipality, article: uuid.UUID) -> Response:
    """Give an urgent announcement as a warning (CAP 1.2)

    In all its languages. A correction is an `Update` and what was taken back before its end, or is no longer urgent, a
    `Cancel`, which name the message before them; what is over, or never was a warning, is 404.
    """
    fresh = Fresh(municipality, article)
    if unchanged := fresh.unchanged():
        return unchanged
    content = warning_of(announcement(municipality, article), addresses_of(municipality))
    if content is None:
        raise NotFound
    return fresh.marked(Response(content, content_type=WARNING))


@blueprint.get("/<uuid:article>/page")
@anybody
@blueprint.arguments(LanguageQuery, location="query")
@blueprint.response(200, TEXT, content_type="text/html")
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("showArticlePage", NotFound)
def page(query: dict[str, Any], municipality: Municipality, article: uuid.UUID) -> Response:
    """Show an article as a page for a browser

    What feeds and calendars link to; with the words of schema.org (JSON-LD) for search engines.
    """
    spoken = query.get("language") or language()
    fresh = Fresh(municipality, spoken, article)
    if unchanged := fresh.unchanged():
        return unchanged
    row = published_article(municipality, article)
    cancelled = cancelled_in([row.id])[row.id]
    return as_page(fresh, page_of(row, cancelled, spoken, addresses_of(municipality)))


@blueprint.get("/page")
@anybody
@blueprint.arguments(FeedQuery, location="query")
@blueprint.response(200, TEXT, content_type="text/html")
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("showNewsPage")
def newest(query: dict[str, Any], municipality: Municipality) -> Response:
    """Show the newest articles as a page for a browser

    Filtered as the list is. What a mail links to that has not room for everything.
    """
    spoken = query.get("language") or language()
    fresh = Fresh(municipality, spoken, sorted(query.items()))
    if unchanged := fresh.unchanged():
        return unchanged
    rows = published(municipality, pinned_last(wanted_of(query)), None, MOST)
    html = list_of(rows, spoken, addresses_of(municipality))
    return as_page(fresh, html)


def as_page(fresh: Fresh, html: str) -> Response:
    """HTML that runs nothing and shows our own pictures and style alone."""
    response = fresh.marked(Response(html, content_type="text/html; charset=utf-8"))
    response.headers["Content-Security-Policy"] = POLICY
    return response


def feed(query: dict[str, Any], municipality: Municipality, form: str) -> Response:
    """The newest articles in one of FORMATS."""
    spoken = query.get("language") or language()
    fresh = Fresh(municipality, spoken, form, sorted(query.items()))
    if unchanged := fresh.unchanged():
        return unchanged
    rows = published(municipality, pinned_last(wanted_of(query)), None, MOST, with_body=True)
    addresses = addresses_of(municipality)
    cancelled, (write, media_type) = cancelled_in([row.id for row in rows]), FORMATS[form]
    made = Feed(
        title=pick(municipality.name, spoken, municipality.main_language),
        home=addresses.news,
        own=own_address(),
        language=spoken,
        updated_at=fresh.board.changed_at,
        entries=[entry_of(row, cancelled[row.id], spoken, addresses) for row in rows],
    )
    return fresh.marked(Response(write(made), content_type=f"{media_type}; charset=utf-8"))


def calendar_answer(municipality: Municipality, rows: Sequence[AnyRow], spoken: str) -> Response:
    name = pick(municipality.name, spoken, municipality.main_language)
    cancelled = cancelled_in([row.id for row in rows])
    content = calendar_of(name, rows, cancelled, spoken, addresses_of(municipality))
    return Response(content, content_type=f"{CALENDAR}; charset=utf-8")


def addresses_of(municipality: Municipality) -> Addresses:
    return Addresses(current_app.config["PLATEIA"].public_url.rstrip("/"), municipality)


def own_address() -> str:
    """The address of this feed, as it was asked for."""
    root: str = current_app.config["PLATEIA"].public_url.rstrip("/")
    return root + request.full_path.rstrip("?")


def pinned_last(wanted: Wanted) -> Wanted:
    """The newest first, whatever is pinned."""
    return Wanted(wanted.kind, wanted.topics, pinned_first=False)
