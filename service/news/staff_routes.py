"""The news over HTTP, for the communications office: write, look at what has changed, publish, withdraw."""

import uuid
from datetime import datetime
from typing import Any

from flask import Response, current_app

from service.crash_points import crash_here
from service.db import stop_reading, transaction
from service.errors import NotFound
from service.http import (
    Blueprint,
    CursorNotValid,
    after_cursor,
    answer,
    cursor,
    nothing,
    operation,
    page_of,
)
from service.media.attaching import DocumentNotFound, PhotoNotFound, record, store_photo
from service.media.limits import USUAL
from service.media.preparing import PhotosBusy
from service.municipalities.directory import Municipality
from service.municipalities.linking import LinkNotFound, ensure_linked
from service.news import presenting
from service.news.content import ArticleIncomplete, Written
from service.news.differing import differences
from service.news.finding import article_here, newest_articles, version_of, versions_of
from service.news.models import Article
from service.news.moving import MomentMissing, SecondPersonNeeded, Wish, move, written_in
from service.news.routes import instant_in
from service.news.signing_up import SignUpRefused, cancel, who_comes
from service.news.staff_schemas import (
    ArticleIn,
    ArticleMoveIn,
    ArticlesOut,
    AttendanceOut,
    CancellationIn,
    CancelledOut,
    DiffOut,
    DiffQuery,
    HandInIn,
    NewsPhotoIn,
    NewsPhotoOut,
    RevisionIn,
    StaffArticleOut,
    StaffNewsQuery,
    TimeQuery,
    VersionQuery,
)
from service.news.states import ArticleMoveRefused
from service.news.writing import PURPOSE, ArticleChanged, ArticleWasPublished, discard, revise, write
from service.people import auditing
from service.people.access import caller, staff
from service.storage.keeping import StoreUnavailable

blueprint = Blueprint(
    "staff_news", __name__, url_prefix="/<municipality>/staff/news", description="News for who writes them"
)


@blueprint.get("")
@staff("see_news")
@blueprint.arguments(StaffNewsQuery, location="query")
@blueprint.response(200, ArticlesOut)
@operation("listArticles", CursorNotValid)
def list_articles(query: dict[str, Any], municipality: Municipality) -> Response:
    """List articles in any state, what changed last first"""
    after = after_row(query.get("after"))
    rows = newest_articles(municipality, query.get("state"), query.get("kind"), after, query["limit"] + 1)
    page, following = page_of(
        rows, query["limit"], lambda row: cursor(row.Article.changed_at.isoformat(), row.Article.id)
    )
    return answer({"articles": [presenting.for_staff(row.Article, row.content) for row in page], "next": following})


@blueprint.post("")
@staff("write_news")
@blueprint.arguments(ArticleIn)
@blueprint.response(201, StaffArticleOut)
@operation("writeArticle", ArticleIncomplete, LinkNotFound, PhotoNotFound, DocumentNotFound, ArticleChanged)
def write_article(body: dict[str, Any], municipality: Municipality) -> Response:
    """Write an article: a draft

    With an `id` of the client's own a retry finds what the first call made.
    """
    who, written = caller(), written_from(body)
    ensure_linked(current_app.config["LINKS"], municipality, written.content["links"])
    with transaction():
        made = write(municipality, who, body["kind"], written, body.get("id")).uid
    return shown(municipality, made, 201)


@blueprint.get("/<uuid:article>")
@staff("see_news")
@blueprint.arguments(VersionQuery, location="query")
@blueprint.response(200, StaffArticleOut)
@operation("showArticleToStaff", NotFound)
def show(query: dict[str, Any], municipality: Municipality, article: uuid.UUID) -> Response:
    """Show an article with one version whole, its history, and what can be done"""
    return shown(municipality, article, 200, query.get("number"))


@blueprint.put("/<uuid:article>")
@staff("write_news")
@blueprint.arguments(RevisionIn)
@blueprint.response(200, StaffArticleOut)
@operation(
    "reviseArticle",
    NotFound,
    ArticleIncomplete,
    LinkNotFound,
    PhotoNotFound,
    DocumentNotFound,
    ArticleChanged,
    ArticleMoveRefused,
)
def revise_article(body: dict[str, Any], municipality: Municipality, article: uuid.UUID) -> Response:
    """Write an article anew: its next version

    Readers go on seeing the version that is published until this one is.
    """
    who, written = caller(), written_from(body)
    ensure_linked(current_app.config["LINKS"], municipality, written.content["links"])
    with transaction():
        revise(municipality, who, article_here(municipality, article, locked=True), written, body["seen"])
    return shown(municipality, article)


@blueprint.delete("/<uuid:article>")
@staff("write_news")
@blueprint.response(204)
@operation("discardArticle", NotFound, ArticleWasPublished)
def discard_article(municipality: Municipality, article: uuid.UUID) -> Response:
    """Delete an article that readers have never seen"""
    with transaction():
        discard(municipality, article_here(municipality, article, locked=True))
    return nothing()


