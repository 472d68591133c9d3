"""Articles in JSON, as the communications office writes and publishes them; the feeds that it reads."""

import re
from typing import Any, ClassVar

from flask_smorest.fields import Upload
from marshmallow import Schema, ValidationError, fields, validate
from werkzeug.datastructures import FileStorage

from service.http import PageQuery, following
from service.news.kinds import KINDS
from service.news.schemas import ATTACHMENT, CARD, TIME
from service.news.states import BY_PUBLISHERS, STATES
from service.people.schemas import Plain
from service.text import LANGUAGES

LONGEST_TITLE, LONGEST_SUMMARY, LONGEST_BODY = 300, 1_000, 50_000
MOST_TOPICS, MOST_PICTURES = 30, 20
MOST_NUMBER = 2**31 - 1
KEY_PATTERN = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
KEY = validate.Regexp(rf"\A{KEY_PATTERN.pattern}\Z", error="small letters, digits and hyphens")

WRITTEN: dict[str, Any] = {
    "main_language": "el",
    "title": {"el": "Δενδροφύτευση στο πάρκο", "en": "Planting trees in the park"},
    "summary": {"en": "Four hundred young trees wait for helping hands."},
    "body": {"el": "Φέρτε **γάντια**.", "en": "Bring **gloves**."},
    "facts": CARD["facts"] | {"place": {"name": {"el": "Πάρκο"}, "lon": 21.79, "lat": 40.3}},
    "categories": ["environment"],
    "districts": [],
    "links": [{"kind": "layer", "id": "parks"}],
    "pictures": [{"id": CARD["picture"]["id"], "alt": {"el": "Παιδιά με φτυάρια", "en": "Children with spades"}}],
    "attachments": [{"id": ATTACHMENT["id"], "title": {"el": "Πρόγραμμα", "en": "Programme"}}],
    "expires_at": None,
}
LINE: dict[str, Any] = {
    "id": CARD["id"],
    "kind": "event",
    "state": "draft",
    "title": WRITTEN["title"]["el"],
    "languages": ["el", "en"],
    "number": 1,
    "published_number": None,
    "pinned": False,
    "publish_at": None,
    "published_at": None,
    "expires_at": None,
    "changed_at": "2026-11-22T07:00:00Z",
    "imported": False,
    "origin": None,
}


def texts(longest: int, **options: Any) -> fields.Dict:
    """One text in several languages, each with something in it."""
    filled = validate.Regexp(r"\A[^\x00]*[^\s\x00][^\x00]*\Z", error="may not be empty or contain a null character")
    return fields.Dict(
        keys=fields.String(validate=validate.OneOf(LANGUAGES)),
        values=fields.String(validate=[validate.Length(1, longest), filled]),
        **options,
    )


def not_endless(value: Any) -> None:
    """Refuse endless facts."""
    if len(repr(value)) > 20_000:
        raise ValidationError("too long")


def is_file(part: Any) -> None:
    """Refuse a field of a multipart body where a file is needed."""
    if not isinstance(part, FileStorage):
        raise ValidationError("a file is needed")


class ArticleLinkIn(Schema):
    """Something elsewhere in the service."""

    example: ClassVar[dict[str, Any]] = {"kind": "layer", "id": "parks"}

    kind = fields.String(required=True, validate=[validate.Length(1, 32), Plain])
    id = fields.String(required=True, validate=[validate.Length(1, 512), Plain])


class PictureIn(Schema):
    """A picture of sendNewsPhoto, and what can be seen in it, in the main language at least."""

    example: ClassVar[dict[str, Any]] = {"id": CARD["picture"]["id"], "alt": {"el": "Παιδιά με φτυάρια"}}

    id = fields.UUID(required=True)
    alt = texts(500, required=True)


class AttachmentIn(Schema):
    """A document of sendNewsDocument, and what it is called, in the main language at least."""

    example: ClassVar[dict[str, Any]] = {"id": ATTACHMENT["id"], "title": {"el": "Πρόγραμμα", "en": "Programme"}}

    id = fields.UUID(required=True)
    title = texts(LONGEST_TITLE, required=True)


