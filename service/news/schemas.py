"""Articles in JSON, as readers see them; who signs up."""

from typing import Any, ClassVar

from marshmallow import Schema, fields, validate

from service.http import PageQuery, following
from service.news.kinds import KINDS
from service.people.schemas import Plain
from service.text import LANGUAGES

MOST_PEOPLE = 10
"""Whom one person signs up."""
CARD: dict[str, Any] = {
    "id": "01a20027-6c10-7b5e-8c77-6d6f3c1b2a90",
    "kind": "event",
    "title": "Planting trees in the park",
    "summary": "Four hundred young trees wait for helping hands.",
    "language": "en",
    "translated": True,
    "languages": ["el", "en"],
    "pinned": False,
    "categories": ["environment"],
    "districts": [],
    "picture": {"id": "01a20027-6c0f-7a13-9b1c-0e2d4f6a8b91", "alt": "Children with spades"},
    "facts": {
        "starts": "2026-12-05T10:00",
        "ends": "2026-12-05T13:00",
        "place": {"name": "Park", "lon": 21.79, "lat": 40.3},
        "sign_up": True,
        "capacity": 40,
    },
    "published_at": "2026-11-22T07:00:00Z",
    "updated_at": "2026-11-22T07:00:00Z",
    "expires_at": "2026-12-05T11:00:00Z",
    "origin": None,
}
ATTACHMENT: dict[str, Any] = {
    "id": "01a20027-6c10-7d21-8a3b-5f6e7d8c9b0a",
    "title": "Programme",
    "media_type": "application/pdf",
    "bytes": 182_044,
}
TIME: dict[str, Any] = {
    "starts_at": "2026-12-05T08:00:00Z",
    "cancelled": False,
    "capacity": 40,
    "taken": 38,
    "waiting": 0,
}


class TopicsQuery(Schema):
    """Which articles: all of these hold."""

    kind = fields.String(validate=validate.OneOf(tuple(KINDS)), metadata={"description": "Of this kind."})
    category = fields.String(validate=[validate.Length(1, 64), Plain], metadata={"description": "The category's key."})
    district = fields.String(
        validate=[validate.Length(1, 255), Plain], metadata={"description": "The key of a feature of a district layer."}
    )
    in_language = fields.String(
        validate=validate.OneOf(LANGUAGES), metadata={"description": "Only what can be read in this language."}
    )


class NewsQuery(PageQuery, TopicsQuery):
    """The same, page by page or found by words."""

    search = fields.String(
        validate=[validate.Length(1, 200), Plain],
        metadata={"description": "Words, in any script; the best match first, one page.", "examples": ["park"]},
    )


class FeedQuery(TopicsQuery):
    """Which articles are in the feed, and in which language, because feed readers send no headers."""

    language = fields.String(
        validate=validate.OneOf(LANGUAGES), metadata={"description": "In place of Accept-Language."}
    )


class LanguageQuery(Schema):
    """The language, for who sends no headers."""

    language = fields.String(
        validate=validate.OneOf(LANGUAGES), metadata={"description": "In place of Accept-Language."}
    )


class PictureOut(Schema):
    """A picture and what can be seen in it; `showArticlePhoto` gives it in three sizes."""

    id = fields.UUID(required=True)
    alt = fields.String(required=True)


class AttachmentOut(Schema):
    """A document that goes with an article; `fetchArticleDocument` gives it."""

    id = fields.UUID(required=True)
    title = fields.String(required=True)
    media_type = fields.String(required=True)
    bytes = fields.Integer(required=True)


class CardOut(Schema):
    """An article in a list. Texts are in the wanted language, or in the main one: `translated` says which."""

    example: ClassVar[dict[str, Any]] = CARD

    id = fields.UUID(required=True)
    kind = fields.String(
        required=True, metadata={"description": "`news`, `action`, `announcement`, `call` or `event`; more may come."}
    )
    title = fields.String(required=True)
    summary = fields.String(required=True, allow_none=True)
    language = fields.String(required=True, metadata={"description": "Of the texts here."})
    translated = fields.Boolean(
        required=True, metadata={"description": "False: there is none in the wanted language; say so."}
    )
    languages = fields.List(fields.String(), required=True, metadata={"description": "In which it can be read."})
    pinned = fields.Boolean(required=True, metadata={"description": "Stands before the others."})
    categories = fields.List(fields.String(), required=True)
    districts = fields.List(fields.String(), required=True, metadata={"description": "Empty: everywhere."})
    picture = fields.Nested(PictureOut, required=True, allow_none=True)
    facts = fields.Dict(required=True, metadata={"description": "What its kind says; chapter 17 of the guide."})
    published_at = fields.AwareDateTime(required=True)
    updated_at = fields.AwareDateTime(required=True)
    expires_at = fields.AwareDateTime(required=True, allow_none=True)
    origin = fields.String(
        required=True, allow_none=True, metadata={"description": "Where it stands on another site that it came from."}
    )


