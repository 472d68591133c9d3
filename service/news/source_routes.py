"""Over HTTP: the headings, and the feeds of other sites that are read."""

import uuid
from typing import Any

from flask import Response, current_app

from service.db import stop_reading, transaction
from service.errors import NotFound
from service.fetching.addresses import AddressRefused
from service.http import Blueprint, answer, nothing, operation
from service.municipalities.directory import Municipality
from service.news.boards import touch
from service.news.content import ArticleIncomplete
from service.news.finding import source_here, sources_of
from service.news.moving import SecondPersonNeeded
from service.news.presenting import source_out
from service.news.source_schemas import FeedChangeIn, FeedIn, FeedOut, FeedsOut, NewsCategoryIn, NewsCategoryOut
from service.news.sourcing import (
    FeedKnown,
    TooManyFeeds,
    add_source,
    change_source,
    fetch_now,
    forget_source,
    keep_category,
)
from service.news.staff_schemas import KEY_PATTERN
from service.people import auditing
from service.people.access import caller, staff

blueprint = Blueprint(
    "news_sources", __name__, url_prefix="/<municipality>/staff", description="Headings, and feeds that are read"
)


@blueprint.put("/news-categories/<key>")
@staff("publish_news")
@blueprint.arguments(NewsCategoryIn)
@blueprint.response(200, NewsCategoryOut)
@operation("keepNewsCategory", ArticleIncomplete)
def put_category(body: dict[str, Any], municipality: Municipality, key: str) -> Response:
    """Make a heading for articles, or change it"""
    check_key(key)
    with transaction():
        keep_category(municipality, key, body)
        touch(municipality.id)
    return answer(body | {"key": key})


@blueprint.get("/news-feeds")
@staff("see_news")
@blueprint.response(200, FeedsOut)
@operation("listFeeds")
def list_feeds(municipality: Municipality) -> Response:
    """List the feeds that are read, and what came of them last"""
    return answer({"feeds": [source_out(source) for source in sources_of(municipality)]})


@blueprint.post("/news-feeds")
@staff("publish_news")
@blueprint.arguments(FeedIn)
@blueprint.response(201, FeedOut)
@operation("addFeed", AddressRefused, ArticleIncomplete, FeedKnown, TooManyFeeds, SecondPersonNeeded)
def add_feed(body: dict[str, Any], municipality: Municipality) -> Response:
    """Read a feed of another site, at once and from then on in a rhythm

    What it brings becomes drafts, or is published at once, unless the municipality wants a second person to look. What
    is edited there follows, until somebody here writes it anew.
    """
    who, allowed = caller(), current_app.config["PLATEIA"].fetch_allowed
    about = {name: body[name] for name in ("url", "language", "categories", "publishes")}
    with transaction():
        made = add_source(municipality, about | {"every_seconds": body["every_minutes"] * 60}, who.account_id, allowed)
        uid = made.uid
        auditing.record(
            municipality.id, who, "news_feed_added", "news_feed", str(uid), {"publishes": body["publishes"]}
        )
    return shown(municipality, uid, 201)


@blueprint.put("/news-feeds/<uuid:feed>")
@staff("publish_news")
@blueprint.arguments(FeedChangeIn)
@blueprint.response(200, FeedOut)
@operation("changeFeed", NotFound, ArticleIncomplete, SecondPersonNeeded)
def change_feed(body: dict[str, Any], municipality: Municipality, feed: uuid.UUID) -> Response:
    """Change what becomes of what a feed brings from now on, and how often it is read"""
    who, about = caller(), {name: body[name] for name in ("categories", "publishes")}
    with transaction():
        found = source_here(municipality, feed, locked=True)
        change_source(municipality, found, about | {"every_seconds": body["every_minutes"] * 60})
        facts = {"publishes": body["publishes"]}
        auditing.record(municipality.id, who, "news_feed_changed", "news_feed", str(feed), facts)
    return shown(municipality, feed, 200)


@blueprint.delete("/news-feeds/<uuid:feed>")
@staff("publish_news")
@blueprint.response(204)
@operation("deleteFeed", NotFound)
def delete_feed(municipality: Municipality, feed: uuid.UUID) -> Response:
    """Read a feed no more; what it brought stays"""
    with transaction():
        forget_source(source_here(municipality, feed, locked=True))
    return nothing()


@blueprint.post("/news-feeds/<uuid:feed>/fetches")
@staff("publish_news")
@blueprint.response(202, FeedOut)
@operation("fetchFeed", NotFound)
def fetch_feed(municipality: Municipality, feed: uuid.UUID) -> Response:
    """Read a feed now"""
    with transaction():
        fetch_now(source_here(municipality, feed, locked=True))
    return shown(municipality, feed, 202)


def check_key(key: str) -> None:
    """Raises ArticleIncomplete."""
    if not KEY_PATTERN.fullmatch(key):
        raise ArticleIncomplete(faults=[{"where": "key", "why": "text"}])


def shown(municipality: Municipality, uid: uuid.UUID, status: int) -> Response:
    """Raises NotFound."""
    stop_reading()
    return answer(source_out(source_here(municipality, uid)), status)