class WrittenIn(Schema):
    """What an article says: texts by language, facts of its kind, what it is filed under."""

    main_language = fields.String(
        required=True,
        validate=validate.OneOf(LANGUAGES),
        metadata={"description": "In which there is everything; shown to who reads none of the others."},
    )
    title = texts(LONGEST_TITLE, required=True)
    summary = texts(LONGEST_SUMMARY, load_default=dict)
    body = texts(LONGEST_BODY, required=True, metadata={"description": "Markdown (CommonMark with tables); no HTML."})
    facts = fields.Dict(
        load_default=dict,
        validate=not_endless,
        keys=fields.String(),
        metadata={"description": "By name, as chapter 17 of the guide lists them for each kind."},
    )
    categories = fields.List(fields.String(validate=KEY), load_default=list, validate=validate.Length(max=MOST_TOPICS))
    districts = fields.List(
        fields.String(validate=[validate.Length(1, 255), Plain]),
        load_default=list,
        validate=validate.Length(max=MOST_TOPICS),
        metadata={"description": "Keys of features of district layers; none: everywhere."},
    )
    links = fields.List(fields.Nested(ArticleLinkIn), load_default=list, validate=validate.Length(max=MOST_TOPICS))
    pictures = fields.List(fields.Nested(PictureIn), load_default=list, validate=validate.Length(max=MOST_PICTURES))
    attachments = fields.List(
        fields.Nested(AttachmentIn), load_default=list, validate=validate.Length(max=MOST_PICTURES)
    )
    expires_at = fields.AwareDateTime(
        load_default=None, allow_none=True, metadata={"description": "When readers see it no more by itself."}
    )


class ArticleIn(WrittenIn):
    """A new article."""

    example: ClassVar[dict[str, Any]] = {"kind": "event"} | WRITTEN

    id = fields.UUID(metadata={"description": "Made by the client, so that a retry makes no second one."})
    kind = fields.String(required=True, validate=validate.OneOf(tuple(KINDS)))


class RevisionIn(WrittenIn):
    """The article written anew, all of it."""

    example: ClassVar[dict[str, Any]] = {"seen": 1} | WRITTEN

    seen = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(1, MOST_NUMBER),
        metadata={"description": "The `number` that this goes on from."},
    )


class ArticleMoveIn(Schema):
    """What to do with an article."""

    example: ClassVar[dict[str, Any]] = {"action": "publish", "seen": 1}

    action = fields.String(required=True, validate=validate.OneOf(BY_PUBLISHERS))
    seen = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(1, MOST_NUMBER),
        metadata={"description": "The `number` that was looked at."},
    )
    at = fields.AwareDateTime(allow_none=True, metadata={"description": "When, to schedule it."})
    reason = fields.String(allow_none=True, validate=[validate.Length(1, 1000), Plain])
    tell = fields.Boolean(
        load_default=True, metadata={"description": "Whether who follows its topics is told in their inbox."}
    )


class HandInIn(Schema):
    """What is handed in, and what whoever publishes it should know."""

    example: ClassVar[dict[str, Any]] = {"seen": 1, "reason": "The date is confirmed."}

    seen = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(1, MOST_NUMBER),
        metadata={"description": "The `number` that was written."},
    )
    reason = fields.String(load_default=None, allow_none=True, validate=[validate.Length(1, 1000), Plain])


class StaffNewsQuery(PageQuery):
    """Which articles."""

    state = fields.String(validate=validate.OneOf(tuple(STATES)), metadata={"description": "In this state."})
    kind = fields.String(validate=validate.OneOf(tuple(KINDS)), metadata={"description": "Of this kind."})


class VersionQuery(Schema):
    """Which version; the newest one if left out."""

    number = fields.Integer(validate=validate.Range(1, MOST_NUMBER), metadata={"description": "Of the version."})


class DiffQuery(Schema):
    """From which version to which."""

    before = fields.Integer(
        required=True, validate=validate.Range(1, MOST_NUMBER), metadata={"description": "From this version."}
    )
    after = fields.Integer(
        required=True, validate=validate.Range(1, MOST_NUMBER), metadata={"description": "To this version."}
    )


class ArticleLineOut(Schema):
    """An article in the office's list."""

    example: ClassVar[dict[str, Any]] = LINE

    id = fields.UUID(required=True)
    kind = fields.String(required=True)
    state = fields.String(required=True, metadata={"description": "Of its newest version."})
    title = fields.String(required=True, metadata={"description": "In its main language."})
    languages = fields.List(fields.String(), required=True)
    number = fields.Integer(required=True, metadata={"description": "Of its newest version."})
    published_number = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Of the version that readers see."}
    )
    pinned = fields.Boolean(required=True)
    publish_at = fields.AwareDateTime(required=True, allow_none=True)
    published_at = fields.AwareDateTime(required=True, allow_none=True)
    expires_at = fields.AwareDateTime(required=True, allow_none=True)
    changed_at = fields.AwareDateTime(required=True)
    imported = fields.Boolean(required=True, metadata={"description": "A feed brought it, and changes it."})
    origin = fields.String(required=True, allow_none=True)


class ArticlesOut(Schema):
    """A page of articles, what changed last first."""

    example: ClassVar[dict[str, Any]] = {"articles": [LINE], "next": None}

    articles = fields.List(fields.Nested(ArticleLineOut), required=True)
    next = following()