@blueprint.post("/<uuid:article>/submissions")
@staff("write_news")
@blueprint.arguments(HandInIn)
@blueprint.response(200, StaffArticleOut)
@operation("submitArticle", NotFound, ArticleChanged, ArticleMoveRefused, ArticleIncomplete)
def submit_article(body: dict[str, Any], municipality: Municipality, article: uuid.UUID) -> Response:
    """Hand an article in, for somebody who may publish it"""
    who, wish = caller(), Wish("submit", body["seen"], reason=body["reason"])
    with transaction():
        move(municipality, who, article_here(municipality, article, locked=True), wish)
    return shown(municipality, article)


@blueprint.post("/<uuid:article>/moves")
@staff("publish_news")
@blueprint.arguments(ArticleMoveIn)
@blueprint.response(200, StaffArticleOut)
@operation(
    "moveArticle",
    NotFound,
    ArticleChanged,
    ArticleMoveRefused,
    ArticleIncomplete,
    SecondPersonNeeded,
    MomentMissing,
)
def move_article(body: dict[str, Any], municipality: Municipality, article: uuid.UUID) -> Response:
    """Publish an article now or later, give it back, withdraw it, pin it

    What is possible stands in `possible`.
    """
    who = caller()
    wish = Wish(body["action"], body["seen"], body.get("at"), body.get("reason"), body["tell"])
    with transaction():
        move(municipality, who, article_here(municipality, article, locked=True), wish)
    crash_here("after_article_commit")
    return shown(municipality, article)


@blueprint.get("/<uuid:article>/differences")
@staff("see_news")
@blueprint.arguments(DiffQuery, location="query")
@blueprint.response(200, DiffOut)
@operation("compareArticleVersions", NotFound)
def compare(query: dict[str, Any], municipality: Municipality, article: uuid.UUID) -> Response:
    """Show what has changed from one version to another"""
    found = article_here(municipality, article)
    before, after = (written_in(version_of(found, query[name])) for name in ("before", "after"))
    return answer({"differences": differences(before, after)})


@blueprint.post("/photos")
@staff("write_news")
@blueprint.arguments(NewsPhotoIn, location="parts", content_type="multipart/form-data")
@blueprint.response(201, NewsPhotoOut)
@operation("sendNewsPhoto", PhotosBusy, StoreUnavailable)
def send_photo(parts: dict[str, Any], municipality: Municipality) -> Response:
    """Send a picture before the article that shows it

    Nobody but who sent it can use it, once; without an article for a day it is deleted.
    """
    who, data = caller(), parts["photo"].stream.read(USUAL.bytes + 1)
    stop_reading()
    kept = store_photo(municipality, str(who.account), data, current_app.config["STORE"], purpose=PURPOSE)
    with transaction():
        record(kept)
    return answer({"id": kept.uid, "width": kept.width, "height": kept.height}, 201)


@blueprint.post("/<uuid:article>/cancellations")
@staff("publish_news")
@blueprint.arguments(CancellationIn)
@blueprint.response(200, CancelledOut)
@operation("cancelEvent", NotFound, SignUpRefused)
def cancel_event(body: dict[str, Any], municipality: Municipality, article: uuid.UUID) -> Response:
    """Cancel an event, once or altogether

    Everybody who signed up, or waits, is told; calendars show it.
    """
    who = caller()
    with transaction():
        found = event_here(municipality, article, locked=True)
        count = cancel(municipality, found, body["starts_at"], body["reason"])
        auditing.record(municipality.id, who, "event_cancelled", "article", str(article), {"times": count})
    return answer({"cancelled": count})


@blueprint.get("/<uuid:article>/sign-ups")
@staff("see_news")
@blueprint.arguments(TimeQuery, location="query")
@blueprint.response(200, AttendanceOut)
@operation("listSignUps", NotFound)
def sign_ups(query: dict[str, Any], municipality: Municipality, article: uuid.UUID) -> Response:
    """List who signed up for a time of an event, without names"""
    rows = who_comes(event_here(municipality, article), query["starts_at"])
    return answer({"sign_ups": [dict(row._mapping) for row in rows]})


def event_here(municipality: Municipality, uid: uuid.UUID, locked: bool = False) -> Article:
    """Raises NotFound."""
    found = article_here(municipality, uid, locked)
    if found.kind != "event":
        raise NotFound
    return found


def shown(municipality: Municipality, uid: uuid.UUID, status: int = 200, number: int | None = None) -> Response:
    """The article as it is now. Raises NotFound."""
    stop_reading()
    found = article_here(municipality, uid)
    version = version_of(found, number or found.number)
    return answer(presenting.whole_for_staff(found, version, versions_of(found)), status)


def written_from(body: dict[str, Any]) -> Written:
    """What somebody sent, as it is kept."""
    names = ("main_language", "title", "summary", "facts", "categories", "districts", "links")
    end = body["expires_at"]
    content = {name: body[name] for name in names} | {
        "pictures": [{"id": str(one["id"]), "alt": one["alt"]} for one in body["pictures"]],
        "attachments": [{"id": str(one["id"]), "title": one["title"]} for one in body["attachments"]],
        "expires_at": end.isoformat() if end else None,
    }
    return Written(content, body["body"])


def after_row(text: str | None) -> tuple[datetime, int] | None:
    """Raises CursorNotValid."""
    found = after_cursor(text, str, int)
    return None if found is None else (instant_in(found[0]), found[1])
