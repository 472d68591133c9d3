"""The notices of the office, in JSON."""

from typing import Any, ClassVar

from marshmallow import Schema, fields, validate

from service.http import PageQuery, following
from service.notices.office.states import MODES, STATES
from service.notices.office.wording import LONGEST_TITLE
from service.people.schemas import Plain
from service.text import LANGUAGES

LINKS = ("article", "report", "layer", "feature", "plan", "plan_element", "consultation")
PLATFORMS = ("android", "ios", "web")
TOPICS = ("news_kind", "news_category", "district", "layer", "plan", "plan_element", "consultation")
MOST_TOPICS, MOST_DISTRICTS = 50, 200
LONGEST_LIFE = 28 * 24
NO_WALL_TIME = "This is no time by the municipality's clock, without a zone, such as 2026-11-23T09:00:00."

TEXT = {"title": "Water is off in the centre", "body": "Until 14:00, between the square and the station."}
TEXTS = {
    "en": TEXT,
    "el": {"title": "Διακοπή νερού στο κέντρο", "body": "Έως τις 14:00, από την πλατεία ως τον σταθμό."},
}
AUDIENCE: dict[str, Any] = {
    "topics": [{"kind": "news_kind", "value": "announcement"}],
    "districts": [],
    "polygon": None,
    "languages": ["el", "en"],
    "platforms": [],
}
UID = "01a20027-6c0d-7e41-9a55-3d1be7a5c9f0"
OPEN = {"emergency": False, "subject": {"kind": "article", "id": UID}, "texts": TEXTS, "audience": AUDIENCE}


class NoticeLinkIn(Schema):
    """What a tap opens: the kind of thing, and its id."""

    kind = fields.String(required=True, validate=validate.OneOf(LINKS))
    id = fields.String(required=True, validate=[validate.Length(1, 255), Plain])


class NoticeTextIn(Schema):
    """One language's text."""

    title = fields.String(required=True, validate=[validate.Length(1, LONGEST_TITLE), Plain])
    body = fields.String(required=True, validate=[validate.Length(1, 4000), Plain])


class NoticeTextOut(NoticeTextIn):
    """One language's text."""


class NoticeTopicIn(Schema):
    """Something that people follow."""

    kind = fields.String(required=True, validate=validate.OneOf(TOPICS))
    value = fields.String(required=True, validate=[validate.Length(1, 255), Plain])


class NoticeAudienceIn(Schema):
    """For whom: an empty part restricts nothing; of a part one match is enough; all parts must match."""

    topics = fields.List(fields.Nested(NoticeTopicIn), load_default=list, validate=validate.Length(max=MOST_TOPICS))
    districts = fields.List(
        fields.String(validate=[validate.Length(1, 255), Plain]),
        load_default=list,
        validate=validate.Length(max=MOST_DISTRICTS),
        metadata={"description": "Keys of districts. Who lives there, or follows a circle that reaches there."},
    )
    polygon = fields.Dict(
        keys=fields.String(),
        load_default=None,
        allow_none=True,
        metadata={"description": "A GeoJSON Polygon or MultiPolygon, beside the districts."},
    )
    languages = fields.List(fields.String(validate=validate.OneOf(LANGUAGES)), load_default=list)
    platforms = fields.List(fields.String(validate=validate.OneOf(PLATFORMS)), load_default=list)


class NoticeAudienceOut(NoticeAudienceIn):
    """For whom."""


def texts_in(description: str = "Language → text.", **options: Any) -> fields.Dict:
    return fields.Dict(
        keys=fields.String(validate=validate.OneOf(LANGUAGES)),
        values=fields.Nested(NoticeTextIn),
        validate=validate.Length(min=1),
        metadata={"description": description},
        **(options or {"required": True}),
    )


class NoticeIn(Schema):
    """A notice as it is written."""

    example: ClassVar[dict[str, Any]] = OPEN | {"lasts_hours": 24, "send_at": "2026-11-23T09:00:00"}

    texts = texts_in(
        "Language → text; null or left out: title and summary of the article that is the `subject`.",
        load_default=None,
        allow_none=True,
    )
    emergency = fields.Boolean(
        load_default=False, metadata={"description": "It knows no quiet hours; a second person or a reason is needed."}
    )
    subject = fields.Nested(NoticeLinkIn, load_default=None, allow_none=True)
    audience = fields.Nested(NoticeAudienceIn, load_default=lambda: NoticeAudienceIn().load({}))
    lasts_hours = fields.Integer(
        load_default=72,
        validate=validate.Range(1, LONGEST_LIFE),
        metadata={"description": "After so many hours a device that was off is not told any more."},
    )
    send_at = fields.NaiveDateTime(
        load_default=None,
        allow_none=True,
        error_messages=dict.fromkeys(("invalid", "invalid_awareness"), NO_WALL_TIME),
        metadata={
            "description": "By the municipality's clock, without a zone; null: as soon as it may go.",
            "format": "",
            "examples": ["2026-11-23T09:00:00"],
        },
    )


