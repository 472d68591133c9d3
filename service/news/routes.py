"""The news over HTTP, for readers. What is asked again and again costs the database nothing while nothing changes."""

import uuid
from datetime import UTC, datetime
from typing import Any

from flask import Response, current_app, request
from werkzeug.http import http_date

from service.db import stop_reading
from service.errors import NotFound
from service.http import (
    ASK_AGAIN,
    VARY,
    Blueprint,
    CursorNotValid,
    after_cursor,
    answer,
    cursor,
    etag_of,
    language,
    not_modified,
    operation,
    page_of,
)
from service.media.attaching import PhotoNotFound
from service.media.finding import read_rendition
from service.media.renditions import Rendition
from service.municipalities.directory import Municipality
from service.news import presenting
from service.news.boards import board_of
from service.news.finding import (
    CATEGORY,
    DISTRICT,
    LANGUAGE,
    Wanted,
    categories_of,
    published,
    published_article,
)
from service.news.kinds import KINDS
from service.news.schemas import ArticleOut, HeadingsOut, NewsOut, NewsQuery
from service.news.searching import search
from service.news.writing import picture_is_shown
from service.people.access import anybody
from service.storage.keeping import FileNotKept, StoreUnavailable
from service.text import pick, say

PHOTO_CACHE = "public, max-age=3600"
TOPICS = {"category": CATEGORY, "district": DISTRICT, "in_language": LANGUAGE}

blueprint = Blueprint("news", __name__, url_prefix="/<municipality>/news", description="News, calls and events")


@blueprint.get("")
@anybody
@blueprint.arguments(NewsQuery, location="query")
@blueprint.response(200, NewsOut)
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("listNews", CursorNotValid)
def list_news(query: dict[str, Any], municipality: Municipality) -> Response:
    """List what is published, or find it by words

    Ask as often as you like with the ETag of the answer before: while nothing changes it costs next to nothing.
    """
    spoken = language()
    fresh = Fresh(municipality, spoken, sorted(query.items()))
    if unchanged := fresh.unchanged():
        return unchanged
    wanted, limit = wanted_of(query), query["limit"]
    if "search" in query:
        rows, following = search(municipality, query["search"], wanted, limit), None
    else:
        found = published(municipality, wanted, after_row(query.get("after")), limit + 1)
        rows, following = page_of(found, limit, place_of)
    content = {"articles": [presenting.card(row, spoken) for row in rows], "next": following}
    return fresh.marked(answer(content))


@blueprint.get("/categories")
@anybody
@blueprint.response(200, HeadingsOut)
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("listNewsCategories")
def list_categories(municipality: Municipality) -> Response:
    """List the headings and the kinds of articles"""
    spoken = language()
    content = {
        "categories": [
            {"key": row.key, "name": pick(row.name, spoken, municipality.main_language)}
            for row in categories_of(municipality)
            if row.active
        ],
        "kinds": [{"key": kind.name, "name": say(spoken, kind.words)} for kind in KINDS.values()],
    }
    return answer(content, etag=etag_of(content))


@blueprint.get("/<uuid:article>")
@anybody
@blueprint.response(200, ArticleOut)
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("showArticle", NotFound)
def show(municipality: Municipality, article: uuid.UUID) -> Response:
    """Show an article

    An article that is withdrawn or over is 404.
    """
    spoken = language()
    fresh = Fresh(municipality, spoken, article)
    if unchanged := fresh.unchanged():
        return unchanged
    row = published_article(municipality, article)
    return fresh.marked(answer(presenting.page(row, municipality, spoken, current_app.config["LINKS"])))


@blueprint.get("/<uuid:article>/photos/<uuid:photo>/<any(small, medium, large):size>")
@anybody
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type="image/jpeg")
@blueprint.alt_response(304, description="The phone has it.")
@operation("showArticlePhoto", NotFound, PhotoNotFound, FileNotKept, StoreUnavailable)
def show_photo(municipality: Municipality, article: uuid.UUID, photo: uuid.UUID, size: str) -> Response:
    """Show a picture of an article"""
    row = published_article(municipality, article)
    if not picture_is_shown(row.content, photo):
        raise PhotoNotFound
    etag = etag_of(photo, size)
    if unchanged := not_modified(etag, PHOTO_CACHE):
        return unchanged
    stop_reading()
    data = read_rendition(municipality, photo, Rendition(size), current_app.config["STORE"])
    response = Response(data, content_type="image/jpeg")
    response.set_etag(etag)
    response.headers["Cache-Control"] = PHOTO_CACHE
    return response


class Fresh:
    """Whether a reader has just this already, asked before anything is read; and the marks of a fresh answer."""

    def __init__(self, municipality: Municipality, *parts: Any) -> None:
        self.board = board_of(municipality)
        self.etag = etag_of(request.endpoint, municipality.id, self.board.version, *parts)

    def unchanged(self) -> Response | None:
        """304 by the ETag; None: what is read from now on is as new as the board, or newer. The moment alone says
        nothing: it is the same in every language and for every filter.
        """
        known = not_modified(self.etag) if "If-None-Match" in request.headers else None
        if known is None:
            stop_reading()
        return known

    def marked(self, response: Response) -> Response:
        response.set_etag(self.etag)
        response.headers["Last-Modified"] = http_date(self.board.changed_at)
        response.headers["Cache-Control"] = ASK_AGAIN
        response.headers["Vary"] = VARY
        return response


def wanted_of(query: dict[str, Any]) -> Wanted:
    return Wanted(query.get("kind"), {TOPICS[name]: query[name] for name in TOPICS if name in query})


def place_of(row: Any) -> str:
    """The cursor after this row."""
    return cursor(int(row.pinned), row.published_at.isoformat(), row.id)


def after_row(text: str | None) -> tuple[bool, datetime, int] | None:
    """The row after which the page begins. Raises CursorNotValid."""
    found = after_cursor(text, int, str, int)
    if found is None:
        return None
    return bool(found[0]), instant_in(found[1]), found[2]


def instant_in(text: str) -> datetime:
    """Raises CursorNotValid."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise CursorNotValid from None