class ArticleVersionOut(Schema):
    """A version in the history."""

    number = fields.Integer(required=True)
    created_at = fields.AwareDateTime(required=True)
    by_name = fields.String(
        required=True, allow_none=True, metadata={"description": "Null: a feed, or somebody who was erased."}
    )


class StaffArticleOut(ArticleLineOut):
    """An article with one version whole, its history, and what can be done."""

    example: ClassVar[dict[str, Any]] = LINE | {
        "reason": None,
        "version": 1,
        "format": "markdown",
        "written": WRITTEN,
        "versions": [{"number": 1, "created_at": LINE["changed_at"], "by_name": "Maria"}],
        "possible": ["submit", "publish", "schedule", "withdraw"],
    }

    reason = fields.String(required=True, allow_none=True, metadata={"description": "Of the last move."})
    version = fields.Integer(required=True, metadata={"description": "Which one `written` is."})
    format = fields.String(required=True, metadata={"description": "Of the body: `markdown`, of a feed `html`."})
    written = fields.Dict(required=True, metadata={"description": "As reviseArticle takes it."})
    versions = fields.List(fields.Nested(ArticleVersionOut), required=True)
    possible = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "`submit` is submitArticle, all else moveArticle."},
    )


class DiffLineOut(Schema):
    """A line of a body."""

    change = fields.String(required=True, metadata={"description": "`same`, `added` or `removed`."})
    text = fields.String(required=True)


class DifferenceOut(Schema):
    """A part that is not the same; of a body line by line."""

    where = fields.String(required=True, metadata={"description": "`title.el`, `facts.place`, `body.en` …"})
    before = fields.Raw(metadata={"description": "Null: it was not there."})
    after = fields.Raw(metadata={"description": "Null: it is not there."})
    lines = fields.List(fields.Nested(DiffLineOut))


class DiffOut(Schema):
    """What has changed from one version to another."""

    example: ClassVar[dict[str, Any]] = {
        "differences": [
            {"where": "title.en", "before": "Planting", "after": "Planting trees in the park"},
            {"where": "body.en", "lines": [{"change": "added", "text": "Bring **gloves**."}]},
        ]
    }

    differences = fields.List(fields.Nested(DifferenceOut), required=True)


class NewsPhotoIn(Schema):
    """A picture: JPEG, PNG, WebP, HEIC/HEIF or AVIF. What can be seen in it is said in the article."""

    photo = Upload(required=True, validate=is_file)


class NewsPhotoOut(Schema):
    """A picture that was taken in; without an article for a day it is deleted."""

    example: ClassVar[dict[str, Any]] = {"id": CARD["picture"]["id"], "width": 2048, "height": 1365}

    id = fields.UUID(required=True)
    width = fields.Integer(required=True)
    height = fields.Integer(required=True)


class NewsDocumentIn(Schema):
    """A document: PDF, DOCX, XLSX, PPTX, ODT, ODS or ODP, without macros. What it is called is said in the article."""

    document = Upload(required=True, validate=is_file)


class NewsDocumentOut(Schema):
    """A document that was taken in; without an article for a day it is deleted."""

    example: ClassVar[dict[str, Any]] = {name: ATTACHMENT[name] for name in ("id", "media_type", "bytes")}

    id = fields.UUID(required=True)
    media_type = fields.String(required=True, metadata={"description": "By its content."})
    bytes = fields.Integer(required=True)


class CancellationIn(Schema):
    """Which time is cancelled, or all that are still to come; who signed up is told the reason too."""

    example: ClassVar[dict[str, Any]] = {"starts_at": TIME["starts_at"], "reason": "A storm is coming."}

    starts_at = fields.AwareDateTime(load_default=None, allow_none=True)
    reason = fields.String(load_default=None, allow_none=True, validate=[validate.Length(1, 500), Plain])


class CancelledOut(Schema):
    """How many times were cancelled."""

    example: ClassVar[dict[str, Any]] = {"cancelled": 1}

    cancelled = fields.Integer(required=True)


class TimeQuery(Schema):
    """Which time."""

    starts_at = fields.AwareDateTime(required=True, metadata={"description": "One of listEventTimes."})


class ComingOut(Schema):
    """Somebody who comes, or waits; without a name."""

    state = fields.String(required=True)
    places = fields.Integer(required=True)
    note = fields.String(required=True, allow_none=True)
    created_at = fields.AwareDateTime(required=True)


class AttendanceOut(Schema):
    """Who signed up for a time, in their order."""

    example: ClassVar[dict[str, Any]] = {
        "sign_ups": [{"state": "going", "places": 2, "note": None, "created_at": "2026-11-23T08:00:00Z"}]
    }

    sign_ups = fields.List(fields.Nested(ComingOut), required=True)