class NewsOut(Schema):
    """A page of the news, pinned ones first, then the newest."""

    example: ClassVar[dict[str, Any]] = {"articles": [CARD], "next": None}

    articles = fields.List(fields.Nested(CardOut), required=True)
    next = following()


class ArticleLinkOut(Schema):
    """Something elsewhere in the service that the article is about."""

    kind = fields.String(required=True, metadata={"description": "`report`, `layer`, `feature`, `article` …"})
    id = fields.String(required=True)
    address = fields.String(required=True, metadata={"description": "From the root of the service."})


class ArticleOut(CardOut):
    """An article with everything in it."""

    example: ClassVar[dict[str, Any]] = CARD | {
        "html": "<p>Bring <strong>gloves</strong>.</p>",
        "pictures": [CARD["picture"]],
        "attachments": [ATTACHMENT],
        "links": [{"kind": "layer", "id": "parks", "address": "/api/v1/kozani/layers/parks/features"}],
    }

    html = fields.String(
        required=True,
        metadata={"description": "Safe: no scripts, styles, pictures or frames; links to be opened outside."},
    )
    pictures = fields.List(fields.Nested(PictureOut), required=True)
    attachments = fields.List(fields.Nested(AttachmentOut), required=True)
    links = fields.List(fields.Nested(ArticleLinkOut), required=True)


class HeadingOut(Schema):
    """A heading."""

    example: ClassVar[dict[str, Any]] = {"key": "environment", "name": "Environment"}

    key = fields.String(required=True)
    name = fields.String(required=True, metadata={"description": "In the language of the answer."})


class HeadingsOut(Schema):
    """The headings and the kinds, in their order."""

    example: ClassVar[dict[str, Any]] = {
        "categories": [HeadingOut.example],
        "kinds": [{"key": "news", "name": "News"}],
    }

    categories = fields.List(fields.Nested(HeadingOut), required=True)
    kinds = fields.List(fields.Nested(HeadingOut), required=True)


class TimeOut(Schema):
    """A time at which an event takes place, and how many people come."""

    example: ClassVar[dict[str, Any]] = TIME

    starts_at = fields.AwareDateTime(required=True)
    cancelled = fields.Boolean(required=True)
    capacity = fields.Integer(required=True, allow_none=True, metadata={"description": "Null: any number."})
    taken = fields.Integer(required=True)
    waiting = fields.Integer(required=True)


class TimesOut(Schema):
    """The times of an event that are still to come."""

    example: ClassVar[dict[str, Any]] = {"times": [TIME]}

    times = fields.List(fields.Nested(TimeOut), required=True)


class SignUpIn(Schema):
    """For which time, with how many people in all."""

    example: ClassVar[dict[str, Any]] = {"starts_at": "2026-12-05T08:00:00Z", "places": 2, "note": None}

    starts_at = fields.AwareDateTime(required=True, metadata={"description": "One of listEventTimes."})
    places = fields.Integer(
        load_default=1,
        strict=True,
        validate=validate.Range(1, MOST_PEOPLE),
        metadata={"description": "Oneself included."},
    )
    note = fields.String(
        load_default=None,
        allow_none=True,
        validate=[validate.Length(1, 500), Plain],
        metadata={"description": "What the organiser should know; only they see it."},
    )


class SignOffQuery(Schema):
    """For which time."""

    starts_at = fields.AwareDateTime(required=True, metadata={"description": "That of the sign-up."})


class SignUpOut(Schema):
    """What somebody signed up for."""

    example: ClassVar[dict[str, Any]] = {
        "article": CARD["id"],
        "title": CARD["title"],
        "starts_at": TIME["starts_at"],
        "state": "going",
        "places": 2,
        "note": None,
        "cancelled": False,
        "reason": None,
    }

    article = fields.UUID(required=True)
    title = fields.String(required=True)
    starts_at = fields.AwareDateTime(required=True)
    state = fields.String(required=True, metadata={"description": "`going`, or `waiting` for places."})
    places = fields.Integer(required=True)
    note = fields.String(required=True, allow_none=True)
    cancelled = fields.Boolean(required=True)
    reason = fields.String(required=True, allow_none=True, metadata={"description": "Why it was cancelled."})


class SignUpsOut(Schema):
    """Everything that somebody signed up for, first to last."""

    example: ClassVar[dict[str, Any]] = {"sign_ups": [SignUpOut.example]}

    sign_ups = fields.List(fields.Nested(SignUpOut), required=True)