class NoticeChangeIn(NoticeIn):
    """A notice as it is written anew. Of one that was sent before only its texts and its time change."""

    example: ClassVar[dict[str, Any]] = NoticeIn.example | {"version": 1}

    texts = texts_in()
    version = fields.Integer(required=True, metadata={"description": "The version that was seen."})


class NoticeVersionIn(Schema):
    """Which version somebody has seen and means."""

    example: ClassVar[dict[str, Any]] = {"version": 2}

    version = fields.Integer(required=True)


def reason_in(required: bool) -> fields.String:
    kept = {"required": True} if required else {"load_default": None, "allow_none": True}
    return fields.String(validate=[validate.Length(1, 500), Plain], **kept)


class NoticeSendIn(NoticeVersionIn):
    """Send what needs no second person; an emergency says why."""

    example: ClassVar[dict[str, Any]] = {"version": 2, "reason": None}

    reason = reason_in(False)


class NoticeReasonIn(Schema):
    """Why."""

    example: ClassVar[dict[str, Any]] = {"reason": "The street is wrong."}

    reason = reason_in(True)


class NoticeCancelIn(Schema):
    """Why, if one likes to say so."""

    example: ClassVar[dict[str, Any]] = {"reason": None}

    reason = reason_in(False)


class NoticeCorrectIn(NoticeReasonIn):
    """What replaces the text on phones, and why."""

    example: ClassVar[dict[str, Any]] = {"texts": TEXTS, "reason": "The time was wrong."}

    texts = texts_in()


class NoticeEditionOut(Schema):
    """One sending of a notice."""

    number = fields.Integer(required=True)
    mode = fields.String(required=True, validate=validate.OneOf(MODES))
    texts = fields.Dict(keys=fields.String(), values=fields.Nested(NoticeTextOut), required=True)
    reason = fields.String(required=True, allow_none=True)
    at = fields.AwareDateTime(required=True)


class NoticeOut(Schema):
    """A notice, and what was sent of it."""

    example: ClassVar[dict[str, Any]] = OPEN | {
        "id": UID,
        "state": "draft",
        "mode": "first",
        "version": 1,
        "edition": 0,
        "lasts_hours": 24,
        "send_at": "2026-11-23T07:00:00Z",
        "missing_languages": ["bg"],
        "second_person_needed": True,
        "reason": None,
        "sent_at": None,
        "created_at": "2026-11-22T09:30:00Z",
        "changed_at": "2026-11-22T09:30:00Z",
        "editions": [],
    }

    id = fields.UUID(required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    mode = fields.String(
        required=True,
        validate=validate.OneOf(MODES),
        metadata={"description": "What the next sending is, or the last was."},
    )
    version = fields.Integer(required=True)
    edition = fields.Integer(required=True, metadata={"description": "How often it was sent."})
    emergency = fields.Boolean(required=True)
    texts = fields.Dict(keys=fields.String(), values=fields.Nested(NoticeTextOut), required=True)
    subject = fields.Nested(NoticeLinkIn, required=True, allow_none=True)
    audience = fields.Nested(NoticeAudienceOut, required=True)
    lasts_hours = fields.Integer(required=True)
    send_at = fields.AwareDateTime(required=True, allow_none=True)
    missing_languages = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "Who speaks one of these reads the main language's text."},
    )
    second_person_needed = fields.Boolean(required=True)
    reason = fields.String(required=True, allow_none=True)
    sent_at = fields.AwareDateTime(required=True, allow_none=True)
    created_at = fields.AwareDateTime(required=True)
    changed_at = fields.AwareDateTime(required=True)
    editions = fields.List(fields.Nested(NoticeEditionOut), required=True)


class NoticesQuery(PageQuery):
    """Which notices, and how much."""

    state = fields.String(
        validate=validate.OneOf(STATES), metadata={"description": "Only those in this state.", "examples": ["sent"]}
    )


class NoticeRowOut(Schema):
    """A notice in the list."""

    example: ClassVar[dict[str, Any]] = {
        "id": UID,
        "state": "draft",
        "title": TEXT["title"],
        "emergency": False,
        "edition": 0,
        "version": 1,
        "send_at": None,
        "sent_at": None,
        "created_at": "2026-11-22T09:30:00Z",
    }

    id = fields.UUID(required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    title = fields.String(required=True)
    emergency = fields.Boolean(required=True)
    edition = fields.Integer(required=True)
    version = fields.Integer(required=True)
    send_at = fields.AwareDateTime(required=True, allow_none=True)
    sent_at = fields.AwareDateTime(required=True, allow_none=True)
    created_at = fields.AwareDateTime(required=True)


class NoticesOut(Schema):
    """A page of the notices, newest first."""

    example: ClassVar[dict[str, Any]] = {"notices": [NoticeRowOut.example], "next": None}

    notices = fields.List(fields.Nested(NoticeRowOut), required=True)
    next = following()


class NoticeCheckIn(Schema):
    """Texts as they are typed."""

    example: ClassVar[dict[str, Any]] = {"texts": TEXTS, "subject": None, "notice": None}

    texts = texts_in()
    subject = fields.Nested(NoticeLinkIn, load_default=None, allow_none=True)
    notice = fields.UUID(
        load_default=None, allow_none=True, metadata={"description": "Which is changed: it does not repeat itself."}
    )
